package hub_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"syscall"
	"testing"

	"github.com/google/uuid"

	"dske/node"
	"dske/node/contract"
	"dske/node/hub"
	"dske/node/parcel"
	"dske/node/store"
	"dske/protocol"
	"dske/psrd"
)

const files = node.PathFiles

// byHand is a hub whose clients get files, with the identity that opens carol's files.
type byHand struct {
	*described
	*hub.Hub
	disk  *store.MemoryDisk
	carol parcel.Identity
}

func newByHand(t *testing.T) *byHand {
	t.Helper()
	b := &byHand{disk: store.NewMemoryDisk()}
	var err error
	if b.carol, err = parcel.NewIdentity(); err != nil {
		t.Fatal(err)
	}
	clients := []node.Enrolment{
		{Name: "carol", Token: "t", Encryptors: []string{"sam"}, Hubs: []string{"hank"}, Recipient: b.carol.Recipient()},
		{Name: "celia", Token: "u", Encryptors: []string{"serena"}, Hubs: []string{"hank"}},
		{Name: "cindy", Token: "v", Encryptors: []string{"sunny"}, Hubs: []string{"helen"}, Recipient: b.carol.Recipient()},
	}
	config := hub.Config{Name: "hank", Number: 1, Store: openStore(t, b.disk), Files: hub.Files{Out: 2, Threshold: 2, Hubs: []string{"helen", "hank"}}}
	if config.Directory, err = node.NewDirectory(false, clients); err != nil {
		t.Fatal(err)
	}
	if b.Hub, err = hub.New(config); err != nil {
		t.Fatal(err)
	}
	b.described = &described{t: t, suite: protocol.ITS, handler: b.Hub.Handler()}
	if b.Contract, err = contract.Fetch(b.handler, hank+"/openapi.json"); err != nil {
		t.Fatal(err)
	}
	return b
}

// issue returns a file for carol, opened.
func (b *byHand) issue() *parcel.Parcel {
	b.t.Helper()
	w := b.do(call{method: "POST", path: files, body: []byte(`{"client_name": "carol", "size": 1024}`), status: 200})
	p, err := parcel.Open(w.Body, b.carol, "t")
	if err != nil {
		b.t.Fatal(err)
	}
	return p
}

