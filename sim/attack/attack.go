// Package attack is an attacker on a running network. It says what he knows: which shares of a key,
// how many more he needs, and the key itself once he has enough. [adversary.Adversary] computes his
// knowledge, from the messages on the wire and from the secrets of the hubs that he has broken
// into. Nothing is assumed.
//
// Attacks that need a victim, and those on other suites, run on a twin in memory: the hubs and the
// two clients of an exchange, and a client of the attacker's. A verdict is what has happened there.
package attack

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"

	"github.com/google/uuid"

	"dske/node"
	"dske/protocol"
	"dske/sim"
	"dske/sim/adversary"
	"dske/sim/exchange"
)

// Owns says what the attacker controls.
type Owns struct {
	Links  string   `json:"links"`  // links between the nodes: he is absent (none), listens (listen), or also changes messages (act)
	Hubs   []string `json:"hubs"`   // hubs that he has broken into
	Client bool     `json:"client"` // he has a client of his own, which the hubs serve like any other
}

// What the attacker does on the links.
const (
	none   = "none"
	listen = "listen"
	act    = "act"
)

func (o Owns) isNothing() bool { return o.Links == none && len(o.Hubs) == 0 && !o.Client }

// Attack is the attacker of one network.
type Attack struct {
	network *sim.Network
	book    *exchange.Book

	mu        sync.Mutex
	owns      Owns
	adversary *adversary.Adversary // nil: he owns nothing
	untap     func()
	watchers  map[chan struct{}]bool

	trying chan struct{}       // one slot, taken while a twin runs
	tried  map[string]*verdict // last verdicts by suite; guarded by trying
}

// New returns an attacker who owns nothing.
func New(n *sim.Network, book *exchange.Book) *Attack {
	return &Attack{network: n, book: book, owns: Owns{Links: none, Hubs: []string{}}, watchers: map[chan struct{}]bool{}, trying: make(chan struct{}, 1), tried: map[string]*verdict{}}
}

// Owns returns what the attacker controls.
func (a *Attack) Owns() Owns {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.owns
}

// Set sets what the attacker controls. If something is taken from him, he forgets everything and
// starts anew, since he may have learnt something through it.
func (a *Attack) Set(owns Owns) error {
	if !slices.Contains([]string{none, listen, act}, owns.Links) {
		return refusal("links is none, listen or act", owns.Links)
	}
	owns.Hubs = slices.Compact(slices.AppendSeq([]string{}, slices.Values(slices.Sorted(slices.Values(owns.Hubs)))))
	known := a.network.Overview().Nodes()
	for _, hub := range owns.Hubs {
		if !slices.Contains(known, "hub/"+hub) {
			return refusal("there is no such hub", hub)
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	defer a.tell()
	return a.set(owns)
}

func refusal(reason, value string) error {
	return &node.Error{Status: http.StatusBadRequest, Message: "No such attack.", Details: map[string]any{"reason": fmt.Sprintf("%s: %q", reason, value)}}
}

// set is Set with a.mu held.
func (a *Attack) set(owns Owns) error {
	isLess := owns.Links == none && a.owns.Links != none || slices.ContainsFunc(a.owns.Hubs, func(hub string) bool { return !slices.Contains(owns.Hubs, hub) })
	if a.untap != nil && (isLess || owns.isNothing()) {
		a.untap()
		a.adversary, a.untap, a.owns.Hubs = nil, nil, nil
	}
	before := a.owns.Hubs
	a.owns = owns
	a.network.SetBrokenInto(owns.Hubs)
	if owns.isNothing() {
		return nil
	}
	if a.adversary == nil {
		o := a.network.Overview()
		suite, err := protocol.SuiteNamed(o.Suite)
		if err != nil {
			return err
		}
		a.adversary = adversary.New(suite, o.Threshold)
		a.untap = a.network.Wire().Tap(a.adversary.Tap)
	}
	for _, hub := range owns.Hubs {
		if !slices.Contains(before, hub) {
			breakInto(a.network, a.adversary, hub)
		}
	}
	return nil
}

// breakInto adds the secrets of a hub. A stopped hub has none, and yields what it gets from then
// on.
func breakInto(n *sim.Network, a *adversary.Adversary, hub string) {
	a.Compromise(hub, nil, nil) // so that no block that comes meanwhile is missed
	if leak, err := n.Leak("hub/" + hub); err == nil {
		a.Compromise(hub, leak.Blocks, leak.Shares)
	}
}

// Watch returns a channel that receives a value when what the attacker controls has changed, until
// cancel is called.
func (a *Attack) Watch() (changed <-chan struct{}, cancel func()) {
	c := make(chan struct{}, 1)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.watchers[c] = true
	return c, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.watchers, c)
	}
}

