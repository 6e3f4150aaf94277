package sim

import (
	"context"
	"net/http"
	"sync"
	"time"

	"dske/node"
)

// underway is the set of requests that have not been answered yet. Its zero value is empty.
type underway struct {
	mu    sync.Mutex
	first *visit        // of the list of all visits
	idle  chan struct{} // closed when the last request has been answered; nil: nobody waits
}

// enter returns a visit, for which the caller must call leave. It is the context of the request
// from then on, which also ends when the requests are cut off. The writer is that of the HTTP
// connection; nil: none.
func (u *underway) enter(ctx context.Context, w http.ResponseWriter) *visit {
	v := visitOf(ctx)
	v.writer = w
	u.mu.Lock()
	defer u.mu.Unlock()
	if v.after = u.first; v.after != nil {
		v.after.before = v
	}
	u.first = v
	return v
}

func (u *underway) leave(v *visit) {
	v.End()
	u.mu.Lock()
	defer u.mu.Unlock()
	if v.after != nil {
		v.after.before = v.before
	}
	if v.before != nil {
		v.before.after = v.after
	} else {
		u.first = v.after
	}
	v.before, v.after = nil, nil // which may be kept as a context
	if u.first == nil && u.idle != nil {
		close(u.idle)
		u.idle = nil
	}
}

// cut cuts off the requests: their contexts end, no more of their bodies is read, and an answer
// that is not taken soon is lost.
func (u *underway) cut() {
	u.mu.Lock()
	defer u.mu.Unlock()
	now := time.Now()
	for v := u.first; v != nil; v = v.after {
		v.End()
		control := http.NewResponseController(v.writer)
		_ = control.SetReadDeadline(now) // both fail if there is no connection
		_ = control.SetWriteDeadline(now.Add(node.LastWords))
	}
}

// end waits until the requests have been answered, and cuts off those that have not been within the
// grace. No new requests may enter.
func (u *underway) end(grace time.Duration) {
	idle := u.whenIdle()
	if grace > 0 { // the race detector of go1.26.8 can crash on a timer of 0 in a bubble
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-idle:
			return
		case <-timer.C:
		}
	}
	u.cut()
	<-idle
}

// whenIdle returns a channel that is closed when there are no requests. Only one goroutine may wait
// at a time.
func (u *underway) whenIdle() <-chan struct{} {
	u.mu.Lock()
	defer u.mu.Unlock()
	idle := make(chan struct{})
	if u.first == nil {
		close(idle)
	} else {
		u.idle = idle
	}
	return idle
}
