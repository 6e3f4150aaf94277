// Package virtual runs a function in virtual time, which jumps to the next timer whenever all
// goroutines wait: an experiment of a month takes only as long as the work in it.
//
// [Run] makes a bubble of testing/synctest, in the program itself. In a bubble, package time,
// timers, contexts and channels work as usual, and every goroutine that is started in it belongs to
// it. A bubble cannot use anything outside: sockets, or channels and timers that were made
// elsewhere. A goroutine that waits for those, or for a mutex whose holder waits, stops the time.
// Several bubbles can run at the same time.
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

// Errors of [Run] that do not come from its function. They are wrapped with details.
var (
	ErrPanic     = errors.New("panic in virtual time")
	ErrDeadlock  = errors.New("deadlock in virtual time, or goroutines that have not ended")
	ErrStands    = errors.New("virtual time stands still")
	ErrNoVirtual = errors.New("no virtual time in this program")
)

// Run calls f in a new bubble, and returns its error when everything that f has started has ended.
// Time begins at midnight UTC, 2000-01-01. The context of f has the values of ctx but not its end,
// since that comes from outside. When ctx ends, Run returns its error at once, and abandons the
// bubble.
//
// A panic of f is an error. So are goroutines that wait for each other forever, or that remain when
// f has returned, and a bubble in which for 30 s of real time no goroutine can continue; the error
// then has its goroutines, which remain. A panic in another goroutine ends the process. A loop that
// never waits is not noticed.
func Run(ctx context.Context, f func(ctx context.Context) error) error {
	return run(ctx, f, lookEvery)
}

func run(ctx context.Context, f func(ctx context.Context) error, every time.Duration) error {
	b := bubble{number: make(chan string, 1), ended: make(chan error, 1)}
	go b.run(context.WithoutCancel(ctx), f)
	return b.watch(ctx, every)
}

// bubble is the outside view of a bubble.
type bubble struct {
	number chan string // its name in a dump of goroutines
	ended  chan error
}

// run contains the only assumption about testing: that bubbles also work outside a test. The zero T
// is enough for that, as long as it sees neither a panic nor runtime.Goexit.
func (b *bubble) run(ctx context.Context, f func(ctx context.Context) error) {
	var err error
	defer func() {
		if reason := recover(); reason != nil {
			err = errors.Join(err, fmt.Errorf("%w: %v", ErrDeadlock, reason))
		}
		b.ended <- err
	}()
	if where := bubbleOf(header()); where != "" {
		err = fmt.Errorf("%w: %s is virtual already", ErrNoVirtual, where)
		return
	}
	synctest.Test(new(testing.T), func(*testing.T) {
		number, checked := check()
		b.number <- number
		if err = checked; err == nil {
			err = callGuarded(ctx, f)
		}
	})
}

// check returns the number of the bubble in which it is called. It fails if there is none, or if
// its time is not virtual.
func check() (number string, err error) {
	number = bubbleOf(header())
	if began := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC); number == "" || !time.Now().Equal(began) {
		return number, fmt.Errorf("%w: it was built with %s, whose testing/synctest works in another way than that of Go 1.26: build it with that",
			ErrNoVirtual, runtime.Version())
	}
	return number, nil
}

// callGuarded calls f in a goroutine, so that runtime.Goexit ends only that.
func callGuarded(ctx context.Context, f func(ctx context.Context) error) error {
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
