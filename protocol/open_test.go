package protocol_test

import (
	"errors"
	"math"
	"testing"

	"dske/protocol"
	"dske/psrd"
)

// A peer that signs properly can still name a pad that it must not use. The blocks have 100 and 20
// bytes. Of the first, an earlier message has used 32 bytes; then come the pad of 8 bytes and the
// key.
func TestOpenBadPad(t *testing.T) {
	type pad = []psrd.Fragment
	tests := []struct {
		name string
		pad  pad
		want error
	}{
		{"the key", pad{at(0, 40, 8)}, psrd.ErrUsed},
		{"the first byte of the key", pad{at(0, 33, 8)}, psrd.ErrUsed},
		{"the last byte of the key", pad{at(0, 71, 8)}, psrd.ErrUsed},
		{"partly the key", pad{at(0, 32, 4), at(0, 50, 4)}, psrd.ErrUsed},
		{"overlapping itself", pad{at(1, 0, 4), at(1, 3, 4)}, psrd.ErrOverlap},
		{"repeated", pad{at(1, 0, 4), at(1, 0, 4)}, psrd.ErrOverlap},
		{"used", pad{at(0, 0, 8)}, psrd.ErrUsed},
		{"used in its first byte", pad{at(0, 31, 8)}, psrd.ErrUsed},
		{"partly used", pad{at(1, 0, 4), at(0, 0, 4)}, psrd.ErrUsed},
		{"of an unknown block", pad{at(9, 0, 8)}, psrd.ErrUnknownBlock},
		{"partly of an unknown block", pad{at(1, 0, 7), at(9, 0, 1)}, psrd.ErrUnknownBlock},
		{"of the receiver's own block", pad{at(100, 0, 8)}, psrd.ErrUnknownBlock},
		{"past the end", pad{at(1, 13, 8)}, psrd.ErrOutOfRange},
		{"far past the end", pad{at(1, math.MaxInt, 8)}, psrd.ErrOutOfRange},
		{"before the start", pad{at(1, -1, 8)}, psrd.ErrOutOfRange},
		{"with an empty fragment", pad{at(0, 32, 8), at(1, 0, 0)}, psrd.ErrOutOfRange},
		{"with an empty fragment first", pad{at(1, 0, 0), at(0, 32, 8)}, psrd.ErrOutOfRange},
		{"with a negative size", pad{at(0, 32, 7), at(1, 0, -1), at(1, 0, 2)}, psrd.ErrOutOfRange},
		{"of the most negative size", pad{at(0, 32, 8), at(1, 0, math.MinInt)}, psrd.ErrOutOfRange},
		{"of sizes that overflow", pad{at(1, 0, math.MaxInt), at(1, 0, math.MaxInt), at(1, 0, 10)}, protocol.ErrMalformed},
		{"too short", pad{at(0, 32, 7)}, protocol.ErrMalformed},
		{"too long", pad{at(0, 32, 8), at(1, 0, 1)}, protocol.ErrMalformed},
		{"much too long", pad{at(1, 0, 20)}, protocol.ErrMalformed},
		{"missing", nil, protocol.ErrMalformed},
	}
	secret := []byte("8 bytes.")
	for _, test := range tests {
		sender, receiver := connect(t, 100, 20)
		earlier := reserve(t, sender, 0)
		if err := mustReceive(t, receiver, message{header: sign(t, earlier, "", nil)}).Accept(); err != nil {
			t.Fatal(err)
		}
		m := post(t, sender, secret)
		in := mustReceive(t, receiver, m)
		available, own := receiver.Peer.Available(), statusOf(t, receiver.Own)
		sealed := protocol.SealedShare{Pad: protocol.PadAllocation{Fragments: test.pad}, Value: m.sealed.Value}
		got, err := in.Open(sealed)
		if !errors.Is(err, test.want) || got.Reveal() != nil {
			t.Errorf("pad %s gave % x and %v, want %v", test.name, got.Reveal(), err, test.want)
		}
		if _, err := receive(receiver, m); !errors.Is(err, psrd.ErrUsed) {
			t.Errorf("pad %s: the key is not spent, %v", test.name, err)
		}
		if got := receiver.Peer.Available(); got != available {
			t.Errorf("pad %s cost %d bytes", test.name, available-got)
		}
		unchanged(t, receiver.Own, own)
	}
}

func TestOpenEmptyShare(t *testing.T) {
	for _, pad := range [][]psrd.Fragment{nil, {at(0, 0, 5)}} {
		sender, receiver := connect(t, 100)
		in := mustReceive(t, receiver, post(t, sender, []byte("share")))
		sealed := protocol.SealedShare{Pad: protocol.PadAllocation{Fragments: pad}}
		if got, err := in.Open(sealed); !errors.Is(err, protocol.ErrMalformed) || got.Reveal() != nil {
			t.Errorf("%v gave % x and %v, want %v", sealed, got.Reveal(), err, protocol.ErrMalformed)
		}
		if got := receiver.Peer.Available(); got != 100-protocol.SigningKeySize {
			t.Errorf("%d bytes available", got)
		}
	}
}

// Accept spends the signing key and nothing else, even of a message with a share.
func TestAcceptLeavesPad(t *testing.T) {
	sender, receiver := connect(t, 100)
	m := post(t, sender, []byte("share"))
	if err := mustReceive(t, receiver, m).Accept(); err != nil {
		t.Fatal(err)
	}
	if got, want := receiver.Peer.Available(), 100-protocol.SigningKeySize; got != want {
		t.Errorf("%d bytes available, want %d", got, want)
	}
}
