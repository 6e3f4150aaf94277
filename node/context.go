package node

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"
)

// Context is a context like those of package context. Most contexts of messages end before anything
// waits for that, so it costs nothing in package context, and no timer, before Done is first called.
type Context struct {
	Parent context.Context
	Ends   time.Time // zero: it has no deadline of its own

	mu      sync.Mutex
	err     error           // why it has ended
	awaited context.Context // created when Done is first called; nil before
	cancel  context.CancelFunc
	ended   chan struct{} // closed by End; created when somebody first sleeps
}

// WithDeadline is [context.WithDeadline] with a [Context].
func WithDeadline(parent context.Context, end time.Time) (context.Context, context.CancelFunc) {
	c := &Context{Parent: parent, Ends: end}
	return c, c.End
}

// End ends the context, unless it has ended. If nobody has asked for the end of its parent before, it
// counts as ended by End.
func (c *Context) End() {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.awaited != nil:
		c.check()
		c.cancel()
	case c.err == nil && c.isLate():
		c.err = context.DeadlineExceeded
	}
	c.err = cmp.Or(c.err, context.Canceled)
	if c.ended != nil {
		close(c.ended)
		c.ended = nil
	}
}

// check returns why the context has ended, or nil. The caller holds c.mu.
func (c *Context) check() error {
	if c.err != nil {
		return c.err
	}
	if c.awaited != nil {
		c.err = c.awaited.Err()
	} else if c.err = c.Parent.Err(); c.err == nil && c.isLate() {
		c.err = context.DeadlineExceeded
	}
	return c.err
}

// isLate reports whether the context's own deadline is over.
func (c *Context) isLate() bool { return !c.Ends.IsZero() && !time.Now().Before(c.Ends) }

// Deadline implements [context.Context].
func (c *Context) Deadline() (time.Time, bool) {
	end, ends := c.Parent.Deadline()
	if c.Ends.IsZero() || ends && end.Before(c.Ends) {
		return end, ends
	}
	return c.Ends, true
}

// Done implements [context.Context].
func (c *Context) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.awaited == nil {
		c.await()
	}
	return c.awaited.Done()
}

// await creates the context that Done waits for. The caller holds c.mu.
func (c *Context) await() {
	why := c.check()
	if c.Ends.IsZero() || errors.Is(why, context.Canceled) {
		c.awaited, c.cancel = context.WithCancel(c.Parent)
	} else {
		c.awaited, c.cancel = context.WithDeadline(c.Parent, c.Ends)
	}
	if why != nil {
		c.cancel()
	}
}

// Err implements [context.Context].
func (c *Context) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.check()
}

// Value implements [context.Context]. The values of package context itself must fit the channel of
// Done.
func (c *Context) Value(key any) any {
	c.mu.Lock()
	awaited := c.awaited
	c.mu.Unlock()
	if awaited != nil {
		return awaited.Value(key)
	}
	return c.Parent.Value(key)
}

// SleepUntil waits until t, with a timer of the caller's. It fails with the error of ctx if that ends
// before. For a [Context] it costs less than waiting for Done.
func SleepUntil(ctx context.Context, timer *time.Timer, t time.Time) error {
	wake, done, ended := t, ctx.Done, (<-chan struct{})(nil)
	if c, ok := ctx.(*Context); ok {
		if !c.Ends.IsZero() && c.Ends.Before(t) {
			wake = c.Ends
		}
		done, ended = c.Parent.Done, c.whenEnded()
	}
	if wait := time.Until(wake); wait > 0 { // the race detector of go1.26.8 can crash on a timer of 0 in a bubble
		timer.Reset(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-done():
		case <-ended:
		}
	}
	if time.Now().Before(t) {
		return ctx.Err()
	}
	return nil // even if the context ends at the same time
}

// whenEnded returns a channel that is closed by End.
func (c *Context) whenEnded() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		over := make(chan struct{})
		close(over)
		return over
	}
	if c.ended == nil {
		c.ended = make(chan struct{})
	}
	return c.ended
}
