package node

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

type nameKey struct{}

// A Context ends like one of package context, whether something waited for the end before it, since
// it or not at all.
func TestContextEnds(t *testing.T) {
	for name, test := range map[string]struct {
		end  func(cancelParent context.CancelFunc, c *Context)
		says error
	}{
		"its parent":                  {func(cancel context.CancelFunc, _ *Context) { cancel() }, context.Canceled},
		"ended":                       {func(_ context.CancelFunc, c *Context) { c.End() }, context.Canceled},
		"deadline":                    {func(context.CancelFunc, *Context) { time.Sleep(time.Minute + 1) }, context.DeadlineExceeded},
		"ended after the deadline":    {func(_ context.CancelFunc, c *Context) { time.Sleep(time.Minute + 1); c.End() }, context.DeadlineExceeded},
		"deadline after it has ended": {func(_ context.CancelFunc, c *Context) { c.End(); time.Sleep(time.Minute + 1) }, context.Canceled},
		"not over yet":                {func(context.CancelFunc, *Context) { time.Sleep(time.Minute - 1) }, nil},
	} {
		for _, isAwaited := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				parent, cancelParent := context.WithCancel(context.WithValue(t.Context(), nameKey{}, "carol"))
				defer cancelParent()
				c := &Context{Parent: parent, Ends: time.Now().Add(time.Minute)}
				defer c.End()
				var child context.Context
				stop := func() {}
				if isAwaited {
					child, stop = context.WithCancel(c)
				}
				if end, ends := c.Deadline(); c.Err() != nil || c.Value(nameKey{}) != "carol" || !ends || !end.Equal(c.Ends) {
					t.Errorf("%s: at first %v, %v, ends at %v", name, c.Err(), c.Value(nameKey{}), end)
				}
				test.end(cancelParent, c)
				synctest.Wait()
				said := c.Err()
				if !isAwaited {
					child, stop = context.WithCancel(c) // it begins when all is over
				}
				defer stop()
				if !errors.Is(said, test.says) || !errors.Is(child.Err(), test.says) || c.Err() != said || context.Cause(c) != said {
					t.Errorf("%s, awaited %v: %v, then %v, and a child's %v", name, isAwaited, said, c.Err(), child.Err())
				}
			})
		}
	}
}

// A Context without a deadline has that of its parent, and one has the earlier of both.
func TestContextDeadline(t *testing.T) {
	now := time.Now()
	parent, cancel := context.WithDeadline(t.Context(), now.Add(time.Hour))
	defer cancel()
	for ends, want := range map[time.Time]time.Time{{}: now.Add(time.Hour), now.Add(time.Minute): now.Add(time.Minute), now.Add(time.Hour * 2): now.Add(time.Hour)} {
		if end, ok := (&Context{Parent: parent, Ends: ends}).Deadline(); !ok || !end.Equal(want) {
			t.Errorf("ends %v: deadline %v, not %v", ends, end, want)
		}
	}
}

// SleepUntil ends at the time, or when the context does, whatever ends that.
func TestSleepUntil(t *testing.T) {
	const second = time.Second
	for _, test := range []struct {
		parent, own, ended, until, want time.Duration
		says                            error
	}{
		{5 * second, 5 * second, 5 * second, second, second, nil},
		{second, 5 * second, 5 * second, 2 * second, second, context.Canceled},
		{5 * second, second, 5 * second, 2 * second, second, context.DeadlineExceeded},
		{5 * second, 5 * second, second, 2 * second, second, context.Canceled},
		{5 * second, 5 * second, second, second, second, nil}, // both at once
		{5 * second, 5 * second, 0, second, 0, context.Canceled},
		{5 * second, 5 * second, 5 * second, -second, 0, nil},
	} {
		synctest.Test(t, func(t *testing.T) {
			parent, cancel := context.WithCancel(t.Context())
			defer cancel()
			time.AfterFunc(test.parent, cancel)
			c := &Context{Parent: parent, Ends: time.Now().Add(test.own)}
			time.AfterFunc(test.ended, c.End)
			if test.ended == 0 {
				synctest.Wait()
			}
			began, timer := time.Now(), time.NewTimer(time.Hour)
			for range 2 { // the second time, it is over
				if err := SleepUntil(c, timer, began.Add(test.until)); !errors.Is(err, test.says) || time.Since(began) != test.want {
					t.Errorf("%+v: %v after %v", test, err, time.Since(began))
				}
			}
		})
	}
}
