package node

import "context"

// Line is a mutex that may be held while something is waited for: whoever wants it waits with a context, and
// those who wait are served in the order of their arrival.
type Line chan struct{}

// NewLine returns a line that nobody is in.
func NewLine() Line { return make(Line, 1) }

// Enter waits for its turn. It fails with the error of ctx if that ends first.
func (l Line) Enter(ctx context.Context) error {
	select {
	case l <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Leave lets the next one in.
func (l Line) Leave() { <-l }
