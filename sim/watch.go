package sim

import (
	"slices"
	"sync"
	"sync/atomic"

	"dske/sim/fault"
)

// How closely messages are looked at.
const (
	nobody    = iota // they just pass
	onlookers        // it is told that they passed
	insiders         // they are taken apart, for a tap or a fault
)

// wire is what is between the nodes: faults, and those who watch.
type wire struct {
	attention atomic.Int32
	messages  atomic.Uint64 // that somebody has watched
	faults    fault.Set

	mu        sync.Mutex // held while the attention changes
	observers watchers[Event]
	taps      watchers[Message]
}

// Observe calls f for every message between nodes once it has been answered, until cancel is called. F is
// called by many goroutines at once, and the sender waits for it.
func (n *Network) Observe(f func(Event)) (cancel func()) {
	return watch(&n.wire, &n.wire.observers, f)
}

// Tap is like [Network.Observe], with all that is in the messages. They must not be changed. A tap hears of a
// message before the observers do.
func (n *Network) Tap(f func(Message)) (cancel func()) {
	return watch(&n.wire, &n.wire.taps, f)
}

// watch adds f to a list of w.
func watch[T any](w *wire, list *watchers[T], f func(T)) (cancel func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	list.add(&f)
	w.update()
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		list.remove(&f)
		w.update()
	}
}

// update settles how closely messages are looked at. The caller holds w.mu.
func (w *wire) update() {
	attention := nobody
	switch {
	case w.taps.any() || len(w.faults.Statuses()) > 0:
		attention = insiders
	case w.observers.any():
		attention = onlookers
	}
	w.attention.Store(int32(attention))
}

// watchers is those who are to be told of something. Telling them, or looking whether there are any, takes no lock.
type watchers[T any] struct {
	mu   sync.Mutex                 // held while the list is replaced
	list atomic.Pointer[[]*func(T)] // never changed, only replaced
}

func (w *watchers[T]) all() []*func(T) {
	if list := w.list.Load(); list != nil {
		return *list
	}
	return nil
}

func (w *watchers[T]) any() bool { return len(w.all()) > 0 }

func (w *watchers[T]) tell(news T) {
	for _, f := range w.all() {
		(*f)(news)
	}
}

func (w *watchers[T]) add(f *func(T)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := append(slices.Clone(w.all()), f)
	w.list.Store(&list)
}

func (w *watchers[T]) remove(f *func(T)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := slices.DeleteFunc(slices.Clone(w.all()), func(g *func(T)) bool { return g == f })
	w.list.Store(&list)
}
