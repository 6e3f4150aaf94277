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

// A share that expires and is replaced while a request for it is under way is not delivered, nor is
// the new share in its place.
func TestShareReplacedMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := uuid.UUID{0: 0xab}
		store := newShareStore(protocol.Python, time.Minute, node.NewAlarm(time.Minute, func() {}), journal{})
		put := func(index int) {
			t.Helper()
			sh := &share{Share: protocol.Share{Index: index}, masterSAE: "sam", slaveSAEs: []string{"sofia"}, slaveOwners: []string{"connie"}}
			if err := store.put([]keyShare{{key, sh}}); err != nil {
				t.Fatal(err)
			}
		}
		find := func() found {
			t.Helper()
			sh, err := store.find(protocol.GetShare{ClientName: "connie", MasterSAE: "sam", SlaveSAE: "sofia", KeyID: key})
			if err != nil {
				t.Fatal(err)
			}
			return found{{key, sh.Value.Size(), sh}}
		}
		put(1)
		old := find()
		time.Sleep(time.Minute)
		put(2)
		if _, err := store.deliver(old, "sofia"); !errors.Is(err, protocol.ErrUnknownKey) {
			t.Errorf("delivering what is no longer there: %v", err)
		}
		shares := find()
		if parts, err := store.deliver(shares, "sofia"); err != nil || parts[0].Index != 2 {
			t.Errorf("delivering share %d: %v", shares[0].Index, err)
		}
	})
}

// Of two requests that found the same share, only the first delivers it. The other slave's part
// stays.
func TestShareDeliveredMeanwhile(t *testing.T) {
	key := uuid.UUID{0: 0xab}
	store := newShareStore(protocol.Python, time.Minute, node.NewAlarm(time.Minute, func() {}), journal{})
	sh := &share{masterSAE: "sam", slaveSAEs: []string{"sofia", "susan"}, slaveOwners: []string{"connie", "connie"}}
	if err := store.put([]keyShare{{key, sh}}); err != nil {
		t.Fatal(err)
	}
	for _, slave := range []string{"sofia", "susan"} {
		if _, err := store.deliver(found{{key, 0, sh}}, slave); err != nil {
			t.Errorf("delivering to %s: %v", slave, err)
		}
		if _, err := store.deliver(found{{key, 0, sh}}, slave); !errors.Is(err, protocol.ErrUnknownKey) {
			t.Errorf("delivering to %s again: %v", slave, err)
		}
	}
	if len(store.shares) != 0 {
		t.Error("delivered and still there")
	}
}

// Shares of different masters do not block each other where the suite keeps them apart.
func TestSharesByMaster(t *testing.T) {
	key := uuid.UUID{0: 0xab}
	for suite, want := range map[protocol.Suite]error{protocol.ITS: nil, protocol.Python: protocol.ErrDuplicateKey} {
		store := newShareStore(suite, time.Minute, node.NewAlarm(time.Minute, func() {}), journal{})
		put := func(client, master string) error {
			return store.put([]keyShare{{key, &share{client: client, masterSAE: master, slaveSAEs: []string{"sofia"}, slaveOwners: []string{"connie"}}}})
		}
		if err := put("mallory", "moe"); err != nil {
			t.Fatal(err)
		}
		if err := put("mallory", "max"); !errors.Is(err, protocol.ErrDuplicateKey) {
			t.Errorf("%s: a second share of the same client: %v", suite.Name(), err)
		}
		if err := put("carol", "sam"); !errors.Is(err, want) {
			t.Errorf("%s: a share of another client: %v, want %v", suite.Name(), err, want)
		}
		if want != nil {
			continue
		}
		sh, err := store.find(protocol.GetShare{ClientName: "connie", MasterSAE: "sam", SlaveSAE: "sofia", KeyID: key})
		if err != nil || sh.client != "carol" {
			t.Errorf("found %+v, %v", sh, err)
		}
		if _, err := store.find(protocol.GetShare{ClientName: "connie", MasterSAE: "nobody", SlaveSAE: "sofia", KeyID: key}); !errors.Is(err, protocol.ErrUnknownKey) {
			t.Errorf("of an unknown master: %v", err)
		}
	}
}

// What was delivered or has expired leaves no bytes behind.
func TestSharesAreCleared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShareStore(protocol.Python, time.Minute, node.NewAlarm(time.Minute, func() {}), journal{})
		for _, end := range []func(found){
			func(f found) {
				if parts, err := store.deliver(f, "sofia"); err != nil || string(parts[0].Value.Reveal()) != "share" {
					t.Errorf("delivered %v, %v", parts, err)
				}
			},
			func(found) { time.Sleep(time.Minute); store.dropExpired() },
		} {
			value := []byte("share")
			sh := &share{Share: protocol.Share{Value: protocol.NewSecret(value)}, masterSAE: "sam", slaveSAEs: []string{"sofia"}, slaveOwners: []string{"connie"}}
			if err := store.put([]keyShare{{uuid.UUID{1}, sh}}); err != nil {
				t.Fatal(err)
			}
			end(found{{uuid.UUID{1}, 5, sh}})
			if string(value) != "\x00\x00\x00\x00\x00" || store.waiting() != 0 {
				t.Errorf("what is left is %q", value)
			}
		}
	})
}
