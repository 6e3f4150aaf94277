package adversary_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/protocol/shamir"
	"dske/sim/adversary"
	"dske/sim/wire"
)

func TestTheThresholdDecides(t *testing.T) {
	for n, want := range []string{
		"not recovered: 0 of 3 shares known",
		"not recovered: 1 of 3 shares known",
		"not recovered: 2 of 3 shares known",
		"recovered",
		"recovered",
		"recovered",
	} {
		play(t, func(w *world) {
			w.compromise(hubNames[:n]...)
			key := w.getKey(32)
			w.attack(key, want)
			w.deliverKey(key)
			w.attack(key, want)
		})
	}
}

// Shares that travel in one message are read together.
func TestManyKeysInOneMessage(t *testing.T) {
	for n, want := range map[int]string{2: "not recovered: 2 of 3 shares known", 3: "recovered"} {
		play(t, func(w *world) {
			w.compromise(hubNames[:n]...)
			for _, key := range w.getKeys(5, 32) {
				w.attack(key, want)
			}
		})
	}
}

// The shares wait in the hubs for the slave, in the clear.
func TestCompromiseBetweenScatterAndGather(t *testing.T) {
	play(t, func(w *world) {
		key := w.getKey(32)
		w.compromise("hank", "hugo")
		w.attack(key, "not recovered: 2 of 3 shares known")
		w.deliverKey(key)
		w.attack(key, "not recovered: 2 of 3 shares known")
		w.compromise("helen")
		w.attack(key, "not recovered: 2 of 3 shares known")
	})
	play(t, func(w *world) {
		key := w.getKey(32)
		w.compromise("hank", "hugo", "holly")
		w.attack(key, "recovered")
		w.deliverKey(key)
		w.attack(key, "recovered")
	})
}

// An adversary that overlooks the shares in the hubs sees them on their way out.
func TestSharesOnTheirWayToTheSlave(t *testing.T) {
	play(t, func(w *world) {
		key := w.getKey(32)
		for _, name := range hubNames[:3] {
			w.Compromise(name, w.hubs[name].Leak().Blocks, nil)
		}
		w.attack(key, "not recovered: 0 of 3 shares known")
		w.deliverKey(key)
		w.attack(key, "recovered")
	})
}

// Keys that were delivered before are safe, even if every hub is compromised; later ones are not.
func TestForwardSecrecy(t *testing.T) {
	play(t, func(w *world) {
		before := w.getKey(32)
		w.deliverKey(before)
		w.compromise(hubNames...)
		w.attack(before, "not recovered: 0 of 3 shares known")
		after := w.getKey(32)
		w.attack(after, "recovered")
		w.attack(before, "not recovered: 0 of 3 shares known")
	})
}

// A share that never reached its hub was sealed with bytes that the hub still has.
func TestLostSharesAreNotForwardSecret(t *testing.T) {
	play(t, func(w *world) {
		w.onTheWire(func(m *wire.Message) {
			if m.Method == http.MethodPost && (m.To == "hub/holly" || m.To == "hub/hugo") {
				m.Response.Status = http.StatusServiceUnavailable
			}
		})
		key := w.getKey(32)
		w.deliverKey(key)
		w.compromise(hubNames...)
		w.attack(key, "not recovered: 2 of 3 shares known")
	})
}

// Out-of-band messages can be read only after the compromise.
func TestOutOfBandMessages(t *testing.T) {
	const size = 20_000 // bytes: more than a pool holds
	play(t, func(w *world) {
		w.compromise(hubNames[:2]...)
		key := w.getKey(size)
		w.deliverKey(key)
		w.compromise(hubNames...)
		w.attack(key, "not recovered: 2 of 3 shares known")
	})
	play(t, func(w *world) {
		w.compromise(hubNames[1:4]...)
		key := w.getKey(size)
		w.attack(key, "recovered")
	})
}

// Hubs that are compromised before anybody registers have nothing yet, but reveal everything
// afterwards.
func TestCompromiseFromTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, protocol.Python)
		for _, name := range hubNames[:3] {
			w.Compromise(name, nil, nil)
		}
		w.start()
		key := w.getKey(32)
		w.attack(key, "recovered")
	})
}

