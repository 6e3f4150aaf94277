package hub_test

import (
	"crypto/subtle"
	"slices"
	"testing"

	"dske/protocol"
	"dske/psrd"
)

// TestPads sends shares of 16 bytes with invalid pads, in messages that are signed correctly with
// bytes of a separate block: a valid tag spends its key, and no refusal spends the pad. Bytes 0 to
// 15 were the pad of an earlier share, and bytes 16 to 47 signed it.
func TestPads(t *testing.T) {
	h, carol, connie := newPair(t)
	at := func(start, size int) psrd.Fragment { return carol.at(protocol.OwnerClient, start, size) }
	data := carol.blocks[protocol.OwnerClient][0].Data
	unknown := psrd.Fragment{Block: keyID(9), Start: 0, Size: 16}
	const used, free = 0, 80
	carol.accept(carol.send(carol.post(shareOf(keyID(1)), []byte("a share of a key"))))
	keys := carol.fetch(protocol.OwnerClient, 2*blockSize)
	key := psrd.Fragment{Block: keys.UUID, Size: 32}
	post := func(pad []psrd.Fragment, value []byte) request {
		key.Start += 32
		m := shareOf(keyID(2))
		m.SealedShare = protocol.SealedShare{Pad: protocol.PadAllocation{Fragments: pad}, Value: value}
		r := postOf(marshal(t, m))
		r.signatures = []string{signedBy(key.String(), keys.Data[key.Start:key.Start+32], r)}
		return r
	}
	for _, test := range []struct {
		name   string
		pad    []psrd.Fragment
		status int
		reason error
	}{
		{"none", nil, 400, protocol.ErrMalformed},
		{"empty", []psrd.Fragment{}, 400, protocol.ErrMalformed},
		{"too short", []psrd.Fragment{at(free, 15)}, 400, protocol.ErrMalformed},
		{"too long", []psrd.Fragment{at(free, 17)}, 400, protocol.ErrMalformed},
		{"too long by a piece", []psrd.Fragment{at(free, 16), at(free+16, 1)}, 400, protocol.ErrMalformed},
		{"overlapping itself", []psrd.Fragment{at(free, 8), at(free+7, 8)}, 400, psrd.ErrOverlap},
		{"the same twice", []psrd.Fragment{at(free, 8), at(free, 8)}, 400, psrd.ErrOverlap},
		{"the signing key", []psrd.Fragment{{Block: keys.UUID, Start: 8 * 32, Size: 16}}, 409, psrd.ErrUsed},
		{"used", []psrd.Fragment{at(used, 16)}, 409, psrd.ErrUsed},
		{"used to sign", []psrd.Fragment{at(32, 16)}, 409, psrd.ErrUsed},
		{"used in its last byte", []psrd.Fragment{at(free, 15), at(used, 1)}, 409, psrd.ErrUsed},
		{"of size zero", []psrd.Fragment{at(free, 0)}, 400, psrd.ErrOutOfRange},
		{"with a piece of size zero", []psrd.Fragment{at(free, 16), at(free+16, 0)}, 400, psrd.ErrOutOfRange},
		{"of negative size", []psrd.Fragment{at(free+16, -16)}, 400, psrd.ErrOutOfRange},
		{"with a piece of negative size", []psrd.Fragment{at(free, 12), at(free+16, -8), at(free+16, 12)}, 400, psrd.ErrOutOfRange},
		{"at a negative start", []psrd.Fragment{at(-16, 16)}, 400, psrd.ErrOutOfRange},
		{"at the end of the block", []psrd.Fragment{at(blockSize-15, 16)}, 400, psrd.ErrOutOfRange},
		{"of overflowing range", []psrd.Fragment{at(1<<63-1, 16)}, 400, psrd.ErrOutOfRange},
		{"of overflowing size", []psrd.Fragment{at(16, 1<<63-1)}, 400, protocol.ErrMalformed},
		{"of an unknown block", []psrd.Fragment{unknown}, 404, psrd.ErrUnknownBlock},
		{"with a piece of an unknown block", []psrd.Fragment{at(free, 8), {Block: keyID(9), Start: 0, Size: 8}}, 404, psrd.ErrUnknownBlock},
		{"of the hub's pool", []psrd.Fragment{carol.at(protocol.OwnerHub, free, 16)}, 404, psrd.ErrUnknownBlock},
		{"of another client's pool", []psrd.Fragment{connie.at(protocol.OwnerClient, free, 16)}, 404, psrd.ErrUnknownBlock},
	} {
		wantRefusal(t, h, post(test.pad, make([]byte, 16)), test.status, test.reason)
		if t.Failed() {
			t.Fatalf("a pad %s", test.name)
		}
	}
	wantRefusal(t, h, post(nil, nil), 400, protocol.ErrMalformed)

	// A pad of the first and last free bytes, in the wrong order.
	value := slices.Concat(data[blockSize-8:], data[free:free+8])
	subtle.XORBytes(value, value, []byte("another share .."))
	good := post([]psrd.Fragment{at(blockSize-8, 8), at(free, 8)}, value)
	carol.accept(carol.send(good))
	wantReplay(t, h, good)
	connie.open(connie.send(connie.get(askFor(keyID(2)))), []byte("another share .."))
}
