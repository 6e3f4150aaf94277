package client

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"dske/etsi"
	"dske/protocol"
)

// is503 reports whether err is the ETSI error for too few shares, and returns its details.
func is503(err error, verb string) (string, bool) {
	var refused *etsi.Error
	if !errors.As(err, &refused) || refused.Status != 503 || refused.Message != "Could not "+verb+" enough shares for key." {
		return "", false
	}
	return err.Error(), true
}

// both are the suites, for tests that hold for either suite.
var both = []protocol.Suite{protocol.Python, protocol.ITS}

// flip changes a byte of a share.
func flip(share *protocol.Share, at int, bits byte) { share.Value.Reveal()[at] ^= bits }

func TestLyingHubsAreOutvotedAndNamed(t *testing.T) {
	key := []byte("the key that all of this is for.")
	for _, suite := range both {
		for name, lie := range map[string]func(hub int, share *protocol.Share){
			"one lies": func(hub int, share *protocol.Share) {
				if hub == 0 {
					flip(share, 0, 1)
				}
			},
			"two lie": func(hub int, share *protocol.Share) {
				if hub < 2 {
					flip(share, 5, byte(hub+1))
				}
			},
			"repeated index": func(hub int, share *protocol.Share) { share.Index = max(hub, 1) },
			"wrong index":    func(hub int, share *protocol.Share) { share.Index = hub + 200*(1-min(hub, 1)) },
		} {
			t.Run(suite.Name()+" "+name, func(t *testing.T) {
				testLyingHubs(t, suite, key, lie)
			})
		}
	}
	t.Run("wrong length", func(t *testing.T) {
		testLyingHubs(t, protocol.Python, key, func(hub int, share *protocol.Share) {
			share.Value = protocol.NewSecret(share.Value.Reveal()[:32-4*(1-min(hub, 1))])
		})
	})
	t.Run("other terms", func(t *testing.T) {
		testLyingHubs(t, protocol.ITS, key, func(hub int, share *protocol.Share) {
			if hub < 2 { // as if two shares were enough
				share.Terms.Threshold = 2
			}
		})
	})
}

func testLyingHubs(t *testing.T, suite protocol.Suite, key []byte, lie func(hub int, share *protocol.Share)) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorldOf(t, suite)
		probe := protocol.Share{Value: protocol.NewSecret(make([]byte, 100))}
		lie(0, &probe)
		w.startAs("hank", probe.Index) // a hub of the suite takes only shares with its own number
		connie := w.ready(w.config("connie", "sofia"))
		id := w.newInsider("mallory", "max").scatter("max", "sofia", key, lie)
		// The liars answer first, so that they cannot be overlooked.
		w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
			if isShare(r, "GET") && hubOf(r) != "hank" && hubOf(r) != "helen" {
				time.Sleep(time.Millisecond)
			}
			return next(r)
		})
		got, err := fetch(connie, "sofia", "max", id)
		if err != nil || !bytes.Equal(got, key) {
			t.Fatalf("got %v", err)
		}
		synctest.Wait()
		if !strings.Contains(w.logged(), "hank") {
			t.Errorf("the log does not name hank: %s", w.logged())
		}
	})
}

// A lie that comes after the key is found does no harm, and is logged all the same.
func TestLateLieIsNamed(t *testing.T) {
	for _, suite := range both {
		synctest.Test(t, func(t *testing.T) {
			w := newWorldOf(t, suite)
			connie := w.ready(w.config("connie", "sofia"))
			key := []byte("the key that all of this is for.")
			id := w.newInsider("mallory", "max").scatter("max", "sofia", key, func(hub int, share *protocol.Share) {
				if hub == 0 {
					flip(share, 0, 1)
				}
			})
			w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
				if isShare(r, "GET") && (hubOf(r) == "hank" || hubOf(r) == "helen") {
					time.Sleep(time.Millisecond)
				}
				return next(r)
			})
			got, err := fetch(connie, "sofia", "max", id)
			if err != nil || !bytes.Equal(got, key) || w.logged() != "" {
				t.Fatalf("got %v, and the log says %s", err, w.logged())
			}
			time.Sleep(time.Second)
			if log := w.logged(); strings.Count(log, "at odds") != 1 || !strings.Contains(log, "hubs=[hank]") {
				t.Errorf("%s: the log says %s", suite.Name(), log)
			}
			if n := kept(connie); n != 0 {
				t.Errorf("%d gathers are kept", n)
			}
		})
	}
}

