package node

import (
	"sync"
	"time"

	"dske/protocol"
)

// maxWait is how long a load that could share a trip waits for the trip before it. It is also the
// interval of trips to a node that hangs or is far away.
const maxWait = 20 * time.Millisecond

// Trips collect what requests want while a trip is under way into the next trip, like group commit
// in a database. A request that arrives alone leaves at once. R is what all loads of a trip have in
// common. The zero value is ready.
type Trips[R comparable, L any] struct {
	mu   sync.Mutex
	last map[R]*trip[L]
}

// trip is what several requests want, done together.
type trip[L any] struct {
	loads []L
	keys  int // in the loads
	left  bool
	over  chan struct{}
}

// Take takes a load, which is about the given number of keys, on a trip: on the trip that is about
// to leave, if that has room, and otherwise on a new one. It returns a channel that is closed when
// the trip is over. Travel makes a new trip, for all of its loads; Take returns after it.
func (t *Trips[R, L]) Take(r R, load L, keys int, travel func([]L)) (over <-chan struct{}) {
	t.mu.Lock()
	before := t.last[r]
	if before != nil && !before.left && before.keys+keys <= protocol.MaxBatch {
		before.loads, before.keys = append(before.loads, load), before.keys+keys
		t.mu.Unlock()
		return before.over
	}
	own := &trip[L]{loads: []L{load}, keys: keys, left: before == nil, over: make(chan struct{})}
	if t.last == nil {
		t.last = map[R]*trip[L]{}
	}
	t.last[r] = own
	t.mu.Unlock()
	defer t.end(r, own)
	if before != nil {
		before.wait()
		t.mu.Lock()
		own.left = true
		t.mu.Unlock()
	}
	travel(own.loads)
	return own.over
}

// end ends a trip.
func (t *Trips[R, L]) end(r R, own *trip[L]) {
	t.mu.Lock()
	if t.last[r] == own {
		delete(t.last, r)
	}
	t.mu.Unlock()
	close(own.over)
}

// wait waits until the trip is over, at most for maxWait.
func (t *trip[L]) wait() {
	timer := time.NewTimer(maxWait)
	defer timer.Stop()
	select {
	case <-t.over:
	case <-timer.C:
	}
}
