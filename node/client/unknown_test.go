package client

import (
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"dske/etsi"
	"dske/node"
	"dske/protocol"
)

// A key that no hub knows is asked for only once in a while, however often an encryptor asks.
func TestUnknownKeysCostLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		connie := w.run(w.config("connie", "sofia"))
		<-connie.Ready()
		var asked atomic.Int32
		w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
			if isShare(r, http.MethodGet) {
				asked.Add(1)
			}
			return next(r)
		})
		fetch := func(id uuid.UUID) {
			t.Helper()
			if _, err := connie.GetKeyWithKeyIDs(t.Context(), "sofia", "sam", []uuid.UUID{id}); !errors.Is(err, etsi.ErrKeyNotFound) {
				t.Errorf("%v, want %v", err, etsi.ErrKeyNotFound)
			}
		}
		id := uuid.New()
		for range 100 {
			fetch(id)
		}
		if n := int(asked.Load()); n != len(hubNames) {
			t.Errorf("%d messages for 100 requests", n)
		}
		time.Sleep(node.UnknownFor)
		fetch(id)
		if n := int(asked.Load()); n != 2*len(hubNames) {
			t.Errorf("%d messages after the key may have become known", n)
		}
		for range node.MaxUnknown + 100 {
			fetch(uuid.New())
		}
		if n := len(connie.unknown.until); n != node.MaxUnknown {
			t.Errorf("%d keys are remembered", n)
		}
	})
}

// Hubs are not asked for keys of a master that cannot exist.
func TestKeysOfUnknownMastersCostNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		closed := newEnrolled(t, protocol.ITS, func(*Config) {})
		open := newWorldOf(t, protocol.ITS)
		for _, test := range []struct {
			w       *world
			connie  *Client
			masters []string
		}{
			{closed.world, closed.clients["connie"], []string{"nobody", "carol", "sam ", "", "\xff", strings.Repeat("a", 20_000)}},
			{open, open.ready(open.config("connie", "sofia")), []string{"sam ", "", "\xff", strings.Repeat("a", 256)}},
		} {
			synctest.Wait()
			test.w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
				t.Errorf("%s %s", r.Method, r.URL.Path)
				return next(r)
			})
			for _, master := range test.masters {
				if _, err := test.connie.GetKeyWithKeyIDs(t.Context(), "sofia", master, []uuid.UUID{uuid.New()}); !errors.Is(err, etsi.ErrKeyNotFound) {
					t.Errorf("%.20q: %v, want %v", master, err, etsi.ErrKeyNotFound)
				}
			}
			test.w.onTheWire(nil)
		}
	})
}

// A key that a hub may have because it did not answer is asked for again.
func TestKeysThatMayBeThereAreAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		connie := w.run(w.config("connie", "sofia"))
		<-connie.Ready()
		var asked atomic.Int32
		w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
			if isShare(r, http.MethodGet) && asked.Add(1) > 0 && hubOf(r) == "hank" {
				return stopped()
			}
			return next(r)
		})
		id := []uuid.UUID{uuid.New()}
		for range 2 {
			if _, err := connie.GetKeyWithKeyIDs(t.Context(), "sofia", "sam", id); err == nil {
				t.Fatal("got a key that no hub gave")
			}
		}
		if n := int(asked.Load()); n < 2*len(hubNames) {
			t.Errorf("%d messages for two requests", n)
		}
	})
}
