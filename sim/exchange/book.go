package exchange

import (
	"net/http"
	"slices"
	"sync"
	"time"

	"dske/node"
	"dske/sim"
	"dske/sim/wire"
)

const (
	maxKept     = 32  // exchanges; their values can be revealed and their ladders drawn
	maxRefusals = 200 // requests from outside that were refused
)

// Kept is an exchange that a network has made on request, or that encryptors outside have made.
type Kept struct {
	ID     string `json:"id"`             // among the last 32
	Origin string `json:"origin"`         // page or outside
	Twin   bool   `json:"twin,omitempty"` // made on a twin of the network
	*Exchange
}

// The origins of exchanges.
const (
	fromPage = "page"    // made on request
	outside  = "outside" // made by encryptors themselves
)

// Book keeps the last exchanges of a network with all their messages, and the last refused
// requests. Exchanges of encryptors are recorded only while somebody watches, see [Book.Watch];
// exchanges on request and refusals always.
type Book struct {
	network  *sim.Network
	watchers wire.Watchers[watcher]
	changing sync.Mutex // held while the first watcher comes or the last one goes
	stop     func()     // stops observing; nil: nobody watches

	mu       sync.Mutex
	kept     []Kept
	twins    []Kept                             // the last exchanges on twins
	opened   map[string]map[uint64]wire.Message // messages by exchange
	refusals []sim.Refusal
	liars    map[string][]string // hubs that clients have found to lie, by key ID, for recent keys
	sampler  sampler
}

// watcher is notified of messages, with their content, and of exchanges.
type watcher struct {
	message  func(wire.Event)
	exchange func(Kept)
}

// NewBook returns a book without exchanges.
func NewBook(n *sim.Network) *Book {
	b := &Book{network: n, opened: map[string]map[uint64]wire.Message{}, liars: map[string][]string{}}
	b.sampler = newSampler(b)
	n.ObserveRefusals(b.refused)
	return b
}

// Kept returns the exchanges that are kept, oldest first, without their ladders.
func (b *Book) Kept() []Kept {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := make([]Kept, len(b.kept))
	for i, k := range b.kept {
		list[i] = k.told()
	}
	return list
}

// told returns an exchange as watchers get it: without its ladder, which can be requested.
func (k Kept) told() Kept {
	x := *k.Exchange
	x.Ladder.Messages = nil
	k.Exchange = &x
	return k
}

// Refusals returns the events of the last refused requests, oldest first.
func (b *Book) Refusals() []wire.Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	events := make([]wire.Event, len(b.refusals))
	for i, r := range b.refusals {
		events[i] = r.Event
	}
	return events
}

func (b *Book) refused(r sim.Refusal) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refusals = append(b.refusals, r)
	b.refusals = b.refusals[max(0, len(b.refusals)-maxRefusals):]
}

// keep adds an exchange with its messages, and notifies the watchers.
func (b *Book) keep(x *Exchange, origin string, messages []wire.Message) Kept {
	k := Kept{ID: b.network.Text("exchange"), Origin: origin, Exchange: x}
	b.mu.Lock()
	b.put(k, messages)
	b.mu.Unlock()
	b.tell(k)
	return k
}

// put replaces an earlier version of an exchange, or appends it. The caller holds b.mu.
func (b *Book) put(k Kept, messages []wire.Message) {
	for i, e := range k.Events {
		about := *e.About
		about.Exchange = k.ID
		k.Events[i].About = &about
	}
	if i := slices.IndexFunc(b.kept, func(other Kept) bool { return other.ID == k.ID }); i >= 0 {
		b.kept[i] = k
	} else {
		b.kept = append(b.kept, k)
	}
	b.opened[k.ID] = byNumber(k.Events, messages)
	for len(b.kept) > maxKept {
		b.drop(0)
	}
}

// drop forgets an exchange. The caller holds b.mu.
func (b *Book) drop(i int) {
	delete(b.opened, b.kept[i].ID)
	b.kept = slices.Delete(b.kept, i, i+1)
}

// byNumber returns the messages of the events.
func byNumber(events []wire.Event, messages []wire.Message) map[uint64]wire.Message {
	found := map[uint64]wire.Message{}
	for _, m := range messages {
		if slices.ContainsFunc(events, func(e wire.Event) bool { return e.Number == m.Number }) {
			found[m.Number] = m
		}
	}
	return found
}

func (b *Book) tell(k Kept) {
	for _, w := range b.watchers.All() {
		(*w).exchange(k.told())
	}
}

// maxTwins is how many exchanges on twins are kept.
const maxTwins = 8

// KeepTwin keeps an exchange that was made on a twin of the network, separate from the others, and
// returns its ID.
func (b *Book) KeepTwin(x *Exchange) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := Kept{ID: b.network.Text("exchange"), Origin: fromPage, Twin: true, Exchange: x}
	b.twins = append(b.twins, k)
	b.twins = b.twins[max(0, len(b.twins)-maxTwins):]
	return k.ID
}

// Find returns a kept exchange.
func (b *Book) Find(id string) (Kept, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := slices.Concat(b.kept, b.twins)
	i := slices.IndexFunc(all, func(x Kept) bool { return x.ID == id })
	if i < 0 {
		return Kept{}, &node.Error{Status: http.StatusNotFound, Message: "No such exchange, or one that is too long ago.", Details: map[string]any{"id": id}}
	}
	return all[i], nil
}

// Watch calls message for every message, and exchange for every new exchange and whenever more is
// known of one, until cancel is called. Both are called from many goroutines, and the senders wait
// for them. While somebody watches, messages are parsed: all of them, up to a few hundred per
// second.
func (b *Book) Watch(message func(wire.Event), exchange func(Kept)) (cancel func()) {
	b.changing.Lock()
	defer b.changing.Unlock()
	remove := b.watchers.Add(watcher{message, exchange})
	if b.stop == nil {
		b.stop = b.observe()
	}
	return func() {
		b.changing.Lock()
		defer b.changing.Unlock()
		remove()
		if !b.watchers.Any() {
			b.stop()
			b.stop = nil
		}
	}
}

func (b *Book) observe() (stop func()) {
	ends := []func(){b.network.Wire().Observe(b.observed), b.network.ObserveFindings(b.found), b.sampler.stop}
	b.sampler.begin()
	ends = append(ends, b.network.Follow())
	return func() {
		for _, end := range ends {
			end()
		}
	}
}

// maxFindings is the number of keys for which the liars are remembered.
const maxFindings = 1000

// found records who has lied. Usually the client finds out just after the last share came.
func (b *Book) found(f sim.Finding) {
	b.mu.Lock()
	if len(b.liars) >= maxFindings {
		clear(b.liars)
	}
	b.liars[f.KeyID] = append(b.liars[f.KeyID], f.Hubs...)
	var changed []Kept
	if t := b.sampler.trails[f.KeyID]; t != nil && t.kept != nil {
		changed = b.keepTrail(t)
	}
	b.mu.Unlock()
	for _, k := range changed {
		b.tell(k)
	}
}

// observed reports a message, with what the sampler has seen in it.
func (b *Book) observed(e wire.Event) {
	b.mu.Lock()
	e, changed := b.sampler.observed(e)
	isBlind := b.sampler.untap == nil && time.Since(b.sampler.since) >= period
	b.mu.Unlock()
	if isBlind {
		b.sampler.again()
	}
	for _, w := range b.watchers.All() {
		(*w).message(e)
	}
	for _, k := range changed {
		b.tell(k)
	}
}
