package hub_test

import (
	"testing"

	"dske/node/hub"
	"dske/node/store"
	"dske/protocol"
)

// openStore opens the store of hub hank on a disk.
func openStore(t testing.TB, disk *store.MemoryDisk) *store.Store {
	t.Helper()
	s, err := store.Open(store.Config{FS: disk, Dir: "/hank", Identity: store.Identity{Kind: "hub", Node: "hank", Suite: protocol.SuiteITS}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var _ = hub.Everybody
