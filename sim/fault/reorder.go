package fault

import (
	"context"
	"sync"
	"time"
)

var reorderKind = kind{name: "reorder", value: "[=DURATION]",
	summary: "the message waits until the next one has overtaken it, 100ms at most", build: newReorder}

// orderWait is the default of how long reorder holds a message back.
const orderWait = 100 * time.Millisecond

// reorder lets every second message overtake the one before it.
type reorder struct {
	wait time.Duration

	mu   sync.Mutex
	held chan struct{} // closed when the waiting message may continue; nil: none waits
}

func newReorder(s Spec) (built, error) {
	o := &reorder{wait: orderWait}
	var err error
	if s.Value != "" {
		o.wait, err = duration(s.Value)
	}
	return built{effect: o.strike}, err
}

func (o *reorder) strike(ctx context.Context, ended <-chan struct{}, r *Request, next Deliver) (Response, error) {
	o.mu.Lock()
	if held := o.held; held != nil {
		o.held = nil
		o.mu.Unlock()
		defer close(held)
		return next(ctx, r)
	}
	held := make(chan struct{})
	o.held = held
	o.mu.Unlock()
	select {
	case <-held:
	case <-time.After(o.wait):
	case <-ended:
	case <-ctx.Done():
	}
	o.mu.Lock()
	if o.held == held {
		o.held = nil
	}
	o.mu.Unlock()
	return next(ctx, r)
}
