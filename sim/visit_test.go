package sim

import (
	"context"
	"errors"
	"testing"
)

type nameKey struct{}

// A visit is a context that ends with the sender's context, when it is cut off and when it is
// answered, whether or not something waits for the end already.
func TestVisitIsContext(t *testing.T) {
	for name, test := range map[string]struct {
		end  func(*underway, *visit, context.CancelFunc)
		says error
	}{
		"the sender":   {func(_ *underway, _ *visit, cancel context.CancelFunc) { cancel() }, context.Canceled},
		"cut off":      {func(u *underway, _ *visit, _ context.CancelFunc) { u.cut() }, context.Canceled},
		"answered":     {func(u *underway, v *visit, _ context.CancelFunc) { u.leave(v) }, context.Canceled},
		"not over yet": {func(*underway, *visit, context.CancelFunc) {}, nil},
	} {
		for _, isAwaited := range []bool{true, false} {
			var u underway
			sender, cancel := context.WithCancel(context.WithValue(t.Context(), nameKey{}, "carol"))
			v := u.enter(sender, nil)
			child, stop := context.Context(v), context.CancelFunc(func() {})
			if isAwaited {
				child, stop = context.WithCancel(v)
			}
			if v.Err() != nil || v.Value(nameKey{}) != "carol" {
				t.Errorf("%s: at first %v, %v", name, v.Err(), v.Value(nameKey{}))
			}
			test.end(&u, v, cancel)
			if err := v.Err(); !errors.Is(err, test.says) {
				t.Errorf("%s: %v", name, err)
			}
			if !isAwaited {
				child, stop = context.WithCancel(v) // it begins when all is over
			}
			isOver := false
			select {
			case <-child.Done():
				isOver = true
			default:
			}
			if isOver != (test.says != nil) || !errors.Is(child.Err(), test.says) {
				t.Errorf("%s, awaited %v: over %v, %v", name, isAwaited, isOver, child.Err())
			}
			stop()
			cancel()
		}
	}
}
