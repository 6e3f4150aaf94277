package client

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"dske/etsi"
	"dske/node"
	"dske/protocol"
)

// enrolled is a world whose hubs and clients have a directory, and the clients in it.
type enrolled struct {
	*world
	clients map[string]*Client

	mu    sync.Mutex
	asked []string // hubs that got messages about keys
}

// newEnrolled returns a world with carol, who uses all hubs, and three clients that use some of
// them. The threshold is three.
func newEnrolled(t testing.TB, suite protocol.Suite, change func(*Config)) *enrolled {
	hubs := map[string][]string{"carol": hubNames, "connie": hubNames[:4], "dave": hubNames[1:], "celia": hubNames[3:]}
	saes := map[string]string{"carol": "sam", "connie": "sofia", "dave": "dan", "celia": "serena"}
	var clients []node.Enrolment
	for _, name := range []string{"carol", "connie", "dave", "celia"} {
		clients = append(clients, node.Enrolment{
			Name: name, Token: "token of " + name, Encryptors: Registers(name, []string{saes[name]}), Hubs: hubs[name],
		})
	}
	w := newWorldOf(t, suite)
	var err error
	if w.directory, err = node.NewDirectory(false, clients); err != nil {
		t.Fatal(err)
	}
	w.restart(hubNames...)
	e := &enrolled{world: w, clients: map[string]*Client{}}
	for _, name := range []string{"carol", "connie", "dave"} {
		config := w.config(name, saes[name])
		config.Directory = w.directory
		config.Hubs = slices.DeleteFunc(config.Hubs, func(h Hub) bool { return !slices.Contains(hubs[name], h.Name) })
		change(&config)
		e.clients[name] = w.ready(config)
	}
	w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
		if r.Method == http.MethodPost {
			e.mu.Lock()
			e.asked = append(e.asked, hubOf(r))
			e.mu.Unlock()
		}
		return next(r)
	})
	return e
}

// wentTo returns the hubs that were given shares since the last call.
func (e *enrolled) wentTo() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	hubs := slices.Compact(slices.Sorted(slices.Values(e.asked)))
	e.asked = nil
	return hubs
}

// Shares go to the hubs that the slave's client uses. A key for several slaves goes to each hub for
// the slaves whose clients use it. Both hold wherever the key comes from.
func TestHubsInCommon(t *testing.T) {
	for _, kind := range []struct {
		suite    protocol.Suite
		fromPSRD bool
	}{{protocol.Python, false}, {protocol.ITS, false}, {protocol.ITS, true}} {
		synctest.Test(t, func(t *testing.T) {
			e := newEnrolled(t, kind.suite, func(c *Config) { c.KeysFromPSRD = kind.fromPSRD })
			carol, connie, dave := e.clients["carol"], e.clients["connie"], e.clients["dave"]
			made := e.getKey(carol, "sam", "sofia")
			synctest.Wait()
			if hubs := e.wentTo(); !slices.Equal(hubs, slices.Sorted(slices.Values(hubNames[:4]))) {
				t.Errorf("shares for sofia went to %q", hubs)
			}
			if got, err := fetch(connie, "sofia", "sam", made.ID); err != nil || !bytes.Equal(got, made.Key.Reveal()) {
				t.Errorf("sofia: %v", err)
			}
			keys, err := carol.GetKey(t.Context(), "sam", "sofia", etsi.KeyRequest{Number: 2, Size: 256, AdditionalSlaves: []string{"dan"}})
			if err != nil {
				t.Fatal(err)
			}
			for _, key := range keys {
				for slave, c := range map[string]*Client{"sofia": connie, "dan": dave} {
					if got, err := fetch(c, slave, "sam", key.ID); err != nil || !bytes.Equal(got, key.Key.Reveal()) {
						t.Errorf("%s: %v", slave, err)
					}
				}
			}
		})
	}
}

// With too few hubs in common there is no key, no PSRD is spent and no hub is asked.
func TestTooFewHubsInCommon(t *testing.T) {
	e := newEnrolled(t, protocol.ITS, func(*Config) {})
	carol := e.clients["carol"]
	before := carol.Levels()
	for _, slaves := range [][]string{{"serena"}, {"sofia", "serena"}} {
		var refused *etsi.Error
		_, err := carol.GetKey(t.Context(), "sam", slaves[0], etsi.KeyRequest{Number: 1, Size: 256, AdditionalSlaves: slaves[1:]})
		if !errors.As(err, &refused) || refused.Status != 400 || !strings.Contains(refused.Message, "uses 2 of this client's hubs, and a key needs 3") {
			t.Errorf("%q: %v", slaves, err)
		}
	}
	if _, err := carol.GetKey(t.Context(), "sam", "nobody", etsi.KeyRequest{Number: 1, Size: 256}); err == nil {
		t.Error("got a key for an unknown slave")
	}
	if hubs := e.wentTo(); len(hubs) > 0 || !slices.Equal(carol.Levels(), before) {
		t.Errorf("asked are %q, and the levels went from %v to %v", hubs, before, carol.Levels())
	}
	status, err := carol.Status(t.Context(), "sam", "serena")
	if err != nil || status.StoredKeyCount != 0 || status.TargetKMEID != "celia" {
		t.Errorf("status: %+v, %v", status, err)
	}
}

