package hub_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/uuid"

	"dske/node"
	"dske/node/contract"
	"dske/node/hub"
	"dske/node/store"
	"dske/protocol"
	"dske/psrd"
)

const (
	hank         = "/hub/hank"
	registration = protocol.PathRegistration
	sofia        = "söfia/1" // an ID that has to be encoded in a path
)

// described is a hub together with the description that it serves of itself. It compares every
// response with the description.
type described struct {
	t       *testing.T
	suite   protocol.Suite
	handler http.Handler
	*contract.Contract
}

func newDescribed(t *testing.T, config hub.Config) *described {
	t.Helper()
	config.Name, config.Number = "hank", 1
	config.Directory = hub.Everybody
	if config.Suite == nil {
		config.Suite = protocol.Python
	}
	h, err := hub.New(config)
	if err != nil {
		t.Fatal(err)
	}
	d := &described{t: t, suite: config.Suite, handler: h.Handler()}
	if d.Contract, err = contract.Fetch(d.handler, hank+"/openapi.json"); err != nil {
		t.Fatal(err)
	}
	return d
}

// call is a request to the hub, and the status that it should be answered with.
type call struct {
	method    string
	path      string // below /hub/hank, with the query
	token     string
	signature string
	body      []byte
	status    int
}

func (c call) request() *http.Request {
	r := httptest.NewRequest(c.method, hank+c.path, bytes.NewReader(c.body))
	if c.body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		r.Header.Set(protocol.TokenHeader, c.token)
	}
	if c.signature != "" {
		r.Header.Set(protocol.SignatureHeader, c.signature)
	}
	return r
}

func (d *described) do(c call) *httptest.ResponseRecorder {
	d.t.Helper()
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, c.request())
	if w.Code != c.status {
		d.t.Errorf("%s %s: %d %s, want %d", c.method, c.path, w.Code, w.Body, c.status)
	}
	if err := d.Check(c.request(), w); err != nil {
		d.t.Errorf("%s %s, %d: %v", c.method, c.path, w.Code, err)
	}
	return w
}

// register registers carol and returns her end of a channel with a block of the given size in bytes
// in each pool, or none where the size is 0.
func (d *described) register(clientOwned, hubOwned int) *protocol.Channel {
	d.t.Helper()
	d.do(call{method: "PUT", path: registration, token: "t", body: []byte(`{"client_name": "carol", "encryptor_names": ["sam", "` + sofia + `"]}`), status: 200})
	channel := protocol.NewChannel(d.suite)
	for owner, size := range map[protocol.PoolOwner]int{protocol.OwnerClient: clientOwned, protocol.OwnerHub: hubOwned} {
		for _, purpose := range protocol.PurposesOf(d.suite) {
			if size > 0 {
				d.fetch(channel, owner, purpose, size)
			}
		}
	}
	return channel
}

// fetch gets a block of about that size.
func (d *described) fetch(channel *protocol.Channel, owner protocol.PoolOwner, purpose psrd.Purpose, size int) {
	d.t.Helper()
	path := fmt.Sprintf("%s?client_name=carol&pool_owner=%s&size=%d", protocol.PathPSRD, owner, size)
	if purpose == psrd.ForKeys {
		path = fmt.Sprintf("%s?client_name=carol&pool_owner=%s&size=%d&purpose=key", protocol.PathPSRD, owner, size/32*32)
	} else if purpose == psrd.ForPads {
		path += "&purpose=pad"
	}
	var block protocol.BlockData
	if err := json.Unmarshal(d.do(call{method: "GET", path: path, token: "t", status: 200}).Body.Bytes(), &block); err != nil {
		d.t.Fatal(err)
	}
	if err := channel.Pool(owner == protocol.OwnerClient, purpose).Add(psrd.NewBlock(block.UUID, block.Data)); err != nil {
		d.t.Fatal(err)
	}
}

// post returns a signed request to deposit a share of 64 bytes, from master for slave.
func (d *described) post(channel *protocol.Channel, key uuid.UUID, master, slave string, status int) call {
	d.t.Helper()
	out, err := channel.Reserve(64)
	if err != nil {
		d.t.Fatal(err)
	}
	m := protocol.PostShare{ClientName: "carol", MasterSAE: master, SlaveSAE: slave, KeyID: key, ShareIndex: 1, Terms: d.terms()}
	if m.SealedShare, err = out.Seal(protocol.NewSecret(make([]byte, 64))); err != nil {
		d.t.Fatal(err)
	}
	body, err := json.Marshal(m)
	if err != nil {
		d.t.Fatal(err)
	}
	return call{method: "POST", path: protocol.PathKeyShare, body: body, signature: d.sign(out, protocol.PathKeyShare, "", body), status: status}
}

