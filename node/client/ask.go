package client

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"dske/node"
	"dske/node/client/association"
)

// stragglerGrace is how long a request, once its outcome is settled, still waits for the hubs that
// have not answered.
const stragglerGrace = 40 * time.Millisecond

var errNoTime = errors.New("not asked: the time for the request is over")

// answer is the outcome of asking one hub.
type answer struct {
	hub int // index
	err error
}

// tally collects the answers of the hubs so far.
type tally struct {
	began      time.Time
	successful int
	failed     int
	errs       []error         // by hub; nil for the successful ones
	answered   []bool          // by hub
	after      []time.Duration // by hub: how long its answer took
	final      bool            // do not wait for the others
}

func newTally(n int) *tally {
	return &tally{began: time.Now(), errs: make([]error, n), answered: make([]bool, n), after: make([]time.Duration, n)}
}

func (t *tally) add(a answer) {
	t.errs[a.hub], t.answered[a.hub], t.after[a.hub] = a.err, true, time.Since(t.began)
	if a.err == nil {
		t.successful++
	} else {
		t.failed++
	}
}

// isComplete reports whether all hubs have answered.
func (t *tally) isComplete() bool { return t.successful+t.failed == len(t.errs) }

// askHubs runs ask for every hub at once, each in a task that continues when the request has been
// answered without it. The channel has room for all answers.
func (c *Client) askHubs(r request, ask func(ctx context.Context, hub int) error) (<-chan answer, error) {
	return c.askHubsAnd(r, ask, func() {})
}

// askHubsAnd is like askHubs, and calls end when all answers are there or no more will come.
func (c *Client) askHubsAnd(r request, ask func(ctx context.Context, hub int) error, end func()) (<-chan answer, error) {
	lifetime, err := c.tasks.Lifetime()
	if err != nil {
		end()
		return nil, err
	}
	ctx, cancel := node.WithDeadline(lifetime, r.hubsEnd)
	answers := make(chan answer, len(c.hubs))
	var asking atomic.Int32
	asking.Store(int32(len(c.hubs)))
	done := func() { // a timer for each hub would cost too much
		if asking.Add(-1) == 0 {
			cancel()
			end()
		}
	}
	for i := range c.hubs {
		err := c.tasks.Go(func(context.Context) {
			defer done()
			late := errors.Is(ctx.Err(), context.DeadlineExceeded)
			err := ask(ctx, i) // even when late: there may be something to give back
			if late {
				err = errNoTime
			}
			answers <- answer{i, err}
		})
		if err != nil {
			cancel()
			for j := i; j < len(c.hubs); j++ {
				_ = ask(ctx, j) // the context is over: ask gives back what it has
				done()
			}
			return nil, err
		}
	}
	return answers, nil
}

// collect waits for the answers of all hubs. When the outcome is settled it waits only for the
// grace period longer, and not at all if the tally is final. Answers that are there count even if
// ctx has ended.
func collect(ctx context.Context, answers <-chan answer, grace time.Duration, settled func(*tally) bool) (*tally, error) {
	return collectUntil(ctx, answers, grace, settled, nil)
}

// collectUntil is like collect. If late is not nil, collectUntil calls it once, when the grace
// period has passed since the call.
func collectUntil(ctx context.Context, answers <-chan answer, grace time.Duration, settled func(*tally) bool, late func()) (*tally, error) {
	t := newTally(cap(answers))
	var enough, isLate <-chan time.Time
	if late != nil {
		isLate = time.After(grace)
	}
	for !t.isComplete() && !t.final {
		select {
		case a := <-answers:
			t.add(a)
		case <-isLate:
			late()
		case <-enough:
			t.addRest(answers)
			return t, nil
		case <-ctx.Done():
			t.addRest(answers)
			if t.isComplete() || settled(t) {
				return t, nil
			}
			return nil, ctx.Err()
		}
		if settled(t) && enough == nil && !t.final {
			enough = time.After(grace)
		}
	}
	return t, nil
}

// addRest adds the answers that are already there.
func (t *tally) addRest(answers <-chan answer) {
	for {
		select {
		case a := <-answers:
			t.add(a)
		default:
			return
		}
	}
}

// A Cause says why a hub contributed nothing to a key.
type Cause struct {
	HubName string `json:"hub_name"`
	Message string `json:"message"`
}

// causes returns, for every hub that failed, the reason.
func (c *Client) causes(t *tally) []Cause {
	causes := []Cause{}
	for i, h := range c.hubs {
		if !t.answered[i] || t.errs[i] != nil {
			causes = append(causes, causeOf(h, t, i))
		}
	}
	return causes
}

// causeOf returns the reason why the hub with index i failed.
func causeOf(h *association.Association, t *tally, i int) Cause {
	switch {
	case !t.answered[i]:
		return Cause{h.Hub(), "no answer yet"}
	case errors.Is(t.errs[i], context.DeadlineExceeded):
		return Cause{h.Hub(), fmt.Sprintf("no answer in %v", round(t.after[i]))}
	default:
		return Cause{h.Hub(), t.errs[i].Error()}
	}
}

// round rounds a duration for people to read.
func round(d time.Duration) time.Duration {
	if d < time.Second {
		return d.Round(10 * time.Millisecond)
	}
	return d.Round(100 * time.Millisecond)
}
