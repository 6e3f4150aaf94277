package hub

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"dske/node"
	"dske/protocol"
)

// A share that expires while a request for it is under way, and is replaced, is neither delivered nor
// taken for the new one.
func TestShareReplacedMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := uuid.UUID{0: 0xab}
		store := &shareStore{ttl: time.Minute, alarm: node.NewAlarm(time.Minute), shares: map[uuid.UUID]*share{}}
		put := func(index int) {
			t.Helper()
			sh := &share{Share: protocol.Share{Index: index}, masterSAE: "sam", slaveSAEs: []string{"sofia"}}
			if err := store.put(map[uuid.UUID]*share{key: sh}); err != nil {
				t.Fatal(err)
			}
		}
		find := func() found {
			t.Helper()
			sh, err := store.find(protocol.GetShare{MasterSAE: "sam", SlaveSAE: "sofia", KeyID: key})
			if err != nil {
				t.Fatal(err)
			}
			return found{{key, sh}}
		}
		put(1)
		old := find()
		time.Sleep(time.Minute)
		put(2)
		if err := store.deliver(old, "sofia"); !errors.Is(err, protocol.ErrUnknownKey) {
			t.Errorf("delivering what is no longer there: %v", err)
		}
		shares := find()
		if err := store.deliver(shares, "sofia"); err != nil || shares[0].Index != 2 {
			t.Errorf("delivering share %d: %v", shares[0].Index, err)
		}
	})
}

// Two requests that found the same share: only the first of them delivers it, and the other slave's stays.
func TestShareDeliveredMeanwhile(t *testing.T) {
	key := uuid.UUID{0: 0xab}
	store := &shareStore{ttl: time.Minute, alarm: node.NewAlarm(time.Minute), shares: map[uuid.UUID]*share{}}
	sh := &share{masterSAE: "sam", slaveSAEs: []string{"sofia", "susan"}}
	if err := store.put(map[uuid.UUID]*share{key: sh}); err != nil {
		t.Fatal(err)
	}
	for _, slave := range []string{"sofia", "susan"} {
		if err := store.deliver(found{{key, sh}}, slave); err != nil {
			t.Errorf("delivering to %s: %v", slave, err)
		}
		if err := store.deliver(found{{key, sh}}, slave); !errors.Is(err, protocol.ErrUnknownKey) {
			t.Errorf("delivering to %s again: %v", slave, err)
		}
	}
	if len(store.shares) != 0 {
		t.Error("delivered and still there")
	}
}
