package hub_test

import (
	"bytes"
	"testing"

	"dske/protocol"
	"dske/psrd"
)

// A lost answer is repeated on request, even an answer of the largest size: a full batch, or the
// share of one of the largest keys.
func TestLostLargeAnswersComeAgain(t *testing.T) {
	for name, shares := range map[string]struct{ number, size int }{
		"full batch":  {protocol.MaxBatch, protocol.MaxBatchSize / protocol.MaxBatch},
		"largest key": {1, 2<<20 + 48},
	} {
		_, carol, connie := newSuitePair(t, protocol.ITS)
		carol.fetchFor(psrd.ForPads, protocol.OwnerClient, 4<<20)
		connie.fetchFor(psrd.ForPads, protocol.OwnerHub, 4<<20)
		m := protocol.PostShares{ClientName: "carol", MasterSAE: "sam", SlaveSAEs: []string{"sofia"}}
		m.ShareIndex = 3
		var ids []int
		for n := range shares.number {
			m.KeyIDs = append(m.KeyIDs, keyID(n))
			ids = append(ids, n)
		}
		setTerms(&m.ShareBatch, protocol.Terms{Suite: "its", Version: 2, KeySize: shares.size - 48, Threshold: 2, SecretTag: make([]byte, 16)})
		carol.accept(carol.send(carol.postAll(m, make([]byte, shares.number*shares.size))))
		r := connie.getAll("sofia", ids...)
		first := connie.send(r)
		if first.Code != 200 {
			t.Fatal(name, first.Body)
		}
		again := connie.send(r)
		if again.Code != 200 || !bytes.Equal(again.Body.Bytes(), first.Body.Bytes()) {
			t.Errorf("%s: the same bytes again: %d %.200s", name, again.Code, again.Body)
		}
	}
}
