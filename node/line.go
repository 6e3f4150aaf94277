package node

import (
	"context"
	"time"
)

// Line is a mutex that may be held while waiting for something: callers wait for it with a context,
// and are served in the order of their arrival.
type Line chan struct{}

// NewLine returns an empty line.
func NewLine() Line { return make(Line, 1) }

// Enter waits for its turn. It fails with the error of ctx if that ends first. A caller that has
// waited continues a nanosecond after its predecessor has left, which has then done its next step.
// So callers that leave at once, because nothing is left to do, enter their next line in the same
// order.
func (l Line) Enter(ctx context.Context) error {
	select {
	case l <- struct{}{}:
		return nil
	default:
	}
	select {
	case l <- struct{}{}:
		time.Sleep(time.Nanosecond)
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Leave lets the next caller in.
func (l Line) Leave() { <-l }
