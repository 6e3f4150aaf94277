// Package experiment answers questions about months: it runs a network under a load, with outages
// and couriers, in virtual time, for several seeds and for each point of a sweep, and reports what
// its encryptors saw.
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
//	  crashes: {hubs: {mtbf: 90d}}                   # a crash is over at once, and state is lost
//	couriers: {every: 7d, size: 256KiB}              # instead of PSRD over the network
//	share_ttl: 24h
//	durable: true                                    # nodes keep their state over outages and crashes
//	latency: {lognormal: {median: 20ms, sigma: 0.5}} # between all nodes that no link of the topology joins
//	vary: {threshold: [2, 3, 4], outages.hubs.mttr: [1h, 8h, 3d]}
//
// Everything that is drawn has a stream of its own, by the seed and the names of those that it is
// for. So two runs with the same seed give the same results to the byte, and the outages of a hub
// do not change when there is another client.
//
// The figures have the names of ITU-T Y.3807 where it has one: availability, key supply response
// delay, delivery error ratio, service restoration time.
package experiment

import (
	"time"

	"dske/sim/topology"
)

// Experiment is what a file describes. Every point of its sweep is valid.
type Experiment struct {
	Name   string // of the file
	Title  string // its first comment; may be empty
	Runs   int    // of each point, at least 1
	Varied []string
	Points []Point // at least one, in the order of the file
}

// Point is one point of a sweep: everything that a run needs but the seed.
type Point struct {
	Values   []string // of what is varied, in that order, as they stand in the file
	Topology *topology.Topology
	For      time.Duration
	Demand   []Demand
	Outages  Outages
	ShareTTL time.Duration // 0: the default of nodes
	Durable  bool          // nodes keep their state over outages and crashes, on simulated disks
}

// Demand is keys that encryptors want.
type Demand struct {
	Random     int      // so many pairs of encryptors of different clients with enough hubs in common, each once; 0: Between
	Between    []string // master and slave
	Every      time.Duration
	Arrivals   string        // Periodic, Poisson or OnOff
	On, Off    time.Duration // with OnOff: how long they are, on average
	Size       int           // bits
	FetchAfter time.Duration // how long the slave waits before it fetches a key
}

// How requests for keys come.
const (
	Periodic = "periodic" // every so often, beginning somewhere in the first interval
	Poisson  = "poisson"  // independently of each other, so often on average
	OnOff    = "on-off"   // as Poisson, but only part of the time
)

// Outages says what fails. A nil one does not.
type Outages struct {
	Hubs, Clients, Links, Sites, Liars *Failure
	CrashedHubs, CrashedClients        *Failure
}

// Failure is how something fails and comes back, again and again. Both times are exponential. At
// the beginning it is as it would be at any other time.
type Failure struct {
	MTBF time.Duration // mean time from coming back to failing
	MTTR time.Duration // mean time from failing to coming back; 0: none
}

// Unavailability returns the share of the time in which something is down.
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
