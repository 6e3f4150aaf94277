package adversary

import (
	"testing"

	"github.com/google/uuid"

	"dske/protocol"
)

// shareOf returns a share of a key in a body of size bytes.
func shareOf(key uuid.UUID, size int) sealedShare {
	return sealedShare{batch: protocol.ShareBatch{KeyIDs: protocol.KeyIDs{key}}, request: protocol.Request{Body: make([]byte, size)}}
}

func TestRecordingForgetsTheOldest(t *testing.T) {
	keys := []uuid.UUID{{1}, {2}, {1}, {3}}
	shares := make([]sealedShare, len(keys))
	for i, key := range keys {
		shares[i] = shareOf(key, 100+i)
		shares[i].signature = []string{"signature"}
	}
	r := newRecording(shares[1].size() + shares[2].size() + shares[3].size() + 10)
	for _, s := range shares {
		r.add(s)
	}
	if got := r.byKey[keys[0]]; len(got) != 1 || len(got[0].body()) != 102 {
		t.Errorf("of the first key there are %d shares left, want the second one", len(got))
	}
	r.add(shares[3])
	if _, found := r.byKey[keys[1]]; found {
		t.Error("the second key is still there")
	}
	if len(r.byKey) != 2 || len(r.order) != 3 || r.size != shares[2].size()+2*shares[3].size() {
		t.Errorf("%d keys, %d shares and %d bytes are left", len(r.byKey), len(r.order), r.size)
	}
}

func TestRecordingOfTooMuch(t *testing.T) {
	r := newRecording(1000)
	r.add(shareOf(uuid.UUID{1}, 0))
	r.add(shareOf(uuid.UUID{2}, 1001))
	if len(r.byKey) != 0 || len(r.order) != 0 || r.size != 0 {
		t.Errorf("%d keys, %d shares and %d bytes are left", len(r.byKey), len(r.order), r.size)
	}
}
