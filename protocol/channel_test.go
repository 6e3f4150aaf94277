package protocol_test

import (
	"bytes"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"dske/protocol"
	"dske/psrd"
)

// Both ends send messages with and without a share until they run out, and the messages arrive in
// any order.
func TestRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOfN(rapid.IntRange(1, 120), 1, 6).Draw(t, "sizes")
		left, right := connect(t, sizes...)
		ends := []*protocol.Channel{left, right}
		total := 0
		for _, size := range sizes {
			total += size
		}
		available := []int{total, total}

		type sent struct {
			message
			from   int
			secret []byte
		}
		var messages []sent
		for range rapid.IntRange(1, 10).Draw(t, "messages") {
			from := rapid.IntRange(0, 1).Draw(t, "from")
			secret := rapid.SliceOfN(rapid.Byte(), 0, 70).Draw(t, "secret")
			needed := len(secret) + protocol.SigningKeySize
			out, err := ends[from].Reserve(len(secret))
			if available[from] < needed {
				checkExhausted(t, err, needed, available[from])
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			available[from] -= needed
			m := sent{from: from, secret: bytes.Clone(secret)}
			if len(secret) > 0 {
				if m.sealed, err = out.Seal(protocol.NewSecret(secret)); err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(secret, m.secret) {
					t.Fatal("sealing a share has changed it")
				}
			}
			m.query = rapid.String().Draw(t, "query")
			m.body = rapid.SliceOf(rapid.Byte()).Draw(t, "body")
			m.header = sign(t, out, m.query, m.body)
			messages = append(messages, m)
		}

		for _, m := range rapid.Permutation(messages).Draw(t, "arrivals") {
			in := mustReceive(t, ends[1-m.from], m.message)
			if len(m.secret) == 0 {
				if err := in.Accept(); err != nil {
					t.Fatal(err)
				}
				continue
			}
			value := bytes.Clone(m.sealed.Value)
			got, err := in.Open(m.sealed)
			if err != nil || !bytes.Equal(got.Reveal(), m.secret) {
				t.Fatalf("share is % x, want % x; error %v", got.Reveal(), m.secret, err)
			}
			if !bytes.Equal(m.sealed.Value, value) {
				t.Fatal("opening a share has changed what was received")
			}
		}
		unchanged(t, right.Peer, statusOf(t, left.Own))
		unchanged(t, left.Peer, statusOf(t, right.Own))
		for end, c := range ends {
			if got := c.Own.Available(); got != available[end] {
				t.Fatalf("end %d has %d bytes left, want %d", end, got, available[end])
			}
		}
	})
}

// checkExhausted fails the test unless err names these numbers of bytes.
func checkExhausted(t rapid.TB, err error, needed, available int) {
	t.Helper()
	var exhausted *psrd.ExhaustedError
	if !errors.As(err, &exhausted) || !errors.Is(err, psrd.ErrExhausted) {
		t.Fatalf("error is %v, want %v", err, psrd.ErrExhausted)
	}
	if exhausted.Needed != needed || exhausted.Available != available {
		t.Fatalf("error is %q, want %d bytes needed and %d available", err, needed, available)
	}
}
