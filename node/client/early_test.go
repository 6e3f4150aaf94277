package client

import (
	"bytes"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
)

// slowly delays the messages that bring shares to some hubs by the given times.
func slowly(takes map[string]time.Duration) func(r *http.Request, next roundTrip) (*http.Response, error) {
	return func(r *http.Request, next roundTrip) (*http.Response, error) {
		if r.Method == http.MethodPost {
			time.Sleep(takes[hubOf(r)])
		}
		return next(r)
	}
}

// The master does not wait long for distant hubs. A slave that asks at once gets the key even if
// all but one of the hubs fail that had their shares when the master got its answer.
func TestSlaveWaitsForSharesOnTheirWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		carol, connie := w.ready(w.config("carol", "sam")), w.ready(w.config("connie", "sofia"))
		w.onTheWire(slowly(map[string]time.Duration{"holly": stragglerGrace + 20*time.Millisecond, "hugo": stragglerGrace + 25*time.Millisecond}))
		began := time.Now()
		made := w.getKey(carol, "sam", "sofia")
		if waited := time.Since(began); waited > stragglerGrace {
			t.Errorf("the master waited for %v", waited)
		}
		w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
			if hub := hubOf(r); hub == "hank" || hub == "helen" {
				return stopped()
			}
			return next(r)
		})
		began = time.Now()
		got, err := fetch(connie, "sofia", "sam", made.ID)
		if waited := time.Since(began); err != nil || !bytes.Equal(got, made.Key.Reveal()) || waited > 50*time.Millisecond {
			t.Errorf("after %v: %v", waited, err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := len(connie.gathers); n > 0 {
			t.Errorf("%d gathers are left", n)
		}
	})
}

// A request for a key that no hub knows does not wait.
func TestUnknownKeyIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		connie := w.ready(w.config("connie", "sofia"))
		began := time.Now()
		if _, err := fetch(connie, "sofia", "sam", uuid.New()); err == nil || time.Since(began) > time.Millisecond {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
}
