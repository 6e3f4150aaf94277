package hub_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

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
	m    protocol.Marks // sent last
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

// crash replaces the hub by one that finds the contents of its disk.
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

// resume begins the session of that number.
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

// stock fetches a block for each pool and names the blocks.
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

// A block is used below the mark that both ends have named, and no further.
func TestNothingIsUsedAboveTheMark(t *testing.T) {
	d := newDurable(t)
	d.stock()
	posted := d.share()
	wantRefused(t, posted.to(t, d.hub), 404, psrd.ErrUnknownBlock) // the block is on its way
	d.raise(0)
	wantRefused(t, posted.to(t, d.hub), 503, psrd.ErrNotOpen)
	d.raise(512)
	wantOK(t, posted.to(t, d.hub))
}

// Marks must be of the current session, and each must have a higher serial.
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
	for _, mark := range []int{blockSize + 32, 33} { // the latter is not valid in a block for keys
		d.m = current
		d.m.Serial++
		d.m.Blocks = []protocol.BlockMark{current.Blocks[0], {UUID: current.Blocks[1].UUID, Mark: mark}}
		wantRefused(t, d.put().to(t, d.hub), 400, psrd.ErrOutOfRange)
	}
}

// After a crash nothing is accepted before the client resumes, and after that nothing below the
// marks.
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

// The client may name blocks that the hub has used up, however many they are: it does not have
// answers that were lost.
func TestMarksOfBlocksUsedUp(t *testing.T) {
	d := newDurable(t)
	const blocks = 70 // more than a pool remembers
	keys := d.fetchFor(psrd.ForKeys, protocol.OwnerClient, blocks*slot)
	d.m.Blocks = append(d.m.Blocks, protocol.BlockMark{UUID: keys.UUID, Mark: blocks * slot})
	for range blocks {
		block := d.fetchFor(psrd.ForKeys, protocol.OwnerHub, slot)
		d.m.Blocks = append(d.m.Blocks, protocol.BlockMark{UUID: block.UUID, Mark: slot})
	}
	for range 2 {
		d.m.Serial++
		wantOK(t, d.put().to(t, d.hub))
		for range blocks / 2 {
			d.wantFact(d.get(protocol.GetShare{ClientName: "carol", MasterSAE: "sam", SlaveSAE: "sofia", KeyID: keyID(1)}), 404, protocol.ErrUnknownKey)
		}
	}
	d.m.Serial++
	wantOK(t, d.put().to(t, d.hub))
}

const slot = psrd.SlotSize

// A share is given in one message: the same share in another message is refused, even after a
// crash.
func TestSameShareAgain(t *testing.T) {
	d := newDurable(t)
	d.stock()
	d.raise(512)
	wantOK(t, d.share().to(t, d.hub))
	d.wantFact(d.share(), 409, protocol.ErrDuplicateKey)
	d.crash()
	d.resume(2)
	d.channel = protocol.NewChannel(d.suite)
	d.m.Blocks = nil
	d.stock()
	d.raise(512)
	d.wantFact(d.share(), 409, protocol.ErrDuplicateKey)
	if n := len(d.hub.Inspect().Shares); n != 1 {
		t.Errorf("%d shares wait", n)
	}
}

// A client that has proved its name with a certificate continues after a restart of the hub. If the
// network no longer has the client and lets strangers in, no stranger gets its name or the shares
// that wait for it.
func TestCertificatesAfterRestart(t *testing.T) {
	disk := store.NewMemoryDisk()
	start := func(open bool, enrolled ...node.Enrolment) *hub.Hub {
		directory, err := node.NewDirectory(open, enrolled)
		if err != nil {
			t.Fatal(err)
		}
		disk = disk.Crash(func() bool { return false })
		return newHub(t, hub.Config{Suite: protocol.ITS, Number: 3, Store: openStore(t, disk), Directory: directory,
			Certified: func(*tls.ConnectionState) string { return "carol" }})
	}
	certified := node.Enrolment{Name: "carol", Certified: true, Encryptors: []string{"sam", "sofia"}, Hubs: []string{"hank"}}
	d := &durable{disk: disk}
	d.conversation = meet(t, start(false, certified), "carol")
	d.suite, d.tokens = protocol.ITS, nil
	d.register("sam", "sofia")
	d.m = protocol.Marks{ClientName: "carol", Blocks: []protocol.BlockMark{}}
	d.resume(1)
	d.hub = start(false, certified)
	d.resume(2)
	d.stock()
	d.raise(512)
	wantOK(t, d.share().to(t, d.hub))

	d.hub = start(true)
	wantRefused(t, d.conversation.put(`{"client_name": "carol", "encryptor_names": ["sofia"]}`).to(t, d.hub), 403, protocol.ErrWrongToken)
	wantRefused(t, d.remove().to(t, d.hub), 403, protocol.ErrWrongToken)
}

// finds reports whether a value is in a log on disk.
func (d *durable) finds(value []byte) (found bool) {
	d.t.Helper()
	disk := d.disk.Copy()
	names, err := disk.List("/hank")
	if err != nil {
		d.t.Fatal(err)
	}
	for _, name := range names {
		if !strings.HasPrefix(name, "state-") {
			continue
		}
		f, err := disk.Open("/hank/"+name, os.O_RDWR)
		if err != nil {
			d.t.Fatal(err)
		}
		size, _ := f.Size()
		content := make([]byte, size)
		if _, err := f.ReadAt(content, 0); err != nil && err != io.EOF {
			d.t.Fatal(err)
		}
		found = found || bytes.Contains(content, value)
	}
	return found
}

// A value is gone from the disk ten minutes after it was confirmed, even if nothing else happens.
func TestConfirmedShareIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDurable(t)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go d.hub.Run(ctx)
		d.stock()
		d.raise(512)
		wantOK(t, d.share().to(t, d.hub))
		if !d.finds(bytes.Repeat([]byte{7}, 32)) {
			t.Error("the value is not on the disk")
		}
		time.Sleep(30 * time.Minute)
		d.m.Delivered = []protocol.DeliveredKeys{{MasterSAE: "sam", SlaveSAE: "sofia", KeyIDs: []uuid.UUID{keyID(1)}}}
		d.raise(512)
		time.Sleep(12 * time.Minute)
		if d.finds(bytes.Repeat([]byte{7}, 32)) {
			t.Error("the value is still on the disk")
		}
		cancel()
		synctest.Wait()
	})
}

// A share that arrives when the previous share of its key has just expired stays on disk when that
// one is forgotten.
func TestShareInPlaceOfExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDurable(t)
		d.stock()
		d.raise(512)
		wantOK(t, d.share().to(t, d.hub))
		time.Sleep(time.Hour)
		wantOK(t, d.share().to(t, d.hub))
		ctx, cancel := context.WithCancel(t.Context())
		go d.hub.Run(ctx)
		time.Sleep(time.Minute)
		cancel()
		synctest.Wait()
		d.crash()
		if n := len(d.hub.Inspect().Shares); n != 1 {
			t.Errorf("%d shares are there", n)
		}
	})
}
