package association

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"dske/node"
	"dske/node/hub"
	"dske/node/store"
	"dske/protocol"
	"dske/psrd"
)

// newMarkedWorld is newWorldOf with a hub and a client that both keep their state.
func newMarkedWorld(t *testing.T, sizes PSRD) *world {
	w := newWorldOf(t, protocol.ITS, sizes, time.Second)
	directory, err := node.NewDirectory(false, []node.Enrolment{{Name: "carol", Encryptors: []string{"sam"}, Hubs: []string{"hank"}}})
	if err != nil {
		t.Fatal(err)
	}
	if w.hub, err = hub.New(hub.Config{Name: "hank", Directory: directory, Suite: w.suite, Store: newStore(t)}); err != nil {
		t.Fatal(err)
	}
	w.config.Store = newStore(t)
	return w
}

func newStore(t *testing.T) *store.Store {
	s, err := store.Open(store.Config{FS: store.NewMemoryDisk(), Dir: "/"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func isMarks(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, protocol.PathMarks) }

// countMarks counts the raises of marks and delays each of them.
func (w *world) countMarks(take time.Duration) (count func() int) {
	n := 0
	w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
		if isMarks(r) {
			w.mu.Lock()
			n++
			w.mu.Unlock()
			time.Sleep(take)
		}
		return next(r)
	})
	return func() int {
		w.mu.Lock()
		defer w.mu.Unlock()
		return n
	}
}

func keysOf(n int) protocol.DeliveredKeys {
	d := protocol.DeliveredKeys{MasterSAE: "sam", SlaveSAE: "sam"}
	for range n {
		d.KeyIDs = append(d.KeyIDs, uuid.New())
	}
	return d
}

// The hub is told of deliveries after a second, or at once when there are many, and of all of them
// however many wait.
func TestConfirm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMarkedWorld(t, PSRD{})
		confirmed := 0
		w.config.Confirmed = func(d protocol.DeliveredKeys) { confirmed += len(d.KeyIDs) }
		w.Maintain()
		synctest.Wait()
		count := w.countMarks(0)
		want := func(keys, marks int) {
			t.Helper()
			synctest.Wait()
			if confirmed != keys || count() != marks {
				t.Errorf("%d keys are confirmed by %d messages, want %d by %d", confirmed, count(), keys, marks)
			}
		}
		w.Confirm(keysOf(2))
		time.Sleep(confirmWithin / 2)
		w.Confirm(keysOf(1))
		want(0, 0)
		time.Sleep(confirmWithin / 2)
		want(3, 1)
		w.Confirm(keysOf(confirmAt - 1))
		want(3, 1)
		w.Confirm(keysOf(1))
		want(3+confirmAt, 2)
		time.Sleep(confirmWithin)
		for range protocol.MaxDelivered {
			w.Confirm(keysOf(2))
		}
		time.Sleep(confirmWithin)
		synctest.Wait()
		if confirmed != 3+confirmAt+2*protocol.MaxDelivered {
			t.Errorf("%d keys are confirmed", confirmed)
		}
	})
}

// When the time to confirm comes while a message that confirms is under way, no other message is
// sent.
func TestConfirmWhileItIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMarkedWorld(t, PSRD{})
		w.Maintain()
		synctest.Wait()
		count := w.countMarks(confirmWithin / 2)
		w.Confirm(keysOf(1))
		time.Sleep(confirmWithin * 3 / 4)
		w.Maintain()
		time.Sleep(time.Hour)
		if n := count(); n != 1 {
			t.Errorf("%d messages", n)
		}
	})
}

// A client that does not know whether a hub wants to hear of deliveries finds out.
func TestConfirmToWhoDoesNotListen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorldOf(t, protocol.ITS, PSRD{}, time.Second)
		confirmed := 0
		w.config.Confirmed = func(d protocol.DeliveredKeys) { confirmed += len(d.KeyIDs) }
		w.Maintain()
		synctest.Wait()
		w.Confirm(keysOf(1))
		time.Sleep(time.Hour)
		synctest.Wait()
		if confirmed != 1 {
			t.Errorf("%d keys are confirmed", confirmed)
		}
	})
}

