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
	Waiting  = "waiting"  // the key was made, but nobody has asked for it yet
	TooFew   = "too_few"  // too few shares were placed, or came back
	NoFit    = "no_fit"   // no set of the shares that came back fits
	Replaced = "replaced" // the slave has another key, and does not know
	Refused  = "refused"  // refused before a share was sent
	Unseen   = "unseen"   // fetched while messages were not examined; no longer kept
)

// The states of a hub in an exchange.
const (
	stateRunning = "running"
	stateStopped = "stopped"
	stateLies    = "lies"
	stateForgot  = "forgot" // has forgotten a client that was registered
)

// Hub is a hub's part in an exchange.
type Hub struct {
	Name    string `json:"name"`
	Number  int    `json:"number"` // number of its share, from 1; 0: no share was sent to it
	State   string `json:"state"`
	Forgot  string `json:"forgot,omitempty"`  // the client that it has forgotten
	Placed  bool   `json:"placed"`            // it has taken its share
	Arrived int    `json:"arrived"`           // position in the order of arrival, from 1; 0: the slave's client did not get its share
	Fits    *bool  `json:"fits"`              // nil: unknown to the client
	Refused bool   `json:"refused,omitempty"` // a changed answer of this hub was refused, before the true one came
}

// Outcome is how an exchange ended.
type Outcome struct {
	Kind   string       `json:"kind"`
	Used   []int        `json:"used,omitempty"`   // numbers of the shares that gave the key
	Liars  []string     `json:"liars,omitempty"`  // hubs that the slave's client has found to lie
	Reason *wire.Reason `json:"reason,omitempty"` // why there is no key
}

// recorded is the input of [Exchange.conclude].
type recorded struct {
	threshold int
	suite     string
	hubs      []string            // hubs of either client, in the order of the topology
	state     func(string) string // state of a hub
	events    []wire.Event
	liars     []string // hubs that the client has found to lie
	isAsked   bool     // the slave has asked for the key
	reason    *wire.Reason
}

// conclude sets the hubs and the outcome of an exchange from the record.
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

// hubsOf returns the part of each hub.
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

// take adds the information in a message to the hub.
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

// judge determines which shares gave the key: the first to arrive of those that fit.
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

// statesOf returns the current states of the hubs.
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
