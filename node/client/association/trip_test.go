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

	"dske/node"
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
		ids := w.mustPost(1)
		var c traffic
		c.watch(w, 5*time.Millisecond)
		for range 2 {
			ids = append(ids, w.mustPost(1)...)
		}
		if c.single != 2 || c.batch != 0 {
			t.Errorf("one after the other: %d single messages, %d with several", c.single, c.batch)
		}
		began := time.Now()
		var mu sync.Mutex
		for _, err := range atOnce(20, func(int) error {
			id, err := w.post(32)
			mu.Lock()
			defer mu.Unlock()
			ids = append(ids, id)
			return err
		}) {
			if err != nil {
				t.Error(err)
			}
		}
		if waited := time.Since(began); c.single != 3 || c.batch != 1 || waited != 10*time.Millisecond {
			t.Errorf("20 at once: %d single messages, %d with several, in %v", c.single, c.batch, waited)
		}
		c = traffic{}
		ids = append(ids, uuid.New()) // unknown
		for i, err := range atOnce(24, func(i int) error { return w.get(ids[i]) }) {
			if i < 23 && err != nil || i == 23 && !errors.Is(err, protocol.ErrUnknownKey) {
				t.Errorf("key %d: %v", i, err)
			}
		}
		if c.single != 1 || c.batch != 1 {
			t.Errorf("24 fetched at once: %d single messages, %d with several", c.single, c.batch)
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
		for _, err := range atOnce(20, func(int) error { _, err := w.post(32); return err }) {
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
		}
		// A message with several shares has a little more time.
		if waited := time.Since(began); waited > 5*time.Second+100*time.Millisecond || !slices.Equal(left, []time.Duration{0, maxWait}) {
			t.Errorf("after %v; messages left after %v", waited, left)
		}
	})
}

// A hub refuses a message as a whole. If it refuses one because of one key, the other requests are
// sent again by themselves.
func TestOneBadKeyFailsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorldOf(t, protocol.ITS, PSRD{}, 5*time.Second)
		w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
			if isInBand(r) {
				time.Sleep(time.Millisecond)
			}
			return next(r)
		})
		post := func(id uuid.UUID) error {
			shares, err := w.suite.Split(protocol.NewSecret(make([]byte, 32)), 2, []int{0, 1}, 1, bytesOf(9))
			if err != nil {
				return err
			}
			_, err = w.Post(w.Context(), Batch{Master: "sam", Slaves: []string{"sam"}, Keys: protocol.KeyIDs{id}, Shares: shares[:1]}, nil)
			return err
		}
		ids := make([]uuid.UUID, 6)
		for i := range ids {
			ids[i] = uuid.New()
		}
		if err := post(ids[0]); err != nil {
			t.Fatal(err)
		}
		ids[3] = ids[0]
		for i, err := range atOnce(len(ids), func(i int) error { return post(ids[i]) }) {
			var refused *node.Error
			if bad := i == 0 || i == 3; bad != errors.As(err, &refused) {
				t.Errorf("key %d: %v", i, err)
			}
		}
	})
}

// bytesOf is a source of one byte, repeated.
type bytesOf byte

func (b bytesOf) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(b)
	}
	return len(p), nil
}

// A message has room for a limited number of keys, and large shares go by themselves.
func TestTripsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, PSRD{BlockSize: 1 << 20, LowWater: 1, HighWater: 1 << 20}, 5*time.Second)
		w.mustPost(1)
		var c traffic
		c.watch(w, time.Millisecond)
		atOnce(1+protocol.MaxBatch+1, func(int) error { _, err := w.post(32); return err })
		if c.single != 2 || c.batch != 1 {
			t.Errorf("%d single messages, %d with several", c.single, c.batch)
		}
		c = traffic{}
		atOnce(5, func(int) error { _, err := w.post(maxLoad + 1); return err })
		if c.single != 5 || c.batch != 0 {
			t.Errorf("large shares: %d single messages, %d with several", c.single, c.batch)
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
		atOnce(5, func(int) error { _, err := w.post(32); return err })
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
		for _, do := range []func(context.Context, int) error{
			func(ctx context.Context, i int) error { return w.getWithin(ctx, ids[i]) },
			func(ctx context.Context, _ int) error { _, err := w.postWithin(ctx, 32); return err },
		} {
			for i, err := range atOnce(len(ends), func(i int) error {
				time.Sleep(time.Duration(i) * time.Millisecond) // the second one leads the trip
				ctx, cancel := context.WithTimeout(w.Context(), ends[i])
				defer cancel()
				return do(ctx, i)
			}) {
				if err != nil {
					t.Errorf("%d: %v", i, err)
				}
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
