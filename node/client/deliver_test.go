package client

import (
	"bytes"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"dske/protocol"
)

// With one dishonest hub less than the threshold, a key is delivered once. The dishonest hubs give
// their shares as often as they like, and an honest hub that was held up, or got its share late,
// gives it once more.
func TestNoSecondDeliveryWithLiars(t *testing.T) {
	for name, test := range map[string]struct{ down, late map[string]bool }{
		"two hubs were held up":               {down: map[string]bool{"holly": true, "hugo": true}},
		"two hubs were given theirs too late": {late: map[string]bool{"holly": true, "hugo": true}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorldOf(t, protocol.ITS)
				connie := w.ready(w.config("connie", "sofia"))
				mallory := w.newInsider("mallory", "mal")
				id, shares := mallory.scatterBut(test.late, "mal", "sofia", []byte("sixteen bytes..."))
				w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
					if test.down[hubOf(r)] {
						return stopped()
					}
					return next(r)
				})
				if key, err := fetch(connie, "sofia", "mal", id); err != nil || !bytes.Equal(key, []byte("sixteen bytes...")) {
					t.Fatal(key, err)
				}
				synctest.Wait()
				w.onTheWire(nil)
				for n, hub := range hubNames {
					if n < 2 || test.late[hub] { // the first two play the liars
						mallory.post(hub, "mal", "sofia", id, shares[n])
					}
				}
				if key, err := fetch(connie, "sofia", "mal", id); err == nil {
					t.Errorf("the key was delivered, and is once more: %q", key)
				}
			})
		})
	}
}

// A delivery is remembered until the shares have expired or every hub has given its share.
func TestDeliveredIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorldOf(t, protocol.ITS)
		carol, connie := w.ready(w.config("carol", "sam")), w.ready(w.config("connie", "sofia"))
		deliver := func() {
			made := w.getKey(carol, "sam", "sofia")
			synctest.Wait()
			if _, err := fetch(connie, "sofia", "sam", made.ID); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		deliver()
		if n := connie.config.Delivered.count(); n != 0 {
			t.Errorf("%d keys are remembered of which every hub has given its share", n)
		}
		w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
			if hubOf(r) == "holly" && isShare(r, "GET") {
				return stopped()
			}
			return next(r)
		})
		deliver()
		if n := connie.config.Delivered.count(); n != 1 {
			t.Errorf("%d keys are remembered, want that of which holly has a share", n)
		}
		time.Sleep(connie.config.KeyTTL + time.Minute)
		synctest.Wait()
		if n := connie.config.Delivered.count(); n != 0 {
			t.Errorf("%d keys are remembered whose shares have expired", n)
		}
	})
}

// count returns how many keys are remembered.
func (d *Delivered) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.keys)
}
