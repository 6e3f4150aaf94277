package association

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dske/node"
	"dske/protocol"
	"dske/psrd"
)

// newCourierWorld is newWorld with PSRD that comes by courier.
func newCourierWorld(t *testing.T) (*world, *Courier) {
	w := newWorld(t, PSRD{}, time.Second)
	c := &Courier{}
	w.Association.config.Couriers = map[string]*Courier{"hank": c}
	a, err := New(w.Association.config, w.Association.hub)
	if err != nil {
		t.Fatal(err)
	}
	w.Association = a
	return w, c
}

// Without PSRD nothing is fetched, and the error says when the courier comes. After a delivery the
// pools hold exactly what the courier has brought, even if the hub could not be reached at first.
func TestCourier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, c := newCourierWorld(t)
		next := time.Now().Add(time.Hour)
		c.Bring(0, next)
		for range 2 {
			_, err := w.post(32)
			var awaits *CourierError
			if !errors.As(err, &awaits) || !awaits.Next.Equal(next) || !errors.Is(err, psrd.ErrExhausted) {
				t.Fatal(err)
			}
		}
		w.onTheWire(func(*http.Request, roundTrip) (*http.Response, error) { return nil, errors.New("cut") })
		c.Bring(1024, time.Time{})
		time.Sleep(time.Minute)
		w.onTheWire(nil)
		time.Sleep(10 * time.Minute)
		for _, to := range w.supplies() {
			if got := w.current().pool(to).Available(); got != 1024 {
				t.Errorf("%v has %d bytes", to, got)
			}
		}
		w.mustPost(1024 / 64) // a pad and a signing key each
		_, err := w.post(32)
		if !errors.Is(err, psrd.ErrExhausted) || !strings.Contains(err.Error(), "no courier is expected") {
			t.Error(err)
		}
	})
}

// The last PSRD is used up even by concurrent requests: what is too little for all of them is
// enough for some.
func TestLastPSRDGoesToSome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, c := newCourierWorld(t)
		c.Bring(1024, time.Time{})
		w.mustPost(1)
		w.onTheWire(untilGone(time.Millisecond))
		left := w.current().pool(supply{owner: protocol.OwnerClient}).Available()
		posted := 0
		for _, err := range atOnce(20, func(int) error { _, err := w.post(100); return err }) {
			if err == nil {
				posted++
			} else if !errors.Is(err, psrd.ErrExhausted) {
				t.Error(err)
			}
		}
		if most := left / (100 + protocol.SigningKeySize); posted != most {
			t.Errorf("%d shares were posted with %d bytes, want %d", posted, left, most)
		}
	})
}

// hubIsFull answers like a hub that has no room for PSRD.
func hubIsFull(r *http.Request, next roundTrip) (*http.Response, error) {
	if r.URL.Path != "/hub/hank"+protocol.PathPSRD {
		return next(r)
	}
	full := httptest.NewRecorder()
	node.WriteError(full, node.NewError(protocol.ErrFull))
	return full.Result(), nil
}

// A delivery that the hub has no room for is taken back, and the association continues.
func TestCourierFindsNoRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, c := newCourierWorld(t)
		c.Bring(1024, time.Time{})
		w.mustPost(1)
		w.onTheWire(hubIsFull)
		c.Bring(1024, time.Time{})
		time.Sleep(time.Second)
		for _, to := range w.supplies() {
			if left := c.waiting(to); left != 0 {
				t.Errorf("%d bytes wait for %v", left, to)
			}
		}
		w.mustPost(1)
	})
}

// A client that keeps its state takes a delivery once, even if it is brought again because only the
// client knows of it.
func TestDeliveryCountsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMarkedWorld(t, PSRD{})
		var c *Courier
		start := func(brought int) {
			c = &Courier{}
			w.Association.config.Couriers = map[string]*Courier{"hank": c}
			a, err := New(w.Association.config, w.Association.hub)
			if err != nil {
				t.Fatal(err)
			}
			w.Association = a
			c.Bring(brought, time.Time{})
			synctest.Wait()
		}
		wantStock := func(want int) {
			t.Helper()
			for _, to := range w.supplies() {
				if got := stockOf(w.current().pool(to)); got != want {
					t.Errorf("%v has %d bytes, want %d", to, got, want)
				}
			}
		}
		const first = 32 << 10
		start(first)
		wantStock(first)
		start(first)
		wantStock(first - minAhead)
		c.Bring(1024, time.Time{})
		synctest.Wait()
		wantStock(first - minAhead + 1024)
		w.onTheWire(hubIsFull)
		c.Bring(1024, time.Time{}) // it is taken back
		synctest.Wait()
		w.onTheWire(nil)
		start(first + 1024 + 1024)
		wantStock(first - 2*minAhead + 1024)
	})
}
