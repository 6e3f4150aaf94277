// Package virtual runs a function in a time of its own, which jumps to the next timer whenever
// everybody waits: an experiment of a month takes as long as what happens in it.
//
// [Run] makes a bubble of testing/synctest, in the program itself. In it, package time, timers,
// contexts and channels work as always, and every goroutine that is started in it belongs to it.
// What a bubble cannot have is the outside: sockets, or channels and timers that were made
// elsewhere. Whoever waits for those, or for a mutex that somebody holds who waits, holds up the
// time. Several bubbles can run at the same time.
package virtual

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"testing"
	"testing/synctest"
	"time"
)

// Errors of [Run] that are not those of its function. They are wrapped with what is known.
var (
	ErrPanic     = errors.New("panic in virtual time")
	ErrDeadlock  = errors.New("deadlock in virtual time, or goroutines that have not ended")
	ErrStands    = errors.New("virtual time stands still")
	ErrNoVirtual = errors.New("no virtual time in this program")
)

// Run calls f in a new bubble, and returns its error when all that f has started has ended. Time
// begins at midnight UTC, 2000-01-01. The context of f has the values of ctx but not its end, as
// that comes from outside; when ctx ends, Run returns its error at once, and leaves the bubble to
// itself.
//
// A panic of f is an error, and so are goroutines that wait for each other for ever, or are left
// when f has returned, and a bubble in which for 30 s of real time nobody can do anything: its
// goroutines are in the error then, and remain. A panic in another goroutine ends the process. A
// loop that never waits is not noticed.
func Run(ctx context.Context, f func(ctx context.Context) error) error {
	return run(ctx, f, lookEvery)
}

func run(ctx context.Context, f func(ctx context.Context) error, every time.Duration) error {
	b := bubble{number: make(chan string, 1), ended: make(chan error, 1)}
	go b.run(context.WithoutCancel(ctx), f)
	return b.watch(ctx, every)
}

// bubble is what those who wait outside know of a bubble.
type bubble struct {
	number chan string // as it is called in a dump of goroutines
	ended  chan error
}

// run is what nothing else in the program relies on: that the tests' bubbles also work outside a
// test. The zero T is enough for that, as long as neither a panic nor runtime.Goexit reaches it.
func (b *bubble) run(ctx context.Context, f func(ctx context.Context) error) {
	var err error
	defer func() {
		if reason := recover(); reason != nil {
			err = errors.Join(err, fmt.Errorf("%w: %v", ErrDeadlock, reason))
		}
		b.ended <- err
	}()
	if where := bubbleOf(header()); where != "" {
		err = fmt.Errorf("%w: %s is one already", ErrNoVirtual, where)
		return
	}
	synctest.Test(new(testing.T), func(*testing.T) {
		number, checked := check()
		b.number <- number
		if err = checked; err == nil {
			err = guarded(ctx, f)
		}
	})
}

// check returns the number of the bubble that it is called in. It fails if there is none, or its
// time is not virtual.
func check() (number string, err error) {
	number = bubbleOf(header())
	if began := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC); number == "" || !time.Now().Equal(began) {
		return number, fmt.Errorf("%w: it was built with %s, whose testing/synctest works in another way than that of Go 1.26: build it with that",
			ErrNoVirtual, runtime.Version())
	}
	return number, nil
}

// guarded calls f in a goroutine, so that runtime.Goexit ends no more than that.
func guarded(ctx context.Context, f func(ctx context.Context) error) error {
	outcome := make(chan error, 1)
	go func() {
		err := fmt.Errorf("%w: the goroutine has ended early", ErrPanic)
		defer func() {
			if reason := recover(); reason != nil {
				err = fmt.Errorf("%w: %v\n%s", ErrPanic, reason, debug.Stack())
			}
			outcome <- err
		}()
		err = f(ctx)
	}()
	return <-outcome
}
