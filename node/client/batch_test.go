package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"dske/etsi"
	"dske/protocol"
)

// counter counts the requests about shares, by method and path.
type counter struct {
	mu     sync.Mutex
	counts map[string]int
}

func (c *counter) watch(r *http.Request, next roundTrip) (*http.Response, error) {
	c.mu.Lock()
	if strings.Contains(r.URL.Path, "/key-share") {
		c.counts[r.Method+" "+r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]]++
	}
	c.mu.Unlock()
	return next(r)
}

func (c *counter) count(what string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts[what]
}

// getKeys makes keys at c and fetches them at d.
func getKeys(t *testing.T, c, d *Client, number, bits int) {
	t.Helper()
	if err := exchange(c, d, number, bits); err != nil {
		t.Fatal(err)
	}
}

func exchange(c, d *Client, number, bits int) error {
	made, err := c.GetKey(context.Background(), "sam", "sofia", etsi.KeyRequest{Number: number, Size: bits})
	if err != nil {
		return err
	}
	var ids []uuid.UUID
	for _, k := range made {
		ids = append(ids, k.ID)
	}
	fetched, err := d.GetKeyWithKeyIDs(context.Background(), "sofia", "sam", ids)
	if err != nil {
		return err
	}
	if len(made) != number || len(fetched) != number {
		return fmt.Errorf("%d keys made and %d fetched", len(made), len(fetched))
	}
	for i := range made {
		if made[i].ID != fetched[i].ID || !bytes.Equal(made[i].Key.Reveal(), fetched[i].Key.Reveal()) || len(made[i].Key.Reveal())*8 != bits {
			return fmt.Errorf("key %d differs", i)
		}
	}
	return nil
}

func TestManyKeysInOneMessage(t *testing.T) {
	for _, suite := range both {
		for _, keys := range []struct{ number, bits, messages int }{
			{1, 256, 0}, {2, 256, 1}, {128, 256, 1}, {20, 8 << 10, 1},
		} {
			synctest.Test(t, func(t *testing.T) {
				w := newWorldOf(t, suite)
				carol, connie := w.ready(w.config("carol", "sam")), w.ready(w.config("connie", "sofia"))
				c := &counter{counts: map[string]int{}}
				w.onTheWire(c.watch)
				getKeys(t, carol, connie, keys.number, keys.bits)
				synctest.Wait()
				if keys.messages == 1 && suite == protocol.Python && (c.count("POST key-shares") != 5 || c.count("POST key-share") != 0) {
					t.Errorf("%d keys of %d bits: %v", keys.number, keys.bits, c.counts)
				}
				if keys.number == 1 && (c.count("POST key-shares") != 0 || c.count("GET key-shares") != 0) {
					t.Errorf("one key: %v", c.counts)
				}
				if got := len(connie.gathers); got != 0 {
					t.Errorf("%d gathers are kept", got)
				}
			})
		}
	}
}

func TestLargeKeysTakeSeveralMessages(t *testing.T) {
	w := newWorld(t)
	ready := func(name, encryptor string) *Client {
		config := w.config(name, encryptor)
		config.Hubs, config.Threshold = config.Hubs[:2], 2
		return w.ready(config)
	}
	carol, connie := ready("carol", "sam"), ready("connie", "sofia")
	c := &counter{counts: map[string]int{}}
	w.onTheWire(c.watch)
	getKeys(t, carol, connie, 3, 8*400_000) // two of them fit into a message
	if posts := c.count("POST key-shares"); posts != 2 {
		t.Errorf("%d messages with several shares", posts)
	}
}

// The hubs of the Python implementation understand only messages with one share.
func TestHubThatKnowsNoBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		carol, connie := w.ready(w.config("carol", "sam")), w.ready(w.config("connie", "sofia"))
		c := &counter{counts: map[string]int{}}
		w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
			return c.watch(r, func(r *http.Request) (*http.Response, error) {
				if !strings.HasSuffix(r.URL.Path, "/key-shares") {
					return next(r)
				}
				recorder := httptest.NewRecorder()
				recorder.WriteHeader(http.StatusNotFound)
				recorder.WriteString(`{"detail":"Not Found"}`)
				return recorder.Result(), nil
			})
		})
		getKeys(t, carol, connie, 4, 256)
		synctest.Wait() // by now every hub has refused a batch
		getKeys(t, carol, connie, 3, 256)
		synctest.Wait()
		if c.count("POST key-shares") != 5 || c.count("POST key-share") != 7*5 || c.count("GET key-shares") != 5 || c.count("GET key-share") != 7*5 {
			t.Errorf("got %v", c.counts)
		}
	})
}

