package association

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// blocks returns the number of blocks in the pool that has the most, at either end.
func (w *world) blocks() int {
	most := 0
	client, hub := w.Inspect(), w.hub.Inspect().PeerClients[0]
	for _, pool := range []int{len(client.LocalPool.Blocks), len(client.PeerPool.Blocks), len(hub.LocalPool.Blocks), len(hub.PeerPool.Blocks)} {
		most = max(most, pool)
	}
	return most
}

// A message that is delayed by less than clients wait still finds its PSRD, even if later blocks
// have long been in use.
func TestDelayedMessage(t *testing.T) {
	for _, delayed := range []string{"request", "response"} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, PSRD{BlockSize: 128, LowWater: 1, HighWater: 128}, time.Minute)
			w.mustPost(1)
			w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
				w.onTheWire(nil)
				if delayed == "request" {
					time.Sleep(25 * time.Second)
				}
				response, err := next(r)
				if delayed == "response" {
					time.Sleep(25 * time.Second)
				}
				return response, err
			})
			done := make(chan error)
			go func() {
				_, err := w.post(32)
				done <- err
			}()
			time.Sleep(time.Second)
			for range 23 {
				w.mustPost(5)
				w.Sweep()
				time.Sleep(time.Second)
			}
			if err := <-done; err != nil {
				t.Errorf("a %s that is delayed: %v", delayed, err)
			}
		})
	}
}

// Parts of blocks that lost messages leave behind are given up at the end that does not choose from
// them, and nothing else is.
func TestLostMessagesAreGivenUp(t *testing.T) {
	for _, lost := range []string{"requests", "responses"} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, PSRD{BlockSize: 128, LowWater: 1, HighWater: 128}, time.Second)
			w.mustPost(1)
			w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
				if !isInBand(r) {
					return next(r)
				}
				if lost == "responses" {
					if response, err := next(r); err != nil || response.StatusCode != http.StatusOK {
						return response, err
					}
				}
				return nil, errors.New("connection reset")
			})
			for range 20 {
				w.post(32)
			}
			w.onTheWire(nil)
			w.mustPost(8)
			if n := w.blocks(); n < 5 {
				t.Errorf("%d blocks in a pool: there is nothing to give up", n)
			}
			time.Sleep(10 * time.Second)
			w.Sweep()
			w.mustPost(1)
			if n := w.blocks(); n > 3 {
				t.Errorf("lost %s leave %d blocks", lost, n)
			}
		})
	}
}
