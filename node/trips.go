package node

import (
	"slices"
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
	mu    sync.Mutex
	last  []*trip[R, L]  // the last one of each R that has one which is not over; these are few
	first [1]*trip[R, L] // room for last: usually there is one
}

// trip is what several requests want, done together.
type trip[R comparable, L any] struct {
	r     R
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
	var before *trip[R, L]
	i := slices.IndexFunc(t.last, func(last *trip[R, L]) bool { return last.r == r })
	if i >= 0 {
		before = t.last[i]
	}
	if before != nil && !before.left && before.keys+keys <= protocol.MaxBatch {
		before.loads, before.keys = append(before.loads, load), before.keys+keys
		t.mu.Unlock()
		return before.over
	}
	own := &trip[R, L]{r: r, loads: []L{load}, keys: keys, left: before == nil, over: make(chan struct{})}
	if i >= 0 {
		t.last[i] = own
	} else {
		t.add(own)
	}
	t.mu.Unlock()
	defer t.end(own)
	if before != nil {
		before.wait()
		t.mu.Lock()
		own.left = true
		t.mu.Unlock()
	}
	travel(own.loads)
	return own.over
}

// add adds the first trip of its R. The caller holds t.mu.
func (t *Trips[R, L]) add(own *trip[R, L]) {
	if t.last == nil {
		t.last = t.first[:0]
	}
	t.last = append(t.last, own)
	if len(t.last) > len(t.first) { // they have outgrown it
		t.first[0] = nil
	}
}

// end ends a trip.
func (t *Trips[R, L]) end(own *trip[R, L]) {
	t.mu.Lock()
	if i := slices.Index(t.last, own); i >= 0 {
		t.last = slices.Delete(t.last, i, i+1)
	}
	t.mu.Unlock()
	close(own.over)
}

// wait waits until the trip is over, at most for maxWait.
func (t *trip[R, L]) wait() {
	timer := time.NewTimer(maxWait)
	defer timer.Stop()
	select {
	case <-t.over:
	case <-timer.C:
	}
}