// control returns carol's end of the control messages about marks, from a file.
func (b *byHand) control(p *parcel.Parcel) *protocol.Control {
	b.t.Helper()
	i := slices.IndexFunc(p.Blocks, parcel.Block.IsControl)
	c, err := protocol.NewControl(protocol.ITS, true, p.Blocks[i].ID, p.Blocks[i].Size, 0, slices.Clone(p.Data[i]))
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

func (b *byHand) boot() uuid.UUID {
	b.t.Helper()
	var boot protocol.Boot
	if err := json.Unmarshal(b.do(call{method: "GET", path: protocol.PathBoot, status: 200}).Body.Bytes(), &boot); err != nil {
		b.t.Fatal(err)
	}
	return boot.Boot
}

// say sends carol's marks, and fails the test unless the answer has that status, and a valid
// signature if that is 200.
func (b *byHand) say(c *protocol.Control, m protocol.Marks, status int) call {
	b.t.Helper()
	q, err := c.Reserve()
	if err != nil {
		b.t.Fatal(err)
	}
	body, err := json.Marshal(m)
	if err != nil {
		b.t.Fatal(err)
	}
	signature, err := q.SignRequest(protocol.Request{Method: "POST", Path: protocol.PathSignedMarks, Body: body})
	if err != nil {
		b.t.Fatal(err)
	}
	sent := call{method: "POST", path: protocol.PathSignedMarks, signature: signature, body: body, status: status}
	w := b.do(sent)
	answer := w.Header().Values(protocol.SignatureHeader)
	if err := q.VerifyResponse(answer, w.Code, w.Body.Bytes()); status == 200 && err != nil || status != 200 && answer != nil {
		b.t.Errorf("%d is signed %q: %v", status, answer, err)
	}
	return sent
}

// A hub whose clients get files answers as its description says, and does not serve out-of-band
// paths.
func TestDescriptionWithFiles(t *testing.T) {
	b := newByHand(t)
	registered := contract.Routes(b.handler.(*node.Router).Echo, hank)
	if listed := b.Operations(); !slices.Equal(registered, listed) {
		t.Errorf("registered %q\ndescribed  %q", registered, listed)
	}
	order := func(text string, status int) {
		t.Helper()
		b.do(call{method: "POST", path: files, body: []byte(text), status: status})
	}
	order(`{"client_name": "carol"`, 400)
	order(`{"client_name": "mallory", "size": 1024}`, 403)
	order(`{"client_name": "cindy", "size": 1024}`, 403)
	order(`{"client_name": "celia", "size": 1024}`, 409) // she has no recipient
	order(`{"client_name": "carol", "size": 1023}`, 413)
	order(`{"client_name": "carol", "size": -1}`, 413)
	b.issue()
	b.issue()
	order(`{"client_name": "carol", "size": 1024}`, 409)
	b.do(call{method: "GET", path: files, status: 200})
	b.do(call{method: "DELETE", path: files + "/carol/x", status: 400})
	b.do(call{method: "DELETE", path: files + "/carol/3", status: 404})
	b.do(call{method: "DELETE", path: files + "/carol/2", status: 200})
	b.do(call{method: "PUT", path: registration, token: "t", body: []byte(`{"client_name": "carol"}`), status: 404})
	b.do(call{method: "GET", path: registration + "?client_name=carol", token: "t", status: 404})
	b.disk.Before = func(store.Operation) error { return syscall.ENOSPC }
	order(`{"client_name": "carol", "size": 1024}`, 503)
}

// A message about marks counts with a valid signature, in the current boot of the hub, and once.
// What is not stored is not answered.
func TestSignedMarks(t *testing.T) {
	b := newByHand(t)
	p := b.issue()
	defer p.Clear()
	c, boot := b.control(p), b.boot()
	m := protocol.Marks{ClientName: "carol", Boot: boot, Session: uuid.New(), Serial: 1, Resume: true, Blocks: []protocol.BlockMark{{UUID: p.Blocks[0].ID}}}
	old := m
	old.Boot = uuid.New()
	b.say(c, old, 409)
	stranger := m
	stranger.ClientName = "celia"
	b.say(c, stranger, 403)
	if list := b.Parcels(); len(list) != 1 || list[0].State != store.ParcelOut {
		t.Errorf("what was refused has changed something: %v", list)
	}
	sent := b.say(c, m, 200)
	sent.status = 409
	b.do(sent) // its slots are used
	if list := b.Parcels(); list[0].State != store.ParcelTaken {
		t.Errorf("the file is %v", list)
	}
	forged := sent
	forged.body = bytes.Replace(sent.body, []byte(`"serial":1`), []byte(`"serial":2`), 1)
	b.do(forged)
	m.Resume, m.Serial = false, 2
	next := b.say(c, m, 200)
	next.signature = next.signature[:len(next.signature)-4] + "AA=="
	next.status = 409
	b.do(next)
	wrong := next
	other := b.control(p)
	for range 6 {
		q, _ := other.Reserve()
		wrong.signature, _ = q.SignRequest(protocol.Request{Method: "POST", Path: protocol.PathSignedMarks, Body: []byte("else")})
	}
	wrong.status = 401
	b.do(wrong)
	b.do(call{method: "POST", path: protocol.PathSignedMarks, body: next.body, status: 401})
	b.do(call{method: "POST", path: protocol.PathSignedMarks, signature: next.signature, body: []byte("{"), status: 400})

	unknown := newByHand(t)
	b.say(unknown.control(unknown.issue()), m, 404)

	m.Serial = 3
	b.disk.Before = func(store.Operation) error { return syscall.ENOSPC }
	b.say(c, m, 503)
}

// A file that is out belongs to no session, and its blocks are in no pool. A file that was given up
// is gone, and an unacknowledged file is lost when the hub ends while making it.
func TestFilesThatAreOut(t *testing.T) {
	b := newByHand(t)
	first := b.issue()
	c := b.control(first)
	m := protocol.Marks{ClientName: "carol", Boot: b.boot(), Session: uuid.New(), Serial: 1, Resume: true, Blocks: []protocol.BlockMark{{UUID: first.Blocks[0].ID}}}
	b.say(c, m, 200)
	second := b.issue()
	if second.Session != first.Session || second.Number != 2 {
		t.Errorf("file %d of session %v follows file 1 of %v", second.Number, second.Session, first.Session)
	}
	m.Resume, m.Serial = false, 2
	b.say(c, m, 200) // does not name the second file
	if pool := b.Inspect().PeerClients[0].PeerPool; len(pool.Blocks) != 1 {
		t.Errorf("pads of the client: %+v", pool)
	}
	m.Serial, m.Blocks = 3, append(m.Blocks, protocol.BlockMark{UUID: second.Blocks[0].ID, Mark: 512})
	b.say(c, m, 200)
	pool := b.Inspect().PeerClients[0].PeerPool
	if i := slices.IndexFunc(pool.Blocks, func(s psrd.BlockStatus) bool { return s.UUID == second.Blocks[0].ID }); i < 0 || pool.Blocks[i].Unused != 1024 {
		t.Errorf("pads of the client: %+v", pool)
	}
	third := b.issue()
	if err := b.Revoke(t.Context(), "carol", third.Number); err != nil {
		t.Error(err)
	}
	if err := b.Revoke(t.Context(), "carol", third.Number); !errors.Is(err, protocol.ErrUnknownParcel) {
		t.Errorf("revoked twice: %v", err)
	}
	b.say(b.control(third), m, 404)
}
