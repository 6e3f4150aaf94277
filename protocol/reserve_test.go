package protocol_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"dske/protocol"
	"dske/psrd"
)

func TestReserveTakesBothOrNone(t *testing.T) {
	tests := []struct {
		name           string
		blocks         []int
		padSize        int
		needed, backed int // bytes; needed is 0 if the reservation succeeds
	}{
		{"nothing there", nil, 0, 32, 0},
		{"no key", []int{31}, 0, 32, 31},
		{"no pad", []int{20, 20}, 50, 82, 40},
		{"a pad and no key", []int{50}, 50, 82, 50},
		{"a pad and most of a key", []int{40, 41}, 50, 82, 81},
		{"just enough", []int{40, 42}, 50, 0, 0},
		{"just enough for a key", []int{1, 30, 1}, 0, 0, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, _ := connect(t, test.blocks...)
			before := statusOf(t, c.Own)
			out, err := c.Reserve(test.padSize)
			if test.needed > 0 {
				if out != nil {
					t.Error("got a reservation")
				}
				checkExhausted(t, err, test.needed, test.backed)
				unchanged(t, c.Own, before)
				return
			}
			if err != nil || c.Own.Available() != 0 {
				t.Fatalf("%d bytes left, error %v", c.Own.Available(), err)
			}
			out.Release()
			unchanged(t, c.Own, before)
		})
	}
}

// The peer may rely on the pad coming before the key (wire.md). Both may extend across blocks.
func TestPadComesBeforeKey(t *testing.T) {
	c, _ := connect(t, 10, 20, 100)
	m := post(t, c, []byte("sixteen bytes..."))
	if want := []psrd.Fragment{at(0, 0, 10), at(1, 0, 6)}; !slices.Equal(m.sealed.Pad.Fragments, want) {
		t.Errorf("pad is %v, want %v", m.sealed.Pad.Fragments, want)
	}
	names, _, _ := strings.Cut(m.header, "%")
	if want := joined([]psrd.Fragment{at(1, 6, 14), at(2, 0, 18)}); names != want {
		t.Errorf("signing key is %s, want %s", names, want)
	}
}

func TestReservationsAreDisjoint(t *testing.T) {
	c, peer := connect(t, 200)
	first, second := reserve(t, c, 0), reserve(t, c, 0)
	first.Release()
	third := reserve(t, c, 20) // in the gap, and after the second
	for _, out := range []*protocol.Outgoing{third, second} {
		in := mustReceive(t, peer, message{header: sign(t, out, "", nil)})
		if err := in.Accept(); err != nil {
			t.Error(err)
		}
	}
}

// Spent bytes stay spent, whatever becomes of the message.
func TestRelease(t *testing.T) {
	secret := protocol.NewSecret(make([]byte, 20))
	seal := func(t *testing.T, out *protocol.Outgoing) {
		if _, err := out.Seal(secret); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name  string
		spend func(*testing.T, *protocol.Outgoing)
		spent int // bytes
	}{
		{"nothing", func(*testing.T, *protocol.Outgoing) {}, 0},
		{"Seal", seal, 20},
		{"Sign", func(t *testing.T, out *protocol.Outgoing) { sign(t, out, "", nil) }, 32},
		{"both", func(t *testing.T, out *protocol.Outgoing) { seal(t, out); sign(t, out, "", nil) }, 52},
	}
	for _, test := range tests {
		t.Run("after "+test.name, func(t *testing.T) {
			c, _ := connect(t, 60, 40)
			out := reserve(t, c, 20)
			if got := c.Own.Available(); got != 48 {
				t.Errorf("%d bytes available while reserved, want 48", got)
			}
			test.spend(t, out)
			for range 2 {
				out.Release()
				if got, want := c.Own.Available(), 100-test.spent; got != want {
					t.Errorf("%d bytes available, want %d", got, want)
				}
			}
			before := statusOf(t, c.Own)
			if sealed, err := out.Seal(secret); !errors.Is(err, psrd.ErrUsed) || sealed.Value != nil {
				t.Errorf("Seal after Release returned %v and %v, want %v", sealed, err, psrd.ErrUsed)
			}
			if header, err := out.SignRequest(requestOf("", nil)); !errors.Is(err, psrd.ErrUsed) || header != "" {
				t.Errorf("Sign after Release returned %q and %v, want %v", header, err, psrd.ErrUsed)
			}
			unchanged(t, c.Own, before)
		})
	}
}

// A pad or a signing key that is used twice discloses secrets.
func TestSpendOnce(t *testing.T) {
	c, _ := connect(t, 100)
	out := reserve(t, c, 4)
	if _, err := out.Seal(protocol.NewSecret([]byte("once"))); err != nil {
		t.Fatal(err)
	}
	sign(t, out, "", []byte("once"))
	before := statusOf(t, c.Own)
	if sealed, err := out.Seal(protocol.NewSecret([]byte("more"))); !errors.Is(err, psrd.ErrUsed) || sealed.Value != nil {
		t.Errorf("second Seal returned %v and %v, want %v", sealed, err, psrd.ErrUsed)
	}
	if header, err := out.SignRequest(requestOf("", []byte("more"))); !errors.Is(err, psrd.ErrUsed) || header != "" {
		t.Errorf("second Sign returned %q and %v, want %v", header, err, psrd.ErrUsed)
	}
	unchanged(t, c.Own, before)
}

func TestSealWrongSize(t *testing.T) {
	for _, size := range []int{0, 3, 5} {
		c, peer := connect(t, 100)
		out := reserve(t, c, 4)
		before := statusOf(t, c.Own)
		if sealed, err := out.Seal(protocol.NewSecret(make([]byte, size))); err == nil || sealed.Value != nil {
			t.Errorf("sealed %d bytes with a pad of 4", size)
		}
		unchanged(t, c.Own, before)
		sealed, err := out.Seal(protocol.NewSecret([]byte("four")))
		if err != nil {
			t.Fatalf("pad is gone after an attempt with %d bytes: %v", size, err)
		}
		stillGood(t, peer, message{sign(t, out, "", nil), "", nil, sealed}, []byte("four"))
	}
}

func TestSealWithoutPad(t *testing.T) {
	c, _ := connect(t, 100)
	out := reserve(t, c, 0)
	for _, share := range []protocol.Secret{{}, protocol.NewSecret([]byte("four"))} {
		if sealed, err := out.Seal(share); err == nil || sealed.Value != nil {
			t.Errorf("sealed %d bytes without a pad", share.Size())
		}
	}
	sign(t, out, "", bytes.Repeat([]byte("x"), 100))
	if got := c.Own.Available(); got != 68 {
		t.Errorf("%d bytes available, want 68", got)
	}
}
