package dashboard

import (
	"fmt"
	"strings"
	"time"

	"dske/sim"
	"dske/sim/fault"
)

// state is the state of the network, in the order of its topology and without names, to keep it
// small.
type state struct {
	Hubs      string         `json:"hubs"`      // a digit per hub: 0 stopped, 1 running
	Clients   string         `json:"clients"`   // a digit per client: 0 stopped, 1 running, 2 ready
	Lies      []string       `json:"lies"`      // hubs that lie
	Forgotten map[string]int `json:"forgotten"` // number of clients that a hub has forgotten
	Faults    []fault.Status `json:"faults"`

	Median        int         `json:"median"` // bytes in the emptier pool of an association
	Lowest        int         `json:"lowest"`
	KeysMade      int64       `json:"keys_made"`
	KeysDelivered int64       `json:"keys_delivered"`
	Lasts         float64     `json:"lasts"`     // seconds until a pool of a client runs dry, if nobody fills it; 0: no PSRD was used
	MadeRate      float64     `json:"made_rate"` // keys per second, since the last state
	DeliveredRate float64     `json:"delivered_rate"`
	Making        percentiles `json:"making"`
	Fetching      percentiles `json:"fetching"`
}

// states computes the states for one page.
type states struct {
	dashboard *dashboard
	feed      *feed
	matrix    *matrix
	at        time.Time // time of the last state
	last      state
	levels    levels
}

// next returns the current state, and its levels, or nil if they have not changed.
func (s *states) next() (state, *levels) {
	snapshot := s.dashboard.now()
	now := state{Faults: s.dashboard.network.Faults(), Lies: []string{}, Forgotten: forgotten(snapshot)}
	hubs, clients := make([]byte, len(snapshot.Hubs)), make([]byte, len(snapshot.Clients))
	for i, h := range snapshot.Hubs {
		hubs[i] = digit(h.Running, false)
		if h.Lies {
			now.Lies = append(now.Lies, h.Name)
		}
	}
	for i, c := range snapshot.Clients {
		clients[i] = digit(c.Running, c.Ready)
		now.KeysMade += c.KeysMade
		now.KeysDelivered += c.KeysDelivered
		if lasts := s.dashboard.network.Lasts(c).Seconds(); lasts > 0 && (now.Lasts == 0 || lasts < now.Lasts) {
			now.Lasts = lasts
		}
	}
	now.Hubs, now.Clients = string(hubs), string(clients)
	changed, all := s.matrix.next(snapshot, s.feed.couriers())
	if len(all) > 0 {
		now.Lowest, now.Median = all[0], all[len(all)/2]
	}
	now.Making, now.Fetching = s.feed.latencies()
	s.rate(&now)
	if changed.same(s.levels) {
		return now, nil
	}
	s.levels = changed
	return now, &changed
}

func digit(isRunning, isReady bool) byte {
	switch {
	case isReady:
		return '2'
	case isRunning:
		return '1'
	}
	return '0'
}

// minRate is the shortest period over which a rate is computed, in seconds.
const minRate = .9

// rate computes the rates since the last state with rates.
func (s *states) rate(now *state) {
	at := time.Now()
	seconds := at.Sub(s.at).Seconds()
	if !s.at.IsZero() && seconds < minRate {
		now.MadeRate, now.DeliveredRate = s.last.MadeRate, s.last.DeliveredRate
		return
	}
	if !s.at.IsZero() {
		now.MadeRate = float64(now.KeysMade-s.last.KeysMade) / seconds
		now.DeliveredRate = float64(now.KeysDelivered-s.last.KeysDelivered) / seconds
	}
	s.at, s.last = at, *now
}

// signs returns what a page must show at once: running nodes, liars, and faults.
func (d *dashboard) signs() string {
	var all strings.Builder
	for _, h := range d.network.HubStates() {
		fmt.Fprint(&all, h.Running, h.Lies)
	}
	for _, f := range d.network.Faults() {
		all.WriteString(f.ID + " ")
	}
	ready, _ := d.network.Ready()
	fmt.Fprint(&all, ready)
	return all.String()
}

// introductionOf returns what a page must know first.
func (d *dashboard) introductionOf(o sim.Overview, isViewer bool) introduction {
	return introduction{o, d.id, isViewer, fault.Help()}
}
