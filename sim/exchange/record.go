package exchange

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"dske/sim"
	"dske/sim/wire"
)

// The ways in which an exchange can end.
const (
	Made     = "made"
	Waiting  = "waiting"  // the key was made, and nobody has asked for it yet
	TooFew   = "too_few"  // shares found a place, or came back
	NoFit    = "no_fit"   // among the shares that came back
	Replaced = "replaced" // the slave has another key, and does not know
	Refused  = "refused"  // before a share was on its way
	Unseen   = "unseen"   // it was fetched while nobody could look at every message; it is kept no longer
)

// The states of a hub in an exchange.
const (
	stateRunning = "running"
	stateStopped = "stopped"
	stateLies    = "lies"
	stateForgot  = "forgot" // a client that was registered
)

// Hub is what a hub had to do with an exchange.
type Hub struct {
	Name    string `json:"name"`
	Number  int    `json:"number"` // of its share, from 1; 0: none was on its way to it
	State   string `json:"state"`
	Forgot  string `json:"forgot,omitempty"`  // the client that it has forgotten
	Placed  bool   `json:"placed"`            // it has taken its share
	Arrived int    `json:"arrived"`           // in the order of arrival, from 1; 0: the slave's client did not get it
	Fits    *bool  `json:"fits"`              // nil: the client cannot know
	Refused bool   `json:"refused,omitempty"` // a changed answer of this hub was refused, before the true one came
}

// Outcome is how an exchange ended.
type Outcome struct {
	Kind   string       `json:"kind"`
	Used   []int        `json:"used,omitempty"`   // numbers of the shares that gave the key
	Liars  []string     `json:"liars,omitempty"`  // hubs that the slave's client has found out
	Reason *wire.Reason `json:"reason,omitempty"` // why there is no key
}

// recorded is what an exchange is concluded from.
type recorded struct {
	threshold int
	suite     string
	hubs      []string            // of either client, in the order of the topology
	state     func(string) string // of a hub
	events    []wire.Event
	liars     []string // that the client has found out
	isAsked   bool     // the slave has asked for the key
	reason    *wire.Reason
}

// conclude makes of what was recorded what can be told of it.
func (x *Exchange) conclude(r recorded) {
	slices.SortStableFunc(r.events, func(a, b wire.Event) int { return a.Start.Compare(b.Start) })
	x.Threshold, x.Suite, x.Events = r.threshold, r.suite, r.events
	x.Hubs = hubsOf(r)
	x.Outcome = Outcome{Kind: x.kind(r)}
	if x.Outcome.Kind != Made && x.Outcome.Kind != Replaced && x.Outcome.Kind != Waiting {
		x.Outcome.Reason = r.reason
	}
	if x.Outcome.Kind == Made {
		x.judge(r.liars)
	}
}

// hubsOf returns what each hub did.
func hubsOf(r recorded) []Hub {
	hubs := make([]Hub, len(r.hubs))
	type arrival struct {
		hub int
		at  time.Time
	}
	var arrivals []arrival
	for i, name := range r.hubs {
		h := &hubs[i]
		h.Name, h.State = name, r.state(name)
		for _, e := range r.events {
			if e.To != "hub/"+name || e.About == nil {
				continue
			}
			h.take(e)
			if e.Kind == wire.KindFetch && e.Status == http.StatusOK {
				arrivals = append(arrivals, arrival{i, e.Start.Add(e.Duration)})
			}
		}
	}
	slices.SortStableFunc(arrivals, func(a, b arrival) int { return a.at.Compare(b.at) })
	for i, a := range arrivals {
		hubs[a.hub].Arrived = cmp.Or(hubs[a.hub].Arrived, i+1)
	}
	return hubs
}

// take adds what a message to the hub says of it.
func (h *Hub) take(e wire.Event) {
	switch {
	case e.Kind == wire.KindShare:
		h.Number = cmp.Or(e.Share, h.Number)
		h.Placed = h.Placed || e.Status == http.StatusOK
	case e.Kind == wire.KindFetch:
		h.Number = cmp.Or(h.Number, e.Share)
	}
	if e.Status == http.StatusForbidden && h.State == stateRunning {
		h.State, h.Forgot = stateForgot, bare(e.From)
	}
}

func (x *Exchange) kind(r recorded) string {
	placed, arrived, tried := 0, 0, false
	for _, h := range x.Hubs {
		tried = tried || h.Number > 0
		if h.Placed {
			placed++
		}
		if h.Arrived > 0 {
			arrived++
		}
	}
	switch {
	case x.Master.KeyID != "" && x.Slave.KeyID != "" && x.Master.Fingerprint != x.Slave.Fingerprint:
		return Replaced
	case x.Slave.KeyID != "":
		return Made
	case x.Master.KeyID == "" && tried:
		return TooFew
	case x.Master.KeyID == "":
		return Refused
	case !r.isAsked:
		return Waiting
	case arrived >= r.threshold:
		return NoFit
	case !slices.ContainsFunc(r.events, func(e wire.Event) bool { return e.Kind == wire.KindFetch }):
		return Refused
	case arrived == 0 && r.reason != nil && r.reason.Code != http.StatusServiceUnavailable:
		return Refused
	}
	return TooFew
}

// judge says which shares gave the key: the first that came of those that fit.
func (x *Exchange) judge(liars []string) {
	order := []*Hub{}
	for i := range x.Hubs {
		if h := &x.Hubs[i]; h.Arrived > 0 {
			order = append(order, h)
			h.Fits = new(!slices.Contains(liars, h.Name))
		}
	}
	slices.SortFunc(order, func(a, b *Hub) int { return cmp.Compare(a.Arrived, b.Arrived) })
	for _, h := range order {
		switch {
		case !*h.Fits:
			x.Outcome.Liars = append(x.Outcome.Liars, h.Name)
		case len(x.Outcome.Used) < x.Threshold:
			x.Outcome.Used = append(x.Outcome.Used, h.Number)
		}
	}
	slices.Sort(x.Outcome.Liars)
}

// statesOf returns the states of hubs as they are now.
func statesOf(n *sim.Network) func(string) string {
	states := map[string]string{}
	for _, h := range n.HubStates() {
		switch {
		case !h.Running:
			states[h.Name] = stateStopped
		case h.Lies:
			states[h.Name] = stateLies
		}
	}
	return func(name string) string { return cmp.Or(states[name], stateRunning) }
}
