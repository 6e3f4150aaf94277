package client

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"dske/node/client/association"
)

// stragglerGrace is how long the answer to a request waits for the hubs that have not answered when
// the outcome is settled without them.
const stragglerGrace = 40 * time.Millisecond

var errNoTime = errors.New("not asked: the time for the request is over")

// answer is how a hub has dealt with what it was asked.
type answer struct {
	hub int // index
	err error
}

// tally is the answers of the hubs so far.
type tally struct {
	began      time.Time
	successful int
	failed     int
	errs       []error         // by hub; nil for the successful ones
	answered   []bool          // by hub
	after      []time.Duration // by hub: how long its answer took
	final      bool            // the others are not to be waited for
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

// askHubs runs ask for every hub at once, each in a task that goes on when the request that it is
// for has been answered without it. The channel takes all the answers.
func (c *Client) askHubs(r request, ask func(ctx context.Context, hub int) error) (<-chan answer, error) {
	return c.askHubsAnd(r, ask, func() {})
}

// askHubsAnd is askHubs, and calls end when there are all answers, or there will be none.
func (c *Client) askHubsAnd(r request, ask func(ctx context.Context, hub int) error, end func()) (<-chan answer, error) {
	lifetime, err := c.tasks.Lifetime()
	if err != nil {
		end()
		return nil, err
	}
	ctx, cancel := context.WithDeadline(lifetime, r.hubsEnd)
	answers := make(chan answer, len(c.hubs))
	var asking atomic.Int32
	asking.Store(int32(len(c.hubs)))
	done := func() { // a timer for each of them would cost more than it is worth
		if asking.Add(-1) == 0 {
			cancel()
			end()
		}
	}
	for i := range c.hubs {
		err := c.tasks.Go(func(context.Context) {
			defer done()
			late := errors.Is(ctx.Err(), context.DeadlineExceeded)
			err := ask(ctx, i) // also if it is late: there may be something to give back
			if late {
				err = errNoTime
			}
			answers <- answer{i, err}
		})
		if err != nil {
			cancel()
			for j := i; j < len(c.hubs); j++ {
				_ = ask(ctx, j) // as if it were late: it gives back what it has
				done()
			}
			return nil, err
		}
	}
	return answers, nil
}

// collect waits for the answers of all hubs. When the outcome is settled it waits only for the time
// of grace longer, and not at all if the tally is final. What has come counts, also if the time is
// over.
func collect(ctx context.Context, answers <-chan answer, grace time.Duration, settled func(*tally) bool) (*tally, error) {
	return collectUntil(ctx, answers, grace, settled, nil)
}

// collectUntil is collect that calls late, unless it is nil, once when the time of grace has passed
// since it began.
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
		if settled(t) && enough == nil {
			enough = time.After(grace)
		}
	}
	return t, nil
}

// addRest takes the answers that have come.
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

// causes says of every hub that was not successful why.
func (c *Client) causes(t *tally) []Cause {
	causes := []Cause{}
	for i, h := range c.hubs {
		if !t.answered[i] || t.errs[i] != nil {
			causes = append(causes, causeOf(h, t, i))
		}
	}
	return causes
}

// causeOf says why the hub with index i was not successful.
func causeOf(h *association.Association, t *tally, i int) Cause {
	switch {
	case !t.answered[i]:
		return Cause{h.Hub(), "no answer yet"}
	case errors.Is(t.errs[i], context.DeadlineExceeded):
		return Cause{h.Hub(), fmt.Sprintf("no answer in %v", rounded(t.after[i]))}
	default:
		return Cause{h.Hub(), t.errs[i].Error()}
	}
}

// rounded leaves out of a duration what nobody wants to read.
func rounded(d time.Duration) time.Duration {
	if d < time.Second {
		return d.Round(10 * time.Millisecond)
	}
	return d.Round(100 * time.Millisecond)
}
