package hub_test

import (
	"bytes"
	"reflect"
	"testing"

	"dske/node/hub"
	"dske/protocol"
)

// itsTerms are terms of a share of 64 bytes, for a key of 16.
var itsTerms = protocol.Terms{Suite: "its", Version: 2, KeySize: 16, Threshold: 3, SecretTag: bytes.Repeat([]byte{7}, 16)}

// A hub gives the terms of a share to the client that fetches it.
func TestTerms(t *testing.T) {
	h := newHub(t, hub.Config{Suite: protocol.ITS, Number: 3})
	carol, connie := meet(t, h, "carol"), meet(t, h, "connie")
	for c, encryptor := range map[*conversation]string{carol: "sam", connie: "sofia"} {
		c.suite = protocol.ITS
		c.register(encryptor)
		c.fetch(protocol.OwnerClient, blockSize)
		c.fetch(protocol.OwnerHub, blockSize)
	}
	m := shareOf(keyID(1))
	m.Terms = itsTerms
	share := valueOf(1, 64)
	posted := carol.post(m, share)
	wantHarmless(t, h, posted)
	carol.accept(carol.send(posted))
	asked := connie.get(askFor(keyID(1)))
	wantHarmless(t, h, asked)
	w := connie.send(asked)
	connie.open(w, share)
	reply, err := protocol.ParseShareReply(w.Body.Bytes())
	if err != nil || !reflect.DeepEqual(reply.Terms, itsTerms) {
		t.Errorf("the terms are %+v, %v", reply.Terms, err)
	}

	batch, values := batchOf(map[int]int{2: 64, 3: 64})
	batch.SlaveSAEs = []string{"sofia"}
	setTerms(&batch.ShareBatch, itsTerms)
	batch.SecretTags[16] = 8
	carol.accept(carol.send(carol.postAll(batch, values)))
	other, value := batchOf(map[int]int{4: 64})
	setTerms(&other.ShareBatch, itsTerms)
	other.Threshold = 4
	other.SlaveSAEs = []string{"sofia"}
	carol.accept(carol.send(carol.postAll(other, value)))
	for _, want := range []protocol.ShareBatch{batch.ShareBatch, other.ShareBatch} { // different terms come in separate answers
		r := connie.getAll("sofia", 2, 3, 4)
		if want.Threshold == 4 {
			r = connie.getAll("sofia", 4)
		}
		all, err := protocol.ParseSharesReply(connie.send(r).Body.Bytes())
		want.SealedShare = all.SealedShare
		if err != nil || len(all.Refused) > 0 || !reflect.DeepEqual(all.ShareBatch, want) {
			t.Errorf("the shares are %+v, %v, want %+v", all.ShareBatch, err, want)
		}
	}
}
