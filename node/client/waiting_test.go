package client

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"dske/etsi"
	"dske/protocol"
)

// Many requests that need a hub that hangs share one attempt to register with it, and its outcome.
func TestManyWaitForOneRegistration(t *testing.T) {
	const backoff = 50 * time.Millisecond                       // after the first failure
	for _, since := range []time.Duration{0, 2 * time.Second} { // how long an attempt in the background is under way
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			config := w.config("carol", "sam", "serena")
			config.Threshold = 4
			var registrations atomic.Int32
			w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
				if hubOf(r) == "hank" || hubOf(r) == "helen" {
					registrations.Add(1)
					return hang(r, next)
				}
				return next(r)
			})
			carol := w.run(config)
			time.Sleep(5*time.Second + backoff/2)
			if since > 0 {
				time.Sleep(backoff + since)
			}
			began := time.Now()
			before := registrations.Load()
			var done sync.WaitGroup
			for range 20 {
				done.Go(func() {
					_, err := carol.GetKey(context.Background(), "sam", "serena", etsi.KeyRequest{Number: 1, Size: 256})
					waited := time.Since(began)
					text, ok := is503(err, "scatter")
					if !ok || strings.Count(text, "no answer in") != 2 || !strings.Contains(text, "hank") || waited > 5*time.Second+100*time.Millisecond {
						t.Errorf("after %v: %v", waited, err)
					}
					if said := strings.Contains(text, "no answer in 5s"); said != (since == 0) {
						t.Errorf("after %v: %s", waited, text)
					}
				})
			}
			done.Wait()
			if n := registrations.Load() - before; n > 2 {
				t.Errorf("%d registrations", n)
			}
		})
	}
}

// A request that needs a hub asks it at once, however long ago the last attempt failed.
func TestRequestDoesNotWaitForBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.onTheWire(func(*http.Request, roundTrip) (*http.Response, error) { return stopped() })
		carol := w.run(w.config("carol", "sam", "serena"))
		time.Sleep(time.Minute)
		w.onTheWire(nil)
		began := time.Now()
		w.getKey(carol, "sam", "serena")
		if waited := time.Since(began); waited > 0 {
			t.Errorf("after %v", waited)
		}
	})
}

// A second request for a key that is being fetched waits no longer than its own deadline.
func TestSecondFetchWaitsWithItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		carol, connie := w.ready(w.config("carol", "sam")), w.ready(w.config("connie", "sofia"))
		made := w.getKey(carol, "sam", "sofia")
		w.onTheWire(hang)
		first := make(chan error)
		go func() {
			_, err := fetch(connie, "sofia", "sam", made.ID)
			first <- err
		}()
		time.Sleep(time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		began := time.Now()
		_, err := connie.GetKeyWithKeyIDs(ctx, "sofia", "sam", []uuid.UUID{uuid.Max, made.ID, uuid.Nil})
		if waited := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || waited != 100*time.Millisecond {
			t.Errorf("after %v: %v", waited, err)
		}
		if text, ok := is503(<-first, "gather"); !ok || strings.Count(text, "no answer in 5s") != 5 {
			t.Errorf("the first: %s", text)
		}
		if n := kept(connie); n != 0 {
			t.Errorf("%d gathers are kept", n)
		}
	})
}

// A second request for a key whose shares are on their way waits for the hubs' answers. The hubs,
// which forget a share that they have given, would say that they do not know the key.
func TestAskingTwiceDoesNotMakeAKeyUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorldOf(t, protocol.ITS)
		carol, connie := w.ready(w.config("carol", "sam")), w.ready(w.config("connie", "sofia"))
		made, other := w.getKey(carol, "sam", "sofia"), w.getKey(carol, "sam", "sofia")
		w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
			response, err := next(r)
			time.Sleep(2 * time.Second)
			return response, err
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := connie.GetKeyWithKeyIDs(ctx, "sofia", "sam", []uuid.UUID{made.ID}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the first time: %v", err)
		}
		if key, err := fetch(connie, "sofia", "sam", made.ID, other.ID); err != nil || !bytes.Equal(key, made.Key.Reveal()) {
			t.Errorf("the second time: %x, %v", key, err)
		}
		synctest.Wait()
		if n := kept(connie); n != 0 {
			t.Errorf("%d gathers are kept", n)
		}
	})
}

// A hub that did not answer the first request is asked again when the key is requested again.
func TestHubIsAskedAgainWhenItDidNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorldOf(t, protocol.ITS)
		carol, connie := w.ready(w.config("carol", "sam")), w.ready(w.config("connie", "sofia"))
		made := w.getKey(carol, "sam", "sofia")
		w.onTheWire(hang)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := connie.GetKeyWithKeyIDs(ctx, "sofia", "sam", []uuid.UUID{made.ID}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the first time: %v", err)
		}
		w.onTheWire(nil)
		if key, err := fetch(connie, "sofia", "sam", made.ID); err != nil || !bytes.Equal(key, made.Key.Reveal()) {
			t.Errorf("the second time: %x, %v", key, err)
		}
	})
}

// Shares that arrive after the encryptor has gone are kept: a hub forgets a share that it has
// given.
func TestSharesThatComeLateAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		carol, connie := w.ready(w.config("carol", "sam")), w.ready(w.config("connie", "sofia"))
		made := w.getKey(carol, "sam", "sofia")
		w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
			response, err := next(r)
			time.Sleep(time.Second)
			return response, err
		})
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if _, err := connie.GetKeyWithKeyIDs(ctx, "sofia", "sam", []uuid.UUID{made.ID}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		time.Sleep(2 * time.Second)
		w.onTheWire(hang)
		if _, err := fetch(connie, "sofia", "sam", made.ID); err != nil {
			t.Error(err)
		}
	})
}
