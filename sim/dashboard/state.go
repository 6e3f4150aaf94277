package dashboard

import (
	"slices"
	"time"

	"dske/sim"
	"dske/sim/fault"
)

// state is how the network is, in the order of its topology and without names, so that it stays small.
type state struct {
	Hubs    []bool         `json:"hubs"`             // which run
	Clients []bool         `json:"clients"`          // which run
	Levels  [][]int        `json:"levels,omitempty"` // bytes in the emptier pool of each association, by client; none: as before
	Faults  []fault.Status `json:"faults"`

	KeysMade      int64       `json:"keys_made"`
	KeysDelivered int64       `json:"keys_delivered"`
	MadeRate      float64     `json:"made_rate"` // keys per second, since the last state
	DeliveredRate float64     `json:"delivered_rate"`
	Making        percentiles `json:"making"`
	Fetching      percentiles `json:"fetching"`
}

// states makes the states for one page.
type states struct {
	network *sim.Network
	feed    *feed
	at      time.Time // of the last one
	last    state
	levels  [][]int
}

// next returns the state of now.
func (s *states) next() state {
	now := state{Faults: s.network.Faults()}
	var levels [][]int
	snapshot := s.network.Snapshot()
	for _, h := range snapshot.Hubs {
		now.Hubs = append(now.Hubs, h.Running)
	}
	for _, c := range snapshot.Clients {
		now.Clients = append(now.Clients, c.Running)
		now.KeysMade += c.KeysMade
		now.KeysDelivered += c.KeysDelivered
		levels = append(levels, append([]int{}, c.Levels...))
	}
	if !slices.EqualFunc(levels, s.levels, slices.Equal) {
		now.Levels, s.levels = levels, levels
	}
	now.Making, now.Fetching = s.feed.latencies()
	at := time.Now()
	if !s.at.IsZero() {
		seconds := at.Sub(s.at).Seconds()
		now.MadeRate = float64(now.KeysMade-s.last.KeysMade) / seconds
		now.DeliveredRate = float64(now.KeysDelivered-s.last.KeysDelivered) / seconds
	}
	s.at, s.last = at, now
	return now
}
