package client

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dske/node/hub"
	"dske/node/store"
	"dske/protocol"
)

// keepState replaces all hubs by fresh ones that keep their state on disks.
func (w *world) keepState() {
	w.Helper()
	for i, name := range hubNames {
		identity := store.Identity{Kind: "hub", Node: name, Suite: w.suite.Name()}
		s, err := store.Open(store.Config{FS: store.NewMemoryDisk(), Dir: "/" + name, Identity: identity})
		if err != nil {
			w.Fatal(err)
		}
		if w.hubs[name], err = hub.New(hub.Config{Name: name, Number: i, Suite: w.suite, Directory: w.directory, Store: s}); err != nil {
			w.Fatal(err)
		}
	}
}

// A hub that hears of a delivery before it gets its share keeps the share. So that is not when it
// is told, if it gives its share later: as many of them as make a key would give it once more.
func TestConfirmationDoesNotOvertakeShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorldOf(t, protocol.ITS)
		w.keepState()
		carol, connie := w.config("carol", "sam"), w.config("connie", "sofia")
		carol.Threshold, connie.Threshold = 2, 2
		master, slave := w.ready(carol), w.ready(connie)

		late := map[string]bool{"hilary": true, "holly": true, "hugo": true}
		posting, asking := make(chan struct{}), make(chan struct{})
		w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
			switch {
			case late[hubOf(r)] && isShare(r, "POST"):
				<-posting
			case late[hubOf(r)] && isShare(r, "GET"):
				<-asking
			}
			return next(r)
		})
		made := w.getKey(master, "sam", "sofia")
		if _, err := fetch(slave, "sofia", "sam", made.ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second) // all hear of the delivery that are to
		close(posting)
		synctest.Wait()
		close(asking)
		time.Sleep(2 * time.Second)
		for _, name := range hubNames {
			if n := len(w.hubs[name].Inspect().Shares); n != 0 {
				t.Errorf("hub %s keeps %d shares of keys that were delivered", name, n)
			}
		}
		if n := slave.config.Delivered.count(); n != 0 {
			t.Errorf("%d keys are remembered of which no hub has a share", n)
		}
		if _, err := fetch(slave, "sofia", "sam", made.ID); err == nil || strings.Contains(err.Error(), "enough shares") {
			t.Errorf("the key once more: %v", err)
		}
	})
}
