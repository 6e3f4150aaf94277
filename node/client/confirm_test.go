package client

import (
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"dske/etsi"
	"dske/node/hub"
	"dske/node/store"
	"dske/protocol"
)

// lasting is a world whose hubs keep their state on disks.
type lasting struct {
	*world
	disks map[string]*store.MemoryDisk
}

func newLasting(t *testing.T) *lasting {
	w := &lasting{newWorldOf(t, protocol.ITS), map[string]*store.MemoryDisk{}}
	for _, name := range hubNames {
		w.disks[name] = store.NewMemoryDisk()
		w.crash(name)
	}
	return w
}

// crash replaces a hub by one that finds what its disk has.
func (w *lasting) crash(name string) {
	w.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.disks[name] = w.disks[name].Crash(func() bool { return false })
	identity := store.Identity{Kind: "hub", Node: name, Suite: w.suite.Name()}
	s, err := store.Open(store.Config{FS: w.disks[name], Dir: "/" + name, Identity: identity})
	if err != nil {
		w.Error(err)
		return
	}
	config := hub.Config{Name: name, Number: slices.Index(hubNames, name), Suite: w.suite, Directory: w.directory, Store: s}
	if w.hubs[name], err = hub.New(config); err != nil {
		w.Error(err)
	}
}

// pair runs the clients of sam and sofia, who need the shares of two hubs.
func (w *lasting) pair() (master, slave *Client) {
	carol, connie := w.config("carol", "sam"), w.config("connie", "sofia")
	carol.Threshold, connie.Threshold = 2, 2
	return w.ready(carol), w.ready(connie)
}

// wantOver checks that no node keeps anything of a key that was delivered.
func (w *lasting) wantOver(slave *Client, id uuid.UUID) {
	w.Helper()
	for _, name := range hubNames {
		if n := len(w.hubs[name].Inspect().Shares); n != 0 {
			w.Errorf("hub %s keeps %d shares of keys that were delivered", name, n)
		}
	}
	if n := slave.config.Delivered.count(); n != 0 {
		w.Errorf("%d keys are remembered of which no hub has a share", n)
	}
	if _, err := fetch(slave, "sofia", "sam", id); !errors.Is(err, etsi.ErrKeyNotFound) {
		w.Errorf("the key once more: %v", err)
	}
}

// Three hubs, more than it takes to make a key.
var most = map[string]bool{"hilary": true, "holly": true, "hugo": true}

// A hub that hears of a delivery before it gets its share would keep the share. So a hub that may
// give its share later is told later: otherwise a threshold of such hubs could deliver the key
// twice.
func TestConfirmationDoesNotOvertakeShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newLasting(t)
		master, slave := w.pair()
		posting, asking := make(chan struct{}), make(chan struct{})
		w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
			switch {
			case most[hubOf(r)] && isShare(r, "POST"):
				<-posting
			case most[hubOf(r)] && isShare(r, "GET"):
				<-asking
			}
			return next(r)
		})
		made := w.getKey(master, "sam", "sofia")
		if _, err := fetch(slave, "sofia", "sam", made.ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second) // every hub that needs to hears of the delivery
		close(posting)
		synctest.Wait()
		close(asking)
		time.Sleep(2 * time.Second)
		w.wantOver(slave, made.ID)
	})
}

// Hubs crash after they have stored their shares and before they answer. The master does not send
// these hubs the shares again in new messages: if the network held those messages back until the
// key was delivered, the hubs would take the shares for new ones.
func TestShareIsGivenInOneSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newLasting(t)
		master, slave := w.pair()
		release := make(chan struct{})
		var mu sync.Mutex
		sent := map[string]string{}
		w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
			hub, signature := hubOf(r), r.Header.Get(protocol.SignatureHeader)
			if !most[hub] || !isShare(r, "POST") {
				return next(r)
			}
			mu.Lock()
			before := sent[hub]
			sent[hub] = signature
			mu.Unlock()
			switch before {
			case "":
				_, err := next(r)
				w.crash(hub)
				return nil, errors.Join(err, errors.New("connection reset"))
			case signature:
			default:
				t.Errorf("hub %s is given its share once more", hub)
				<-release
			}
			return next(r)
		})
		made := w.getKey(master, "sam", "sofia")
		if _, err := fetch(slave, "sofia", "sam", made.ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		close(release)
		time.Sleep(2 * time.Second)
		w.wantOver(slave, made.ID)
	})
}
