package adversary

import (
	"testing"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/psrd"
)

// The learnt blocks are limited; known and empty ones do not count.
func TestLearnBlock(t *testing.T) {
	k := newKnowledge(protocol.Python)
	k.room = 100
	for i, size := range []int{60, 0, 41, 40, 1} {
		k.learnBlock(psrd.LeakedBlock{UUID: uuid.UUID{byte(i)}, Data: make([]byte, size)})
		k.learnBlock(psrd.LeakedBlock{UUID: uuid.UUID{0}, Data: make([]byte, size)})
	}
	if got := k.channel.Peer.Available(); got != 100 || k.room != 0 {
		t.Errorf("%d bytes are known and there is room for %d, want 100 and 0", got, k.room)
	}
}

// A share is known only if every byte of its pad is; a missing byte is not a zero.
func TestOpen(t *testing.T) {
	block := uuid.UUID{1}
	k := newKnowledge(protocol.Python)
	k.learnBlock(psrd.LeakedBlock{UUID: block, Data: []byte{1, 2, 0, 4, 5}, Consumed: []psrd.Fragment{{Block: block, Start: 2, Size: 1}}})
	for _, test := range []struct {
		start, size int
		known       bool
	}{{0, 2, true}, {0, 3, false}, {2, 1, false}, {1, 4, false}, {3, 2, true}, {4, 2, false}, {-1, 1, false}} {
		s := sealedShare{batch: protocol.ShareBatch{KeyIDs: protocol.KeyIDs{{7}}}}
		s.batch.Value = make([]byte, test.size)
		s.batch.Pad.Fragments = []psrd.Fragment{{Block: block, Start: test.start, Size: test.size}}
		if _, known := k.open(s); known != test.known {
			t.Errorf("%d bytes from %d: known is %t", test.size, test.start, known)
		}
	}
}

func TestAddNew(t *testing.T) {
	var shares []protocol.Share
	for i := range 2 * maxShares {
		share := protocol.Share{Index: i % 2, Value: protocol.NewSecret([]byte{byte(i), byte(i >> 8)})}
		shares = addNew(addNew(shares, share), share)
		if want := min(i+1, maxShares); len(shares) != want {
			t.Fatalf("%d shares, want %d", len(shares), want)
		}
	}
}
