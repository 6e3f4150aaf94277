package client

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"

	"github.com/google/uuid"

	"dske/etsi"
	"dske/protocol"
)

// memory records where the secrets are that pass through a suite.
type memory struct {
	protocol.Suite
	keys, pads, shares []protocol.Secret
}

func (m *memory) Split(key protocol.Secret, threshold int, numbers []int, slaves int, random io.Reader) ([]protocol.Share, error) {
	shares, err := m.Suite.Split(key, threshold, numbers, slaves, random)
	m.keys = append(m.keys, key)
	m.note(shares)
	return shares, err
}

func (m *memory) FromPads(pads []protocol.Share, others []int, size, slaves int) (protocol.Secret, []protocol.Share, error) {
	key, shares, err := m.Suite.FromPads(pads, others, size, slaves)
	for _, p := range pads {
		m.pads = append(m.pads, p.Value)
	}
	m.keys = append(m.keys, key)
	m.note(shares)
	return key, shares, err
}

func (m *memory) note(shares []protocol.Share) {
	for _, s := range shares {
		m.shares = append(m.shares, s.Value)
	}
}

func wantCleared(t *testing.T, what string, secrets []protocol.Secret) {
	t.Helper()
	if len(secrets) == 0 {
		t.Errorf("there are no %s to look at", what)
	}
	for _, s := range secrets {
		if !bytes.Equal(s.Reveal(), make([]byte, s.Size())) {
			t.Errorf("of the %s, one is still in memory", what)
		}
	}
}

// Once keys are made, only the copies for the encryptors are left in memory: no shares, and no pads
// that the keys were made of. Of keys that could not be scattered or made, nothing is left.
func TestSecretsOfKeysAreCleared(t *testing.T) {
	for _, fromPads := range []bool{false, true} {
		for _, fail := range []string{"", "hubs", "key IDs"} {
			synctest.Test(t, func(t *testing.T) {
				w := newWorldOf(t, protocol.ITS)
				m := &memory{Suite: protocol.ITS}
				config := w.config("carol", "sam")
				config.Suite, config.KeysFromPSRD = m, fromPads
				carol := w.ready(config)
				switch fail {
				case "hubs":
					w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
						if isShare(r, "POST") {
							return stopped()
						}
						return next(r)
					})
				case "key IDs":
					carol.ids = io.LimitReader(carol.ids, 20) // enough for one key
				}
				number := 1
				if fail == "key IDs" {
					number = 2
				}
				_, err := carol.GetKey(t.Context(), "sam", "sam", etsi.KeyRequest{Number: number, Size: 256})
				if (err != nil) != (fail != "") {
					t.Fatalf("%q, %v: %v", fail, fromPads, err)
				}
				synctest.Wait()
				wantCleared(t, "shares", m.shares)
				if fromPads {
					wantCleared(t, "pads", m.pads)
				}
				if fail != "" {
					wantCleared(t, "keys", m.keys)
				}
			})
		}
	}
}

// When the tasks have ended no shares, keys or PSRD are left.
func TestSecretsAreClearedAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorldOf(t, protocol.ITS)
		carol, connie := w.ready(w.config("carol", "sam")), w.start(w.config("connie", "sofia"))
		<-connie.client.Ready()
		made := w.getKey(carol, "sam", "sofia")
		if _, err := fetch(connie.client, "sofia", "sam", made.ID, uuid.New()); err == nil {
			t.Fatal("got a key that does not exist")
		}
		synctest.Wait()
		var kept []protocol.Secret
		for _, g := range connie.client.gathers {
			if g.found {
				kept = append(kept, g.key)
			}
		}
		connie.stop()
		wantCleared(t, "keys", kept)
		for _, h := range connie.client.hubs {
			if least, _ := h.Available(); least > 0 {
				t.Errorf("%d bytes of PSRD are left", least)
			}
		}
	})
}

// The copy that an encryptor gets is cleared after it was sent.
func TestKeysAreClearedWhenSent(t *testing.T) {
	w := newWorldOf(t, protocol.ITS)
	m := &memory{Suite: protocol.ITS}
	config := w.config("carol", "sam")
	config.Suite = m
	carol := w.ready(config)
	w.ready(w.config("connie", "sofia"))
	recorder := httptest.NewRecorder()
	carol.Handler().ServeHTTP(recorder, httptest.NewRequest("GET", "/client/carol/etsi/api/v1/keys/sofia/enc_keys", nil))
	if recorder.Code != http.StatusOK {
		t.Fatal(recorder.Code, recorder.Body)
	}
	wantCleared(t, "keys", m.keys)
}

// Shares are cleared even if they are not taken: with an index that is not the hub's, for a key
// that was not asked for, or after the key was delivered.
func TestSharesThatAreNotTakenAreCleared(t *testing.T) {
	w := newWorldOf(t, protocol.ITS)
	connie := w.ready(w.config("connie", "sofia"))
	for _, test := range []struct {
		index     int
		delivered bool
	}{{index: 1}, {index: 0, delivered: true}} {
		g := connie.gatherFor(gatherID{uuid.New(), "sam", "sofia"})
		g.begin(make([][]*gather, 5), make([][]*gather, 5))
		g.delivered = test.delivered
		share := protocol.Share{Index: test.index, Value: protocol.NewSecret([]byte("secret"))}
		g.add(context.Background(), 0, share, nil)
		wantCleared(t, "shares", []protocol.Secret{share.Value})
	}
	if err := connie.WaitIdle(t.Context()); err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}
