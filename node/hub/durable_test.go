package hub_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/uuid"

	"dske/node"
	"dske/node/hub"
	"dske/node/store"
	"dske/protocol"
	"dske/psrd"
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

// durable is carol at a hub that keeps its state on a disk.
type durable struct {
	*conversation
	disk *store.MemoryDisk
	boot uuid.UUID
	m    protocol.Marks // that were sent last
}

func newDurable(t *testing.T) *durable {
	d := &durable{disk: store.NewMemoryDisk()}
	h := newHub(t, hub.Config{Suite: protocol.ITS, Number: 3, Store: openStore(t, d.disk)})
	d.conversation = meet(t, h, "carol")
	d.suite = protocol.ITS
	d.register("sam", "sofia")
	d.look()
	d.m = protocol.Marks{ClientName: "carol", Blocks: []protocol.BlockMark{}}
	d.resume(1)
	return d
}

// crash replaces the hub by one that finds what its disk has.
func (d *durable) crash() {
	d.t.Helper()
	d.disk = d.disk.Crash(func() bool { return false })
	d.hub = newHub(d.t, hub.Config{Suite: protocol.ITS, Number: 3, Store: openStore(d.t, d.disk)})
}

// look asks the hub how it sees the association.
func (d *durable) look() (seen protocol.Association) {
	d.t.Helper()
	w := request{method: "GET", path: protocol.PathRegistration, query: "client_name=carol", tokens: d.tokens}.to(d.t, d.hub)
	if err := json.Unmarshal(w.Body.Bytes(), &seen); err != nil {
		d.t.Fatal(err)
	}
	d.boot = seen.Boot
	return seen
}

// put is a request to raise marks.
func (d *durable) put() request {
	return request{method: "PUT", path: protocol.PathMarks, tokens: d.tokens, body: marshal(d.t, d.m)}
}

// resume begins a session of that number.
func (d *durable) resume(session int) {
	d.t.Helper()
	d.look()
	d.m.Boot, d.m.Session, d.m.Serial, d.m.Resume = d.boot, keyID(session), 1, true
	wantOK(d.t, d.put().to(d.t, d.hub))
	d.m.Resume = false
}

// raise raises the marks of all blocks.
func (d *durable) raise(mark int) {
	d.t.Helper()
	d.m.Serial++
	for i := range d.m.Blocks {
		d.m.Blocks[i].Mark = mark
	}
	wantOK(d.t, d.put().to(d.t, d.hub))
}

// stock fetches a block for each pool and names them.
func (d *durable) stock() {
	d.t.Helper()
	for _, owner := range []protocol.PoolOwner{protocol.OwnerClient, protocol.OwnerHub} {
		for _, purpose := range protocol.PurposesOf(d.suite) {
			block := d.fetchFor(purpose, owner, blockSize)
			d.m.Blocks = append(d.m.Blocks, protocol.BlockMark{UUID: block.UUID})
		}
	}
}

func (d *durable) share() request {
	terms := protocol.Terms{Suite: protocol.SuiteITS, Version: 2, KeySize: 32, Threshold: 2, SecretTag: bytes.Repeat([]byte{1}, 16)}
	m := shareOf(keyID(1))
	m.Terms = terms
	return d.post(m, bytes.Repeat([]byte{7}, d.suite.ShareSize(32, 1)))
}

// A block is used below the mark that both have named, and no further.
func TestNothingIsUsedAboveTheMark(t *testing.T) {
	d := newDurable(t)
	d.stock()
	posted := d.share()
	wantRefused(t, posted.to(t, d.hub), 404, psrd.ErrUnknownBlock) // which is on its way
	d.raise(0)
	wantRefused(t, posted.to(t, d.hub), 503, psrd.ErrNotOpen)
	d.raise(512)
	wantOK(t, posted.to(t, d.hub))
}

// Marks are of the current session, and each has a higher serial.
func TestOldMarksAreRefused(t *testing.T) {
	d := newDurable(t)
	d.stock()
	d.raise(64)
	current := d.m
	for name, spoil := range map[string]func(){
		"serial":  func() {},
		"session": func() { d.m.Session, d.m.Serial = keyID(9), 99 },
		"boot":    func() { d.m.Boot, d.m.Serial, d.m.Resume = keyID(9), 99, true },
		"resumed": func() { d.m.Resume = true },
	} {
		d.m = current
		spoil()
		w := d.put().to(t, d.hub)
		if err := node.DecodeError(w.Code, w.Body.Bytes()); w.Code != 409 {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, mark := range []int{blockSize + 32, 33} { // the latter is none of a block for keys
		d.m = current
		d.m.Serial++
		d.m.Blocks = []protocol.BlockMark{current.Blocks[0], {UUID: current.Blocks[1].UUID, Mark: mark}}
		wantRefused(t, d.put().to(t, d.hub), 400, psrd.ErrOutOfRange)
	}
}

// After a crash nothing is accepted before the client resumes, and then nothing of below the marks.
func TestHubGoesOnAfterCrash(t *testing.T) {
	d := newDurable(t)
	d.stock()
	d.raise(512)
	posted := d.share()
	wantOK(t, posted.to(t, d.hub))
	d.crash()
	wantRefused(t, posted.to(t, d.hub), 403, protocol.ErrNoSession)
	if seen := d.look(); !seen.Registered || seen.Session != uuid.Nil || len(seen.Blocks) != 4 || seen.Blocks[0].Mark != 512 {
		t.Errorf("it says %+v", seen)
	}
	d.resume(2)
	wantRefused(t, posted.to(t, d.hub), 409, psrd.ErrUsed)
	if n := len(d.hub.Inspect().Shares); n != 1 {
		t.Errorf("%d shares are left", n)
	}
	d.m.Delivered = []protocol.DeliveredKeys{{MasterSAE: "sam", SlaveSAE: "sofia", KeyIDs: []uuid.UUID{keyID(1)}}}
	d.raise(512)
	d.crash()
	if n := len(d.hub.Inspect().Shares); n != 0 {
		t.Errorf("%d shares are left of those that were confirmed", n)
	}
}
