package client

import (
	"testing"

	"github.com/google/uuid"

	"dske/etsi"
	"dske/protocol"
)

func TestKeysUnderIDsThatAreGiven(t *testing.T) {
	for _, suite := range []protocol.Suite{protocol.Python, protocol.ITS} {
		w := newWorldOf(t, suite)
		carol, connie := w.ready(w.config("carol", "sam")), w.ready(w.config("connie", "sofia"))
		ids := make([]uuid.UUID, 130)
		for i := range ids {
			ids[i] = uuid.New()
		}
		made, err := carol.GetKey(t.Context(), "sam", "sofia", etsi.KeyRequest{Number: len(ids), Size: 256, IDs: ids})
		if err != nil {
			t.Fatal(err)
		}
		var fetched []etsi.Key
		for _, half := range [][]uuid.UUID{ids[:65], ids[65:]} {
			keys, err := connie.GetKeyWithKeyIDs(t.Context(), "sofia", "sam", half)
			if err != nil {
				t.Fatal(err)
			}
			fetched = append(fetched, keys...)
		}
		for i := range ids {
			if made[i].ID != ids[i] || !made[i].Equal(fetched[i]) {
				t.Errorf("key %d differs", i)
			}
		}
	}
}
