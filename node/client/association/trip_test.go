package association

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"dske/protocol"
)

// traffic counts the messages in band, and delays them.
type traffic struct {
	mu     sync.Mutex
	single int
	batch  int
}

func (c *traffic) watch(w *world, takes time.Duration) {
	w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
		if isInBand(r) {
			c.mu.Lock()
			if r.URL.Path == "/hub/hank"+protocol.PathKeyShares {
				c.batch++
			} else {
				c.single++
			}
			c.mu.Unlock()
			time.Sleep(takes)
		}
		return next(r)
	})
}

// Requests that arrive while a message is under way share the next message. A request that arrives
// alone leaves at once, and alone.
func TestRequestsShareMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, PSRD{BlockSize: 1 << 14, LowWater: 1, HighWater: 1 << 14}, 5*time.Second)
		ids := w.mustPost(25)
		var c traffic
		c.watch(w, 5*time.Millisecond)
		for _, id := range ids[:2] {
			if err := w.get(id); err != nil {
				t.Error(err)
			}
		}
		if c.single != 2 || c.batch != 0 {
			t.Errorf("one after the other: %d single messages, %d with several", c.single, c.batch)
		}
		c = traffic{}
		ids = append(ids[2:], uuid.New()) // unknown
		began := time.Now()
		for i, err := range atOnce(24, func(i int) error { return w.get(ids[i]) }) {
			if i < 23 && err != nil || i == 23 && !errors.Is(err, protocol.ErrUnknownKey) {
				t.Errorf("key %d: %v", i, err)
			}
		}
		if waited := time.Since(began); c.single != 1 || c.batch != 1 || waited != 10*time.Millisecond {
			t.Errorf("24 fetched at once: %d single messages, %d with several, in %v", c.single, c.batch, waited)
		}
	})
}

// A hub that hangs holds a request up no longer than it would hold up one alone, and messages for
// it leave often.
func TestTripsLeaveWithoutTheLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, PSRD{}, 5*time.Second)
		w.mustPost(1)
		var mu sync.Mutex
		var left []time.Duration
		began := time.Now()
		w.onTheWire(func(r *http.Request, _ roundTrip) (*http.Response, error) {
			if isInBand(r) {
				mu.Lock()
				left = append(left, time.Since(began))
				mu.Unlock()
			}
			return hang(r)
		})
		for _, err := range atOnce(20, func(int) error { return w.get(uuid.New()) }) {
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
		}
		if waited := time.Since(began); waited > 5*time.Second+100*time.Millisecond || !slices.Equal(left, []time.Duration{0, 20 * time.Millisecond}) {
			t.Errorf("after %v; messages left after %v", waited, left)
		}
	})
}

// A message has room for a limited number of keys.
func TestTripsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, PSRD{}, 5*time.Second)
		w.mustPost(1)
		var c traffic
		c.watch(w, time.Millisecond)
		atOnce(1+protocol.MaxBatch+1, func(int) error { return w.get(uuid.New()) })
		if c.single != 2 || c.batch != 1 {
			t.Errorf("%d single messages, %d with several", c.single, c.batch)
		}
	})
}

// With Single set, requests do not share messages.
func TestSingleMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, PSRD{}, 5*time.Second)
		w.mustPost(1)
		w.config.Single = true
		var c traffic
		c.watch(w, time.Millisecond)
		atOnce(5, func(int) error { return w.get(uuid.New()) })
		if c.single != 5 || c.batch != 0 {
			t.Errorf("%d single messages, %d with several", c.single, c.batch)
		}
	})
}

// A request whose time is over gives up alone: the others in its message get their answers.
func TestTripsLastForTheLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, PSRD{BlockSize: 1 << 14, LowWater: 1, HighWater: 1 << 14}, 5*time.Second)
		ids := w.mustPost(4)
		w.onTheWire(untilGone(10 * time.Millisecond))
		ends := []time.Duration{time.Second, 15 * time.Millisecond, time.Second, 15 * time.Millisecond}
		for i, err := range atOnce(len(ends), func(i int) error {
			time.Sleep(time.Duration(i) * time.Millisecond) // the second one leads the trip
			ctx, cancel := context.WithTimeout(w.Context(), ends[i])
			defer cancel()
			return w.getWithin(ctx, ids[i])
		}) {
			if err != nil {
				t.Errorf("%d: %v", i, err)
			}
		}
	})
}

// untilGone delivers messages after a while if their sender still waits.
func untilGone(takes time.Duration) func(*http.Request, roundTrip) (*http.Response, error) {
	return func(r *http.Request, next roundTrip) (*http.Response, error) {
		if isInBand(r) {
			select {
			case <-time.After(takes):
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		}
		return next(r)
	}
}