// Repeated messages are refused by the hubs, and tell nothing beyond their originals.
func TestReplays(t *testing.T) {
	play(t, func(w *world) {
		w.compromise("hank", "helen")
		key := w.getKey(32)
		w.replay()
		w.deliverKey(key)
		w.replay()
		w.attack(key, "not recovered: 2 of 3 shares known")
		w.compromise("hank", "helen")
		w.attack(key, "not recovered: 2 of 3 shares known")
	})
	play(t, func(w *world) {
		key := w.getKey(32)
		w.deliverKey(key)
		w.compromise(hubNames...)
		w.replay()
		w.attack(key, "not recovered: 0 of 3 shares known")
	})
}

func TestUnknownKey(t *testing.T) {
	a := adversary.New(protocol.Python, 3)
	if got := a.Attack(uuid.New()); got.Recovered() || got.String() != "not recovered: 0 of 3 shares known" {
		t.Error(got)
	}
}

// flip changes a bit in the middle of the base64 of the share.
func flip(body []byte) {
	at := bytes.Index(body, []byte(`"encrypted_share_value":"`)) + len(`"encrypted_share_value":"`) + 8
	body[at] = 'A' + (body[at]-'A'+1)%26
}

// flipped changes the share in a message, in either direction.
func flipped(m *wire.Message) {
	switch {
	case m.Path != protocol.PathKeyShare:
	case m.Method == http.MethodPost && m.Response.Status == 0:
		m.Body = bytes.Clone(m.Body)
		flip(m.Body)
	case m.Method == http.MethodGet && m.Response.Status == http.StatusOK:
		flip(m.Response.Body)
	}
}

// A damaged share does not count, and does not hide the key from an adversary who knows enough
// others.
func TestDamagedShares(t *testing.T) {
	atHank := func(m *wire.Message) {
		if m.To == "hub/hank" {
			flipped(m)
		}
	}
	for n, want := range map[int]string{
		2: "not recovered: 1 of 3 shares known",
		3: "not recovered: 2 of 3 shares known",
		4: "recovered",
	} {
		play(t, func(w *world) {
			w.compromise(hubNames[:n]...)
			w.onTheWire(atHank)
			key := w.getKey(32)
			w.deliverKey(key)
			w.attack(key, want)
		})
	}
}

// A share is known even if only its signature was damaged.
func TestDamagedSignature(t *testing.T) {
	for _, damage := range []func(http.Header){
		func(h http.Header) { h.Del(protocol.SignatureHeader) },
		func(h http.Header) { h.Set(protocol.SignatureHeader, "nonsense") },
		func(h http.Header) { h.Add(protocol.SignatureHeader, h.Get(protocol.SignatureHeader)) },
	} {
		play(t, func(w *world) {
			w.compromise("hank", "helen", "hugo")
			w.onTheWire(func(m *wire.Message) {
				if m.To == "hub/hank" && m.Method == http.MethodPost && m.Response.Status == 0 {
					damage(m.Header)
				}
			})
			key := w.getKey(32)
			w.attack(key, "recovered")
		})
	}
}

// However many damaged copies of a message are on the wire, the key can be found.
func TestManyForgeries(t *testing.T) {
	play(t, func(w *world) {
		w.compromise("hank", "helen", "hugo")
		key := w.getKey(32)
		for _, m := range w.seen {
			if m.Method != http.MethodPost {
				continue
			}
			for i := range 1500 {
				var post protocol.PostShare
				json.Unmarshal(m.Body, &post)
				post.Value[0], post.Value[1] = byte(i), byte(i>>8)
				forged := m
				forged.Body, _ = json.Marshal(post)
				w.Tap(forged)
			}
		}
		w.attack(key, "recovered")
	})
}

// A hub that lies signs its lies.
func TestLies(t *testing.T) {
	a := adversary.New(protocol.Python, 2)
	id := uuid.New()
	for i, hub := range hubNames {
		a.Compromise(hub, nil, []protocol.LeakedShare{{KeyID: id, Share: protocol.Share{Index: i, Value: protocol.NewSecret([]byte{byte(i * i), 2, 3, 4, 5})}}})
	}
	if got, want := a.Attack(id).String(), "not recovered: 5 shares known, of which no 2 fit together"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	shares, err := shamir.Split([]byte("the key"), 2, 5, bytes.NewReader(bytes.Repeat([]byte{7}, 100)))
	if err != nil {
		t.Fatal(err)
	}
	for i, hub := range hubNames[:3] {
		a.Compromise(hub, nil, []protocol.LeakedShare{{KeyID: id, Share: protocol.Share{Index: i, Value: protocol.NewSecret(shares[i].Value)}}})
	}
	if got := a.Attack(id); string(got.Key.Reveal()) != "the key" {
		t.Error(got)
	}
}