// get returns a signed request to fetch a share.
func (d *described) get(channel *protocol.Channel, key uuid.UUID, master, slave string, status int) call {
	d.t.Helper()
	out, err := channel.Reserve(0)
	if err != nil {
		d.t.Fatal(err)
	}
	query := protocol.GetShare{ClientName: "carol", MasterSAE: master, SlaveSAE: slave, KeyID: key}.Query()
	return call{method: "GET", path: protocol.PathKeyShare + "?" + query, signature: d.sign(out, protocol.PathKeyShare, query, nil), status: status}
}

func (d *described) sign(out *protocol.Outgoing, path, query string, body []byte) string {
	d.t.Helper()
	method := "POST"
	if body == nil {
		method = "GET"
	}
	signature, err := out.SignRequest(protocol.Request{Method: method, Path: path, Query: query, Body: body})
	if err != nil {
		d.t.Fatal(err)
	}
	return signature
}

// TestResponsesAreDescribed makes the hub give every response in its description except those that
// its network gives when the hub is stopped.
func TestResponsesAreDescribed(t *testing.T) {
	d := newDescribed(t, hub.Config{Stop: func() {}})
	d.driveOutOfBand()
	d.driveInBand()
	d.driveShares()
	for _, path := range []string{"/mgmt/v1/status", "/openapi.json", "/docs"} {
		d.do(call{method: "GET", path: path, status: 200})
		d.do(call{method: "PUT", path: path, status: 405})
	}
	d.do(call{method: "POST", path: "/mgmt/v1/stop", status: 200})
	d.do(call{method: "GET", path: "/dske/oob/v2/psrd", status: 404})

	lonely := newDescribed(t, hub.Config{}) // its Config has no Stop
	lonely.Shares(d.Contract)
	driveMarks(t, d)
	lonely.do(call{method: "POST", path: "/mgmt/v1/stop", status: 403})
	if unseen := d.Unseen(); unseen != nil {
		t.Errorf("described and not seen: %q", unseen)
	}
}

// driveMarks begins a session with a hub whose disk then fails.
func driveMarks(t *testing.T, described *described) {
	disk := store.NewMemoryDisk()
	full := false
	disk.Before = func(o store.Operation) error {
		if full && o.Kind == "write" {
			return syscall.ENOSPC
		}
		return nil
	}
	d := newDescribed(t, hub.Config{Suite: protocol.ITS, Store: openStore(t, disk)})
	d.Shares(described.Contract)
	var registered protocol.Registered
	body := []byte(`{"client_name": "carol"}`)
	if err := json.Unmarshal(d.do(call{method: "PUT", path: registration, token: "t", body: body, status: 200}).Body.Bytes(), &registered); err != nil {
		t.Fatal(err)
	}
	marks := func(token string, serial, size, status int) {
		m := protocol.Marks{ClientName: "carol", Boot: registered.Boot, Session: keyID(1), Serial: int64(serial), Resume: serial == 1, Blocks: []protocol.BlockMark{}}
		text := append(marshal(t, m), bytes.Repeat([]byte(" "), size)...)
		d.do(call{method: "PUT", path: protocol.PathMarks, token: token, body: text, status: status})
	}
	d.do(call{method: "PUT", path: protocol.PathMarks, token: "t", body: []byte(`{"client_name": "carol"}`), status: 400})
	marks("t", 2, 0, 409)
	marks("another", 1, 0, 403)
	marks("t", 1, 4<<20, 413)
	marks("t", 1, 0, 200)
	d.do(call{method: "GET", path: registration + "?client_name=carol", token: "t", status: 200})
	d.do(call{method: "GET", path: protocol.PathPSRD + "?client_name=carol&pool_owner=hub&size=32&purpose=key", token: "t", status: 200})
	full = true
	marks("t", 3, 0, 503) // drops the block
	d.do(call{method: "PUT", path: registration, token: "t", body: body, status: 503})
	d.do(call{method: "GET", path: protocol.PathPSRD + "?client_name=carol&pool_owner=hub&size=32&purpose=key", token: "t", status: 503})
}

