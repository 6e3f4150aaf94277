package dashboard

import (
	"fmt"
	"strings"
	"time"

	"dske/sim"
	"dske/sim/fault"
)

// state is how the network is, in the order of its topology and without names, so that it stays
// small.
type state struct {
	Hubs      string         `json:"hubs"`      // a digit for each: 0 stopped, 1 running
	Clients   string         `json:"clients"`   // 0 stopped, 1 running, 2 ready
	Lies      []string       `json:"lies"`      // hubs
	Forgotten map[string]int `json:"forgotten"` // how many clients a hub has forgotten
	Faults    []fault.Status `json:"faults"`

	Median        int         `json:"median"` // bytes in the emptier pool of an association
	Lowest        int         `json:"lowest"`
	KeysMade      int64       `json:"keys_made"`
	KeysDelivered int64       `json:"keys_delivered"`
	Lasts         float64     `json:"lasts"`     // seconds after which the first client has an empty pool, if nobody fills it; 0: PSRD was not used
	MadeRate      float64     `json:"made_rate"` // keys per second, since the last state
	DeliveredRate float64     `json:"delivered_rate"`
	Making        percentiles `json:"making"`
	Fetching      percentiles `json:"fetching"`
}

// states makes the states for one page.
type states struct {
	dashboard *dashboard
	feed      *feed
	matrix    *matrix
	at        time.Time // of the last one
	last      state
	levels    levels
}

// next returns the state of now, and its levels; nil: as before.
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

// minRate is the shortest time that a rate is computed over, in seconds.
const minRate = .9

// rate computes the rates since the last state that had some.
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

// signs is what a page wants to know at once: who runs, who lies, which faults there are.
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

// introductionOf is what a page has to know before anything else.
func (d *dashboard) introductionOf(o sim.Overview, isViewer bool) introduction {
	return introduction{o, d.id, isViewer, fault.Help()}
}
