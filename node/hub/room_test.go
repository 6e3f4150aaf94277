package hub

import (
	"bytes"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"dske/node"
	"dske/protocol"
)

// waiting returns a message of carol's with a number of shares of a size, and what a hub keeps of
// it.
func waiting(shares, size int, slaves ...string) (protocol.PostShares, []keyShare) {
	m := protocol.PostShares{ClientName: "carol", MasterSAE: "sam", SlaveSAEs: slaves}
	m.Value = make([]byte, shares*size)
	m.SecretTags = make([]byte, shares*16)
	for range shares {
		m.KeyIDs = append(m.KeyIDs, uuid.New())
	}
	owners := slices.Repeat([]string{"connie"}, len(slaves))
	return m, opened("carol", m, owners, protocol.NewSecret(bytes.Clone(m.Value)))
}

// Waiting shares of a client are counted as long as they wait, whatever becomes of them, and
// separately from those of other clients.
func TestRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShareStore(protocol.Python, time.Minute, node.NewAlarm(time.Minute, func() {}), journal{})
		want := func(shares int) {
			t.Helper()
			if r := store.taken["carol"]; r.shares != shares || r.bytes != shares*(shareOverhead+100+16+len("samsofiasusan")) {
				t.Errorf("%+v, want %d shares", r, shares)
			}
		}
		m, shares := waiting(10, 100, "sofia", "susan")
		if err := store.put(shares); err != nil {
			t.Fatal(err)
		}
		want(10)
		if store.put(shares) == nil {
			t.Error("shares are taken twice")
		}
		want(10)
		ask := protocol.GetShare{ClientName: "connie", MasterSAE: "sam", KeyID: m.KeyIDs[0]}
		for i, slave := range m.SlaveSAEs {
			ask.SlaveSAE = slave
			sh, err := store.find(ask)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := store.deliver(found{{ask.KeyID, sh.Value.Size(), sh}}, slave); err != nil {
				t.Fatal(err)
			}
			want(10 - i) // the last slave removes the share
		}
		time.Sleep(time.Minute)
		store.dropExpired()
		if len(store.taken) != 0 {
			t.Errorf("expired shares take %v", store.taken)
		}
	})
}

// The maximum number of shares of keys of the default size fits, and no more; of large shares,
// fewer fit.
func TestMostShares(t *testing.T) {
	for _, test := range []struct{ size, atOnce, most int }{
		{32 + 16, protocol.MaxBatch, protocol.MaxSharesWaiting},
		{2<<20 + 16, 1, 15},
	} {
		store := newShareStore(protocol.Python, time.Minute, node.NewAlarm(time.Minute, func() {}), journal{})
		n := 0
		for ; n <= protocol.MaxSharesWaiting; n += test.atOnce {
			m, shares := waiting(test.atOnce, test.size, "sofia")
			if store.checkRoom(m) != nil {
				break
			}
			if err := store.put(shares); err != nil {
				t.Fatal(err)
			}
		}
		if n > test.most || n <= test.most-test.atOnce {
			t.Errorf("%d shares of %d bytes fit, want %d", n, test.size, test.most)
		}
		other, _ := waiting(1, test.size, "sofia")
		other.ClientName = "celia"
		if err := store.checkRoom(other); err != nil {
			t.Errorf("another client: %v", err)
		}
	}
}

// The status of a hub lists the first shares, and the number of the others.
func TestStatusListsTheFirstShares(t *testing.T) {
	h, err := New(Config{Name: "hank"})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ added, more int }{{maxListed, 0}, {7, 7}} {
		_, shares := waiting(test.added, 10, "sofia")
		if err := h.shares.put(shares); err != nil {
			t.Fatal(err)
		}
		if s := h.Inspect(); len(s.Shares) != maxListed || s.MoreShares != test.more {
			t.Errorf("%d shares are listed, and %d more, want %d more", len(s.Shares), s.MoreShares, test.more)
		}
	}
}