func (d *described) driveOutOfBand() {
	const block = protocol.PathPSRD + "?client_name=carol"
	tooLarge := bytes.Repeat([]byte(" "), 4<<20+1)
	for _, c := range []call{
		{"PUT", registration, "", "", []byte(`{"client_name": "Carol"}`), 400},
		{"PUT", registration, "", "", []byte(`{"client_name": `), 400},
		{"PUT", registration, "", "", tooLarge, 413},
		{"PUT", registration, "t", "", []byte(`{"client_name": "carol"}`), 200},
		{"PUT", registration, "", "", []byte(`{"client_name": "carol"}`), 403},
		{"PUT", registration, "", "", []byte(`{"client_name": "dave", "encryptor_names": ["carol"]}`), 403},
		{"POST", registration, "", "", []byte(`{}`), 405},

		{"GET", block + "&pool_owner=client&size=1000", "t", "", nil, 200},
		{"GET", block + "&pool_owner=nobody&size=1000", "t", "", nil, 400},
		{"GET", block + "&pool_owner=hub&size=0", "t", "", nil, 400},
		{"GET", block + "&pool_owner=hub", "t", "", nil, 400},
		{"GET", block + "&pool_owner=hub&size=1000", "", "", nil, 403},
		{"GET", protocol.PathPSRD + "?client_name=dave&pool_owner=hub&size=1000", "", "", nil, 403},
		{"GET", block + "&pool_owner=hub&size=4194305", "t", "", nil, 413},

		{"GET", protocol.PathEncryptors + "/carol", "", "", nil, 200},
		{"GET", protocol.PathEncryptors + "/nobody", "", "", nil, 404},
		{"DELETE", protocol.PathEncryptors + "/carol", "", "", nil, 405},

		{"GET", registration, "t", "", nil, 400},
		{"GET", registration + "?client_name=carol", "", "", nil, 403},
		{"GET", registration + "?client_name=carol", "t", "", nil, 200},
		{"GET", registration + "?client_name=nobody", "t", "", nil, 200},

		{"DELETE", registration, "t", "", nil, 400},
		{"DELETE", registration + "?client_name=carol", "", "", nil, 403},
		{"DELETE", registration + "?client_name=carol", "t", "", nil, 200},
		{"DELETE", registration + "?client_name=carol", "t", "", nil, 403},
	} {
		d.do(c)
	}
}

func (d *described) driveInBand() {
	const key, other = "7d0f6c1e-2b4a-4f83-8c95-e1a6d3b7f204", "a2c4e6f8-1b3d-4579-8ace-02468bdf1357"
	id, otherID := uuid.MustParse(key), uuid.MustParse(other)
	old := d.register(1000, 0)
	d.do(d.post(old, id, "sam", sofia, 503))

	channel := d.register(1000, 1000)
	d.do(d.post(old, id, "sam", sofia, 404)) // names a block of the old registration
	d.do(d.get(old, id, "sam", sofia, 404))
	posted := d.post(channel, id, "sam", sofia, 200)
	d.do(posted)
	d.do(call{method: "GET", path: "/mgmt/v1/status", status: 200}) // with blocks in use and a share
	d.do(call{method: "GET", path: protocol.PathEncryptors + "/" + url.PathEscape(sofia), status: 200})
	posted.status = d.again()
	d.do(posted)
	d.do(d.post(channel, id, "sam", sofia, 409))
	d.do(d.post(channel, otherID, "nobody", sofia, 403))
	d.do(d.post(channel, otherID, "sam", "nobody", 404))

	d.spoil(d.post(channel, otherID, "sam", sofia, 0))
	d.spoil(d.get(channel, id, "sam", sofia, 0))
	d.do(call{method: "POST", path: protocol.PathKeyShare, body: []byte(`{"master_client_name": ""}`), status: 400})
	d.do(call{method: "POST", path: protocol.PathKeyShare, body: make([]byte, 4<<20+1), status: 413})

	fetched := d.get(channel, id, "sam", sofia, 200)
	d.do(d.get(channel, otherID, "sam", sofia, 404))
	d.do(d.get(channel, id, "sam", "sam", 403))
	d.do(d.get(channel, id, "sam", "nobody", 403))
	d.do(fetched)
	fetched.status = d.again()
	d.do(fetched)

	poor := d.register(1000, 32) // just enough to acknowledge a share
	d.do(d.post(poor, otherID, "sam", sofia, 200))
	d.do(d.get(poor, otherID, "sam", sofia, 503))
}

// again returns the status of a request that is repeated at once.
func (d *described) again() int {
	if d.suite == protocol.ITS {
		return 200
	}
	return 409
}

// spoil sends a signed request with invalid signatures.
func (d *described) spoil(good call) {
	const other = "a2c4e6f8-1b3d-4579-8ace-02468bdf1357"
	_, tag, _ := strings.Cut(good.signature, "%")
	for _, s := range []struct {
		status    int
		signature string
	}{
		{400, strings.Replace(good.signature, ":32%", ":31%", 1)},
		{400, good.signature[:36] + ":10000:32%" + tag}, // beyond the end of the block
		{401, ""},
		{404, other + good.signature[len(other):]},
	} {
		c := good
		c.status, c.signature = s.status, s.signature
		d.do(c)
	}
}

func TestDescriptionHasAllRoutes(t *testing.T) {
	d := newDescribed(t, hub.Config{})
	registered := contract.Routes(d.handler.(*node.Router).Echo, hank)
	if listed := d.Operations(); !slices.Equal(registered, listed) {
		t.Errorf("registered %q\ndescribed  %q", registered, listed)
	}
}

func TestDocsAreReadableOffline(t *testing.T) {
	d := newDescribed(t, hub.Config{})
	if err := contract.CheckDocs(d.handler, hank); err != nil {
		t.Error(err)
	}
}