// marksAt returns the sum of the marks of a pool at the hub.
func (w *world) marksAt(to supply) (sum int) {
	w.Helper()
	turn, err := w.join(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	defer turn.leave()
	seen, err := turn.view(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	for _, b := range seen.Blocks {
		if b.Owner == to.owner && b.Purpose == to.purpose {
			sum += b.Mark
		}
	}
	return sum
}

// fetchNow has a pool get size bytes more.
func (w *world) fetchNow(to supply, size int) error {
	w.Helper()
	turn, err := w.join(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	defer turn.leave()
	return turn.fetch(w.Context(), w.current(), to, size)
}

// Marks that the hub has not heard of are told again, even if nothing is short here: the hub may
// not use bytes that it does not know to be open.
func TestMarksAreToldAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMarkedWorld(t, PSRD{})
		w.Maintain()
		synctest.Wait()
		to := supply{protocol.OwnerHub, psrd.ForKeys}
		before := w.marksAt(to)
		lost := 0
		w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
			if isMarks(r) {
				lost++
				return nil, errors.New("cut")
			}
			return next(r)
		})
		if err := w.fetchNow(to, 4096); err == nil {
			t.Error("it says that the hub has heard of the marks")
		}
		w.onTheWire(nil)
		w.maintainIfNeeded() // as after every message
		time.Sleep(time.Minute)
		if after := w.marksAt(to); lost == 0 || after < before+4096 {
			t.Errorf("%d lost; the hub may use up to %d, before %d", lost, after, before)
		}
	})
}

// A block that did not arrive takes no room at the hub: before the client asks for another block,
// it says which blocks it has.
func TestLostBlocksAreDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMarkedWorld(t, PSRD{})
		w.Maintain()
		synctest.Wait()
		to := supply{protocol.OwnerHub, psrd.ForKeys}
		var order []string
		w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
			order = append(order, path.Base(r.URL.Path))
			response, err := next(r)
			if len(order) == 1 {
				return nil, errors.New("cut")
			}
			return response, err
		})
		if err := w.fetchNow(to, 4096+protocol.DefaultBlockSize); err == nil {
			t.Error("it has arrived")
		}
		if err := w.fetchNow(to, 4096+protocol.DefaultBlockSize); err != nil {
			t.Error(err)
		}
		if want := []string{"psrd", "marks", "psrd", "marks"}; !slices.Equal(order, want) {
			t.Errorf("the requests are %v, want %v", order, want)
		}
	})
}

// Marks go twice as far ahead each time that they are raised again soon, up to a limit. After a
// pause they start again from the minimum.
func TestAheadDoubles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMarkedWorld(t, PSRD{BlockSize: 256 << 10, HighWater: 256 << 10})
		w.Maintain()
		synctest.Wait()
		to := supply{protocol.OwnerClient, psrd.ForPads}
		open := func() int {
			open, _ := w.current().pool(to).Stock()
			return open
		}
		useUp := func() {
			t.Helper()
			a, err := w.current().pool(to).Allocate(open())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := a.Consume(); err != nil {
				t.Fatal(err)
			}
			w.Maintain()
			synctest.Wait()
		}
		for _, want := range []int{8 << 10, 16 << 10, 32 << 10, 64 << 10, 64 << 10} {
			time.Sleep(raisesApart / 2)
			if useUp(); open() != want {
				t.Errorf("%d bytes are open, want %d", open(), want)
			}
		}
		time.Sleep(raisesApart)
		if useUp(); open() != minAhead {
			t.Errorf("%d bytes are open, want %d", open(), minAhead)
		}
	})
}

// A hub that seems to lack bytes is asked again once the marks that bring these bytes are raised,
// even while hints must not lead to questions.
func TestWaitsForMarks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMarkedWorld(t, PSRD{})
		w.Maintain()
		synctest.Wait()
		w.doubt.settle(true, false)
		var order []string
		w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
			order = append(order, path.Base(r.URL.Path))
			if len(order) > 1 {
				return next(r)
			}
			w.current().unheard.Store(true) // as if a message with marks had been lost just now
			lacks := httptest.NewRecorder()
			lacks.WriteHeader(http.StatusServiceUnavailable)
			body, err := json.Marshal(node.NewError(&psrd.ExhaustedError{Needed: 32}, "pool_owner", protocol.OwnerHub))
			if err != nil {
				t.Error(err)
			}
			lacks.Write(body)
			return lacks.Result(), nil
		})
		if err := w.get(uuid.New()); !errors.Is(err, protocol.ErrUnknownKey) {
			t.Errorf("it says %v", err)
		}
		if want := []string{"key-share", "marks", "key-share"}; !slices.Equal(order, want) {
			t.Errorf("the requests are %v, want %v", order, want)
		}
	})
}
