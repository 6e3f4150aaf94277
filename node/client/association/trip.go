package association

import (
	"context"
	"sync"
	"time"

	"dske/protocol"
)

// maxWait is how long a load that could share a message waits for the message before it. It is also
// the interval of messages to a hub that hangs or is far away.
const maxWait = 20 * time.Millisecond

// trip is a message to the hub that several requests share.
type trip[L any] struct {
	loads []L
	keys  int // in the loads
	left  bool
	over  chan struct{} // closed when the answer is there
}

// trips collects requests that arrive while a message is under way into the next message, like
// group commit in a database. A request that arrives alone leaves at once.
type trips[L any] struct {
	mu   sync.Mutex
	last map[route]*trip[L]
}

// route is what all loads of a trip have in common.
type route struct {
	master, slave string
	share, key    int // sizes in bytes; 0 if unknown; keys of different sizes can have shares of the same size
}

// take takes a load, which is about the given number of keys, on a trip: on the trip that is about
// to leave, if that has room, and otherwise on a new one. It returns when the trip is over. travel
// makes a trip for all of its loads.
func (t *trips[L]) take(r route, load L, keys int, travel func([]L)) {
	t.mu.Lock()
	before := t.last[r]
	if before != nil && !before.left && before.keys+keys <= protocol.MaxBatch {
		before.loads, before.keys = append(before.loads, load), before.keys+keys
		t.mu.Unlock()
		<-before.over
		return
	}
	own := &trip[L]{loads: []L{load}, keys: keys, left: before == nil, over: make(chan struct{})}
	if t.last == nil {
		t.last = map[route]*trip[L]{}
	}
	t.last[r] = own
	t.mu.Unlock()
	if before != nil {
		t.waitFor(before)
		t.mu.Lock()
		own.left = true
		t.mu.Unlock()
	}
	travel(own.loads)
	t.mu.Lock()
	if t.last[r] == own {
		delete(t.last, r)
	}
	t.mu.Unlock()
	close(own.over)
}

// laterOf returns the context that lasts longer. A trip lasts as long as any of its loads wants it
// to: a hub forgets a share that it has given, even if nobody receives its answer any more.
func laterOf(a, b context.Context) context.Context {
	end, ends := a.Deadline()
	other, alsoEnds := b.Deadline()
	if ends && (!alsoEnds || other.After(end)) {
		return b
	}
	return a
}

// sharesTrips reports whether requests to the hub may share messages.
func (a *Association) sharesTrips() bool {
	if a.config.Single {
		return false
	}
	s := a.current()
	return s == nil || !s.singly.Load()
}

// waitFor waits until a trip is over, at most for maxWait.
func (t *trips[L]) waitFor(before *trip[L]) {
	timer := time.NewTimer(maxWait)
	defer timer.Stop()
	select {
	case <-before.over:
	case <-timer.C:
	}
}
