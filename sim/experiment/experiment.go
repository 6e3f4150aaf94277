// Package experiment answers questions about months: it runs a network under a load, with outages
// and couriers, in virtual time, for several seeds and for each point of a sweep, and reports the
// encryptors' view.
//
// An experiment comes from a YAML file by [Load]. Times are such as 90s or 30d, sizes such as
// 256KiB:
//
//	topology: {hubs: 5, clients: 20, threshold: 3}   # or a whole topology, or the name of its file
//	for: 365d
//	runs: 10                                         # seeds N, N+1, …
//	demand:
//	  - {between: random 20, every: 10m, arrivals: poisson, size: 256, fetch_after: 30m}
//	outages:                                         # exponential; mtbf is the mean time up
//	  hubs: {mtbf: 30d, mttr: 8h}                    # also clients, links, sites and liars
//	  crashes: {hubs: {mtbf: 90d}}                   # the node is back at once, but without its state
//	couriers: {every: 7d, size: 256KiB}              # instead of PSRD over the network
//	share_ttl: 24h
//	durable: true                                    # nodes keep their state through outages and crashes
//	latency: {lognormal: {median: 20ms, sigma: 0.5}} # between all nodes that no link of the topology joins
//	vary: {threshold: [2, 3, 4], outages.hubs.mttr: [1h, 8h, 3d]}
//
// Everything random has a stream of its own, derived from the seed and the names that it concerns.
// So two runs with the same seed give the same results to the byte, and the outages of a hub do not
// change when a client is added.
//
// The figures use the terms of ITU-T Y.3807 where it has one: availability, key supply response
// delay, delivery error ratio, service restoration time.
package experiment

import (
	"time"

	"dske/sim/topology"
)

// Experiment is the content of a file. Every point of its sweep is valid.
type Experiment struct {
	Name   string // name of the file
	Title  string // its first comment; may be empty
	Runs   int    // runs of each point, at least 1
	Varied []string
	Points []Point // at least one, in the order of the file
}

// Point is one point of a sweep: everything that a run needs except the seed.
type Point struct {
	Values   []string // varied values, in that order, as in the file
	Topology *topology.Topology
	For      time.Duration
	Demand   []Demand
	Outages  Outages
	ShareTTL time.Duration // 0: the default of nodes
	Durable  bool          // nodes keep their state through outages and crashes, on simulated disks
}

// Demand says which encryptors want keys, and how often.
type Demand struct {
	Random     int      // number of different random pairs of encryptors of different clients with enough hubs in common; 0: Between
	Between    []string // master and slave
	Every      time.Duration
	Arrivals   string        // Periodic, Poisson or OnOff
	On, Off    time.Duration // with OnOff: mean lengths of the periods
	Size       int           // bits
	FetchAfter time.Duration // how long the slave waits before it fetches a key
}

// How requests for keys arrive.
const (
	Periodic = "periodic" // at fixed intervals, starting at random in the first one
	Poisson  = "poisson"  // independently of each other, at the given mean interval
	OnOff    = "on-off"   // as Poisson, but only part of the time
)

// Outages says what fails. A nil member does not fail.
type Outages struct {
	Hubs, Clients, Links, Sites, Liars *Failure
	CrashedHubs, CrashedClients        *Failure
}

// Failure says how often something fails and comes back. Both times are exponential. The beginning
// is like any other time.
type Failure struct {
	MTBF time.Duration // mean time from coming back to failing
	MTTR time.Duration // mean time from failing to coming back; 0: none
}

// Unavailability returns the fraction of the time in which something is down.
func (f *Failure) Unavailability() float64 {
	if f == nil {
		return 0
	}
	return float64(f.MTTR) / float64(f.MTBF+f.MTTR)
}

// Label describes the point.
func (p *Point) Label(varied []string) string {
	text := ""
	for i, v := range p.Values {
		if i > 0 {
			text += " "
		}
		text += varied[i] + "=" + v
	}
	return text
}
