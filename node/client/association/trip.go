package association

import (
	"context"
	"sync"
	"time"

	"dske/protocol"
)

// maxWait is how long what could go along with other things waits for the message before it. The
// messages to a hub that hangs, or is far away, leave so often.
const maxWait = 20 * time.Millisecond

// A trip is a message with what several requests have for the hub.
type trip[L any] struct {
	loads []L
	keys  int // in the loads
	left  bool
	over  chan struct{} // closed when the answer is there
}

// trips lets what comes while a message is under way go along in the next one, as a group commit
// does in a database. What comes alone goes at once.
type trips[L any] struct {
	mu   sync.Mutex
	last map[route]*trip[L]
}

// route is what the loads of a trip have in common.
type route struct {
	master, slave string
	share, key    int // sizes, in bytes; 0 if they are not known. Keys of several sizes have shares of the same.
}

// take takes a load, which is about so many keys, on a trip: on that which is about to leave, if it
// has room, and otherwise on a trip of its own. It returns when that is over. Travel makes a trip,
// for all of its loads.
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

// laterOf returns the one of two contexts that lasts longer. A trip lasts as long as one of its
// loads wants it to: a hub forgets a share that it has given, also if nobody hears its answer any
// more.
func laterOf(a, b context.Context) context.Context {
	end, ends := a.Deadline()
	other, alsoEnds := b.Deadline()
	if ends && (!alsoEnds || other.After(end)) {
		return b
	}
	return a
}

// sharesTrips reports whether what is for the hub may share its message with others.
func (a *Association) sharesTrips() bool {
	if a.config.Single {
		return false
	}
	s := a.current()
	return s == nil || !s.singly.Load()
}

// waitFor waits until a trip is over, but not for long.
func (t *trips[L]) waitFor(before *trip[L]) {
	timer := time.NewTimer(maxWait)
	defer timer.Stop()
	select {
	case <-before.over:
	case <-timer.C:
	}
}