func TestTooManyLyingHubs(t *testing.T) {
	for _, suite := range both {
		w := newWorldOf(t, suite)
		connie := w.ready(w.config("connie", "sofia"))
		key := []byte("the key that all of this is for.")
		id := w.newInsider("mallory", "max").scatter("max", "sofia", key, func(hub int, share *protocol.Share) {
			if hub < 3 {
				flip(share, 3, 0x40)
				flip(share, hub, 1)
			}
		})
		_, err := fetch(connie, "sofia", "max", id)
		if text, ok := is503(err, "gather"); !ok || strings.Count(text, "at odds") != 5 {
			t.Errorf("%s: got %v", suite.Name(), err)
		}
	}
}

func TestFailedGatherIsKept(t *testing.T) {
	w := newWorld(t)
	carol, connie := w.ready(w.config("carol", "sam")), w.ready(w.config("connie", "sofia"))
	made := w.getKey(carol, "sam", "sofia")
	w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
		if hubOf(r) == "hilary" || hubOf(r) == "holly" || hubOf(r) == "hugo" {
			return stopped()
		}
		return next(r)
	})
	_, err := fetch(connie, "sofia", "sam", made.ID)
	if text, ok := is503(err, "gather"); !ok || !strings.Contains(text, `"nr_successful_shares":2`) {
		t.Fatalf("got %v", err)
	}
	var mu sync.Mutex
	asked := map[string]bool{}
	w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
		mu.Lock()
		asked[hubOf(r)] = true
		mu.Unlock()
		return next(r)
	})
	got, err := fetch(connie, "sofia", "sam", made.ID)
	if err != nil || !bytes.Equal(got, made.Key.Reveal()) {
		t.Fatalf("the second time: %v", err)
	}
	mu.Lock()
	defer mu.Unlock()
	if asked["hank"] || asked["helen"] {
		t.Error("hubs that had given their share were asked again")
	}
}

func TestGatherIsKeptOnlyUntilItExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		carol, connie := w.ready(w.config("carol", "sam")), w.ready(w.config("connie", "sofia"))
		made := w.getKey(carol, "sam", "sofia")
		w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
			if hubOf(r) != "hank" {
				return stopped()
			}
			return next(r)
		})
		if _, err := fetch(connie, "sofia", "sam", made.ID); err == nil {
			t.Fatal("no error")
		}
		if kept(connie) != 1 {
			t.Fatalf("%d gathers are kept", kept(connie))
		}
		time.Sleep(time.Hour + time.Minute)
		synctest.Wait()
		if kept(connie) != 0 {
			t.Error("the gather is still kept")
		}
	})
}

// A key that was found in an earlier request may expire while a later one is on its way: it is gone
// then, and must not be delivered as a key of zero bytes.
func TestExpiredKeyIsNotDelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorldOf(t, protocol.ITS)
		carol, connie := w.ready(w.config("carol", "sam")), w.ready(w.config("connie", "sofia"))
		first := w.getKey(carol, "sam", "sofia")
		if _, err := fetch(connie, "sofia", "sam", first.ID, uuid.New()); !errors.Is(err, etsi.ErrKeyNotFound) {
			t.Fatal(err)
		}
		time.Sleep(time.Hour - 2*time.Second)
		second := w.getKey(carol, "sam", "sofia")
		w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
			response, err := next(r)
			if strings.Contains(r.URL.Path, protocol.PathKeyShare) {
				time.Sleep(4 * time.Second)
			}
			return response, err
		})
		if key, err := fetch(connie, "sofia", "sam", first.ID, second.ID); !errors.Is(err, etsi.ErrKeyNotFound) {
			t.Errorf("the first key is %x, %v", key, err)
		}
		if key, err := fetch(connie, "sofia", "sam", second.ID); err != nil || !bytes.Equal(key, second.Key.Reveal()) {
			t.Errorf("the second key is %x, %v", key, err)
		}
	})
}