func TestKeysFromPSRD(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorldOf(t, protocol.ITS)
		config := w.config("carol", "sam")
		config.KeysFromPSRD = true
		config.Random = func(purpose string) io.Reader {
			if purpose == "key IDs" {
				return rand.Reader
			}
			return iotest.ErrReader(errors.New("there is no randomness"))
		}
		carol, connie := w.ready(config), w.ready(w.config("connie", "sofia"))
		var mu sync.Mutex
		zero := map[string]bool{}
		w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
			if r.Method == "POST" {
				body, _ := io.ReadAll(r.Body)
				r.Body = io.NopCloser(bytes.NewReader(body))
				var m struct {
					Value []byte `json:"encrypted_share_value"`
				}
				json.Unmarshal(body, &m)
				mu.Lock()
				zero[hubOf(r)] = len(m.Value) > 0 && bytes.Count(m.Value, []byte{0}) == len(m.Value)
				mu.Unlock()
			}
			return next(r)
		})
		check := func(want ...string) {
			t.Helper()
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			for _, hub := range hubNames {
				if zero[hub] != (strings.Contains(strings.Join(want, " "), hub)) {
					t.Errorf("the encrypted shares of %s are zero: %v", hub, zero[hub])
				}
			}
			clear(zero)
		}
		getKeys(t, carol, connie, 1, 256)
		check("hank", "helen", "hilary")
		getKeys(t, carol, connie, 3, 200)
		check("hank", "helen", "hilary")
		w.restart("helen") // its session ends in the middle of the request
		getKeys(t, carol, connie, 1, 256)
		synctest.Wait()
		for _, h := range carol.Inspect().PeerHubs {
			if unused := h.LocalPool.Unused(); unused%16 != 0 || unused < 4096 {
				t.Errorf("%s: %d bytes left", h.HubName, unused)
			}
		}
	})
}

func TestKeysFromPSRDWithHubsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorldOf(t, protocol.ITS)
		config := w.config("carol", "sam")
		config.KeysFromPSRD = true
		carol, connie := w.ready(config), w.ready(w.config("connie", "sofia"))
		w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
			if hubOf(r) == "hank" || hubOf(r) == "helen" {
				return stopped()
			}
			return next(r)
		})
		getKeys(t, carol, connie, 2, 256)
		w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) { return stopped() })
		_, err := carol.GetKey(context.Background(), "sam", "sofia", etsi.KeyRequest{Number: 1, Size: 256})
		if _, ok := is503(err, "scatter"); !ok {
			t.Errorf("got %v", err)
		}
	})
}

func TestKeysFromPSRDNeedTheSuite(t *testing.T) {
	config := newWorld(t).config("carol", "sam")
	config.KeysFromPSRD = true
	if _, err := New(config); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("got %v", err)
	}
}

func TestMixedSuites(t *testing.T) {
	for _, suite := range both {
		other := both[0]
		if suite == other {
			other = both[1]
		}
		w := newWorldOf(t, suite)
		config := w.config("carol", "sam")
		config.Suite = other
		carol := w.run(config)
		_, err := carol.GetKey(context.Background(), "sam", "sofia", etsi.KeyRequest{Number: 1, Size: 256})
		if err == nil {
			t.Error("keys over two suites")
		}
		m := protocol.GetShares{MasterSAE: "a", SlaveSAE: "b", KeyIDs: protocol.KeyIDs{uuid.New()}}
		err = carol.hubs[0].Get(t.Context(), m, func(_ uuid.UUID, _ protocol.Share, err error) {
			if !errors.Is(err, protocol.ErrSuite) || !strings.Contains(err.Error(), "the hub speaks "+suite.Name()) {
				t.Errorf("got %v", err)
			}
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// Keys of different sizes whose shares have the same size share messages to the hubs, and each key
// keeps its own size.
func TestKeysOfSeveralSizesAtOnce(t *testing.T) {
	for _, suite := range both {
		synctest.Test(t, func(t *testing.T) {
			w := newWorldOf(t, suite)
			carol, connie := w.ready(w.config("carol", "sam")), w.ready(w.config("connie", "sofia"))
			w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
				time.Sleep(time.Millisecond)
				return next(r)
			})
			var all sync.WaitGroup
			for i := range 12 {
				all.Go(func() {
					if err := exchange(carol, connie, 1+i%2, []int{136, 192, 248, 256}[i%4]); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
		})
	}
}
