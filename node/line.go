package node

import (
	"context"
	"time"
)

// Line is a mutex that may be held while something is waited for: whoever wants it waits with a
// context, and those who wait are served in the order of their arrival.
type Line chan struct{}

// NewLine returns a line that nobody is in.
func NewLine() Line { return make(Line, 1) }

// Enter waits for its turn. It fails with the error of ctx if that ends first. Whoever has waited
// goes on a nanosecond after the one before has left, who has done by then what he does next: those
// who leave at once, because there is nothing left to do, come to the next line in their old order.
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

// Leave lets the next one in.
func (l Line) Leave() { <-l }
