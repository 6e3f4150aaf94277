package association

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dske/protocol"
)

func isPSRD(r *http.Request, owner protocol.PoolOwner) bool {
	return strings.HasSuffix(r.URL.Path, protocol.PathPSRD) && r.URL.Query().Get("pool_owner") == string(owner)
}

// atOnce calls f n times at once, and returns the errors.
func atOnce(n int, f func(i int) error) []error {
	errs := make([]error, n)
	var done sync.WaitGroup
	for i := range n {
		done.Go(func() { errs[i] = f(i) })
	}
	done.Wait()
	return errs
}

// Many messages for a hub without a session, or without PSRD, share one attempt to get it.
func TestOneAttemptForAll(t *testing.T) {
	for _, what := range []string{"registration", "client", "hub"} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, PSRD{BlockSize: 64, LowWater: 1, HighWater: 64}, 5*time.Second)
			if what != "registration" {
				w.mustPost(1)
			}
			var asked atomic.Int32
			began := time.Now()
			w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
				if what == "registration" || isPSRD(r, protocol.PoolOwner(what)) {
					if time.Since(began) < 5*time.Second { // after that, background attempts continue
						asked.Add(1)
					}
					return hang(r)
				}
				return next(r)
			})
			for _, err := range atOnce(20, func(int) error { _, err := w.post(32); return err }) {
				if err != nil && !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%s: %v", what, err)
				}
			}
			if waited := time.Since(began); waited > 5*time.Second+time.Millisecond || asked.Load() != 1 {
				t.Errorf("%s: asked %d times, %v", what, asked.Load(), waited)
			}
		})
	}
}

// A request that has little time left does not spoil the attempt for those that have more.
func TestAttemptThatIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, PSRD{}, 5*time.Second)
		w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
			time.Sleep(time.Second)
			if r.Context().Err() != nil {
				return nil, r.Context().Err()
			}
			return next(r)
		})
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		first := make(chan error)
		go func() {
			_, err := w.Reserve(ctx, 32)
			first <- err
		}()
		time.Sleep(100 * time.Millisecond)
		if _, err := w.post(32); err != nil {
			t.Error(err)
		}
		if err := <-first; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the first: %v", err)
		}
	})
}

// When many messages find a hub without PSRD, each skips a supply that another one has just made.
func TestShortageOfHub(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, PSRD{BlockSize: 4096, LowWater: 1, HighWater: 32}, 5*time.Second)
		ids := w.mustPost(20) // takes 640 bytes of the hub's PSRD
		var blocks atomic.Int32
		w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
			if isPSRD(r, protocol.OwnerHub) {
				blocks.Add(1)
			}
			response, err := next(r)
			if r.Method == http.MethodGet && isInBand(r) {
				time.Sleep(time.Second) // so that all of them are refused before there is more
			}
			return response, err
		})
		for left := w.Inspect().PeerPool.Unused(); left >= 64; left = w.Inspect().PeerPool.Unused() {
			w.mustPost(1)
		}
		for i, err := range atOnce(len(ids), func(i int) error { return w.get(ids[i]) }) {
			if err != nil {
				t.Errorf("%d: %v", i, err)
			}
		}
		if n := blocks.Load(); n != 1 {
			t.Errorf("%d blocks for one shortage", n)
		}
	})
}

// Requests that wait for a hub get its PSRD in the order in which they came.
func TestLineBeforeReserve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, PSRD{BlockSize: 64, LowWater: 1, HighWater: 64}, 5*time.Second)
		w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
			time.Sleep(time.Second)
			return next(r)
		})
		var reserved [20]*Reservation
		var order []int
		var mu sync.Mutex
		var done sync.WaitGroup
		for i := range reserved {
			done.Go(func() {
				var err error
				if reserved[i], err = w.Reserve(t.Context(), 32); err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				order = append(order, i)
			})
			synctest.Wait()
		}
		done.Wait()
		local := w.Inspect().LocalPool
		for i, r := range reserved {
			if place := r.PadFragments(); len(place) != 1 || place[0].Block != local.Blocks[i].UUID {
				t.Errorf("%d has %v of %v", i, place, local.Blocks)
			}
			if order[i] != i {
				t.Errorf("served in the order %v", order)
			}
		}
	})
}

func TestBusyHub(t *testing.T) {
	w := newWorld(t, PSRD{}, time.Second)
	w.outstanding.Store(maxOutstanding)
	if _, err := w.post(32); !errors.Is(err, errBusy) {
		t.Errorf("got %v", err)
	}
}
