package sim

import (
	"context"
	"net/http"
	"sync"
)

// visit is a request that is under way, and its context. Most requests end before anything waits
// for the end of their context, so a visit costs nothing in package context before that.
type visit struct {
	context.Context                     // of the sender
	writer          http.ResponseWriter // not used after the visit

	before, after *visit // in the list of all visits, whose mutex guards them

	mu      sync.Mutex
	ended   bool
	awaited context.Context // created when Done is first called; nil before
	cancel  context.CancelFunc
}

// end ends the context.
func (v *visit) end() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.ended = true
	if v.awaited != nil {
		v.cancel()
	}
}

// Done implements [context.Context].
func (v *visit) Done() <-chan struct{} {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.awaited == nil {
		v.awaited, v.cancel = context.WithCancel(v.Context)
		if v.ended {
			v.cancel()
		}
	}
	return v.awaited.Done()
}

// Err implements [context.Context].
func (v *visit) Err() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case v.awaited != nil:
		return v.awaited.Err()
	case v.ended:
		return context.Canceled
	default:
		return v.Context.Err()
	}
}

// Value implements [context.Context]. The values of package context itself must fit the channel
// of Done.
func (v *visit) Value(key any) any {
	v.mu.Lock()
	awaited := v.awaited
	v.mu.Unlock()
	if awaited != nil {
		return awaited.Value(key)
	}
	return v.Context.Value(key)
}