// A client without a directory believes what as many hubs agree on as the threshold, and no single
// hub.
func TestPlaceAsHubsSay(t *testing.T) {
	for liars, want := range map[int]string{0: "connie", 2: "connie", 3: "mallory"} {
		w := newWorld(t)
		carol := w.ready(w.config("carol", "sam"))
		w.ready(w.config("connie", "sofia"))
		w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
			if strings.Contains(r.URL.Path, protocol.PathEncryptors) && slices.Index(hubNames, hubOf(r)) < liars {
				recorder := httptest.NewRecorder()
				recorder.WriteString(`{"encryptor_name": "sofia", "client_name": "mallory"}`)
				return recorder.Result(), nil
			}
			return next(r)
		})
		if status, err := carol.Status(t.Context(), "sam", "sofia"); err != nil || status.TargetKMEID != want {
			t.Errorf("%d liars: %+v, %v", liars, status, err)
		}
		if liars < 3 {
			if _, err := carol.GetKey(t.Context(), "sam", "nobody", etsi.KeyRequest{Number: 1, Size: 256}); err == nil {
				t.Errorf("%d liars: got a key for an unknown slave", liars)
			}
		}
	}
}

// A key is delivered once, even if its client then stops, another one starts in its place, and some
// hubs never heard of the delivery.
func TestDeliveredOnceOverARestart(t *testing.T) {
	for _, suite := range protocol.Suites {
		synctest.Test(t, func(t *testing.T) {
			w := newWorldOf(t, suite)
			two := func(name, sae string) Config {
				config := w.config(name, sae)
				config.Threshold = 2
				return config
			}
			carol := w.ready(two("carol", "sam"))
			config := two("connie", "sofia")
			config.Delivered = &Delivered{}
			before := w.start(config)
			<-before.client.Ready()
			key, kept := w.getKey(carol, "sam", "sofia"), w.getKey(carol, "sam", "sofia")
			synctest.Wait()
			w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
				if isShare(r, http.MethodGet) && slices.Index(hubNames, hubOf(r)) > 1 {
					return hang(r, next)
				}
				return next(r)
			})
			if _, err := fetch(before.client, "sofia", "sam", key.ID); err != nil {
				t.Fatal(err)
			}
			before.client.Unregister(t.Context())
			before.stop()
			w.onTheWire(nil)

			after := w.start(config)
			defer after.stop()
			<-after.client.Ready()
			if _, err := fetch(after.client, "sofia", "sam", key.ID); !errors.Is(err, etsi.ErrKeyNotFound) {
				t.Errorf("a second delivery: %v", err)
			}
			if _, err := fetch(after.client, "sofia", "sam", kept.ID); err != nil {
				t.Errorf("a first delivery: %v", err)
			}
			time.Sleep(2 * time.Hour)
			synctest.Wait()
			if n := len(config.Delivered.keys); n > 0 {
				t.Errorf("%d keys are remembered for good", n)
			}
		})
	}
}

// When making keys from pads fails, pads that were reserved and not used are given back.
func TestReservationsAreGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEnrolled(t, protocol.ITS, func(c *Config) {
			c.KeysFromPSRD = true
			c.Random = func(purpose string) io.Reader { return iotest.ErrReader(errors.New("no entropy")) }
		})
		carol := e.clients["carol"]
		free := func() (pads, keys int) {
			for _, h := range carol.hubs {
				for _, b := range h.Inspect().LocalPool.Blocks {
					pads += b.Unused
				}
				for _, b := range h.Inspect().LocalKeyPool.Blocks {
					keys += b.Unused
				}
			}
			return pads, keys
		}
		pads, keys := free()
		if _, err := carol.GetKey(t.Context(), "sam", "sofia", etsi.KeyRequest{Number: 1, Size: 256}); err == nil {
			t.Fatal("a key without an ID")
		}
		synctest.Wait()
		taken := 3 * protocol.ITS.ShareSize(32, 1) // the pads that the key would have been made of
		if padsLeft, keysLeft := free(); pads-padsLeft != taken || keysLeft != keys {
			t.Errorf("%d bytes of pads are gone, want %d, and %d of keys", pads-padsLeft, taken, keys-keysLeft)
		}
		if hubs := e.wentTo(); len(hubs) > 0 {
			t.Errorf("shares went to %q", hubs)
		}
	})
}