// tell notifies the watchers. The caller holds a.mu.
func (a *Attack) tell() {
	for c := range a.watchers {
		select {
		case c <- struct{}{}:
		default: // a notification is pending
		}
	}
}

// Share is a share that the attacker knows.
type Share struct {
	Number    int    `json:"number"`
	Hub       string `json:"hub"`
	KnownFrom uint64 `json:"known_from,omitempty"` // number of the message that brought it to the hub
}

// Knowledge is what the attacker knows of a key.
type Knowledge struct {
	Owns
	Shares      []Share   `json:"shares"`
	Threshold   int       `json:"threshold"`
	Recovered   bool      `json:"recovered"`
	Fingerprint string    `json:"fingerprint,omitempty"` // of the key that he has computed
	Suites      []Verdict `json:"suites"`
}

// Verdict is what an attack achieves in one of the suites.
type Verdict struct {
	Suite    string `json:"suite"`
	Here     bool   `json:"here"` // it is the suite of this network
	Verdict  string `json:"verdict"`
	Reason   string `json:"reason"`
	Exchange string `json:"exchange,omitempty"` // ID of the exchange on the twin, which can be shown
}

// Of returns what the attacker knows of the key of an exchange, or of no key if id is empty.
func (a *Attack) Of(ctx context.Context, id string) (Knowledge, error) {
	o := a.network.Overview()
	a.mu.Lock()
	owns, adversary := a.owns, a.adversary
	a.mu.Unlock()
	k := Knowledge{Owns: owns, Shares: []Share{}, Threshold: o.Threshold}
	pair, err := a.pairOf(o, id)
	if err != nil {
		return k, err
	}
	if pair.exchange != nil && !pair.exchange.Twin {
		k.learn(adversary, pair.exchange.Exchange)
	}
	for _, suite := range protocol.Suites {
		v, err := a.judge(ctx, owns, pair, suite)
		if err != nil {
			return k, err
		}
		v.Here = suite.Name() == o.Suite
		k.Suites = append(k.Suites, v)
	}
	slices.SortStableFunc(k.Suites, func(a, b Verdict) int { return cmp.Compare(b.rank(), a.rank()) })
	return k, nil
}

// rank sorts the suite of the network first.
func (v Verdict) rank() int {
	if v.Here {
		return 1
	}
	return 0
}

// learn adds the adversary's knowledge of the key of an exchange.
func (k *Knowledge) learn(a *adversary.Adversary, x *exchange.Exchange) {
	key, err := uuid.Parse(x.Master.KeyID)
	if a == nil || err != nil {
		return
	}
	known := a.Known(key)
	for _, h := range x.Hubs {
		if slices.Contains(known, h.Name) {
			k.Shares = append(k.Shares, Share{h.Number, h.Name, broughtBy(x, h.Name)})
		}
	}
	if result := a.Attack(key); result.Recovered() {
		k.Recovered, k.Fingerprint = true, exchange.Fingerprint(result.Key.Reveal())
	}
}

// broughtBy returns the number of the message that brought a hub its share.
func broughtBy(x *exchange.Exchange, hub string) uint64 {
	for _, e := range x.Events {
		if e.To == "hub/"+hub && e.Kind == "share" && e.Status == http.StatusOK {
			return e.Number
		}
	}
	return 0
}