func TestAllOrNothing(t *testing.T) {
	w := newWorld(t)
	carol, connie := w.ready(w.config("carol", "sam")), w.ready(w.config("connie", "sofia"))
	first, second := w.getKey(carol, "sam", "sofia"), w.getKey(carol, "sam", "sofia")
	if _, err := fetch(connie, "sofia", "sam", first.ID, uuid.New(), second.ID); !errors.Is(err, etsi.ErrKeyNotFound) {
		t.Errorf("an unknown key among them: %v", err)
	}
	if _, err := fetch(connie, "sofia", "sam", first.ID, first.ID); !errors.Is(err, etsi.ErrKeyNotFound) {
		t.Errorf("the same key twice: %v", err)
	}
	keys, err := connie.GetKeyWithKeyIDs(t.Context(), "sofia", "sam", []uuid.UUID{second.ID, first.ID})
	if err != nil || keys[0].ID != second.ID || !bytes.Equal(keys[1].Key.Reveal(), first.Key.Reveal()) {
		t.Errorf("both: %v", err)
	}
}

func TestOneOfTwoRequestsAtOnce(t *testing.T) {
	w := newWorld(t)
	carol, connie := w.ready(w.config("carol", "sam")), w.ready(w.config("connie", "sofia"))
	for range 20 {
		made := w.getKey(carol, "sam", "sofia")
		errs := make([]error, 4)
		var done sync.WaitGroup
		for i := range errs {
			done.Go(func() { _, errs[i] = fetch(connie, "sofia", "sam", made.ID) })
		}
		done.Wait()
		delivered := 0
		for _, err := range errs {
			switch {
			case err == nil:
				delivered++
			case !errors.Is(err, etsi.ErrKeyNotFound):
				t.Errorf("got %v", err)
			}
		}
		if delivered != 1 {
			t.Fatalf("delivered %d times", delivered)
		}
	}
}

// With a small threshold, the hubs that did not answer in time could make up a second key.
func TestNoSecondDeliveryFromStragglers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		config := w.config("carol", "sam")
		config.Threshold = 2
		carol := w.ready(config)
		config = w.config("connie", "sofia")
		config.Threshold = 2
		connie := w.ready(config)
		made := w.getKey(carol, "sam", "sofia")
		w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
			if hubOf(r) != "hank" && hubOf(r) != "helen" {
				return stopped()
			}
			return next(r)
		})
		if _, err := fetch(connie, "sofia", "sam", made.ID); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		w.onTheWire(nil)
		if _, err := fetch(connie, "sofia", "sam", made.ID); !errors.Is(err, etsi.ErrKeyNotFound) {
			t.Errorf("a second time: %v", err)
		}
		time.Sleep(time.Hour + time.Minute)
		synctest.Wait()
		if kept(connie) != 0 {
			t.Error("the gather is kept for ever")
		}
	})
}

func TestNothingIsKeptOfUnknownAndDeliveredKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		carol, connie := w.ready(w.config("carol", "sam")), w.ready(w.config("connie", "sofia"))
		for range 10 {
			made := w.getKey(carol, "sam", "sofia")
			if _, err := fetch(connie, "sofia", "sam", made.ID); err != nil {
				t.Fatal(err)
			}
			if _, err := fetch(connie, "sofia", "sam", uuid.New()); !errors.Is(err, etsi.ErrKeyNotFound) {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if kept(connie) != 0 {
			t.Errorf("%d gathers are kept", kept(connie))
		}
	})
}

func TestResponsesAreChecked(t *testing.T) {
	for name, damage := range map[string]func(response *http.Response){
		"no signature": func(r *http.Response) { r.Header.Del(protocol.SignatureHeader) },
		"a flipped bit": func(r *http.Response) {
			body := new(bytes.Buffer)
			body.ReadFrom(r.Body)
			body.Bytes()[body.Len()/2] ^= 1
			r.Body = io.NopCloser(body)
		},
		"another status": func(r *http.Response) { r.StatusCode = 202 },
		"a huge body": func(r *http.Response) {
			r.Body = io.NopCloser(bytes.NewReader(make([]byte, 8<<20+1)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			carol, connie := w.ready(w.config("carol", "sam")), w.ready(w.config("connie", "sofia"))
			made := w.getKey(carol, "sam", "sofia")
			before := connie.Inspect().PeerHubs
			w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
				response, err := next(r)
				if isShare(r, "GET") {
					damage(response)
				}
				return response, err
			})
			if _, err := fetch(connie, "sofia", "sam", made.ID); err == nil {
				t.Error("no error")
			}
			for i, after := range connie.Inspect().PeerHubs {
				if after.PeerPool.Unused() != before[i].PeerPool.Unused() {
					t.Errorf("%s: a bad response cost %d bytes", after.HubName, before[i].PeerPool.Unused()-after.PeerPool.Unused())
				}
			}
		})
	}
}

// kept returns how many gathers a client keeps.
func kept(c *Client) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.gathers)
}
