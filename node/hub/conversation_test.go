package hub_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"

	"dske/node"
	"dske/node/hub"
	"dske/protocol"
	"dske/psrd"
)

const (
	prefix    = "/hub/hank"
	blockSize = 1024 // bytes of each block, unless a test says otherwise
)

// conversation is a client that talks to a hub. It can do what a client does, and also send what no
// client would. A failure fails the test, but the conversation continues, so that any goroutine may
// use it.
type conversation struct {
	t       testing.TB
	hub     *hub.Hub
	name    string
	tokens  []string // values of the token header
	suite   protocol.Suite
	channel *protocol.Channel
	last    string                                      // signature of the last request
	blocks  map[protocol.PoolOwner][]protocol.BlockData // as they arrived, never used up; without blocks for keys
}

// newHub returns a hub of the name hank, which serves everybody and speaks the Python suite unless
// the test says otherwise.
func newHub(t testing.TB, config hub.Config) *hub.Hub {
	t.Helper()
	config.Name = "hank"
	if config.Directory == nil {
		config.Directory = hub.Everybody
	}
	if config.Suite == nil {
		config.Suite = protocol.Python
	}
	h, err := hub.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// meet returns a client that the hub does not know yet.
func meet(t testing.TB, h *hub.Hub, name string) *conversation {
	token := fmt.Sprintf("%x", sha256.Sum256([]byte(name)))
	return &conversation{t: t, hub: h, name: name, tokens: []string{token}, suite: protocol.Python}
}

// connect returns a client that is registered and has a block in both pools.
func connect(t testing.TB, h *hub.Hub, name string, encryptors ...string) *conversation {
	t.Helper()
	c := meet(t, h, name)
	c.register(encryptors...)
	c.fetch(protocol.OwnerClient, blockSize)
	c.fetch(protocol.OwnerHub, blockSize)
	return c
}

// newPair returns a hub with two clients: carol with the encryptor sam, who makes keys, and connie
// with sofia and susan, who fetch them.
func newPair(t testing.TB) (h *hub.Hub, carol, connie *conversation) {
	t.Helper()
	h = newHub(t, hub.Config{})
	return h, connect(t, h, "carol", "sam"), connect(t, h, "connie", "sofia", "susan")
}

// request is what arrives at a hub.
type request struct {
	method     string
	path       string // below /hub/hank
	query      string
	tokens     []string
	signatures []string
	body       []byte
}

// signed returns what the signature of the request covers.
func (r request) signed() protocol.Request {
	return protocol.Request{Method: r.method, Path: r.path, Query: r.query, Body: r.body}
}

// to sends the request. An answer other than 200 must be a well-formed error.
func (r request) to(t testing.TB, h *hub.Hub) *httptest.ResponseRecorder {
	t.Helper()
	raw := httptest.NewRequest(r.method, prefix+r.path, bytes.NewReader(r.body))
	raw.URL.RawQuery = r.query
	for _, token := range r.tokens {
		raw.Header.Add(protocol.TokenHeader, token)
	}
	for _, signature := range r.signatures {
		raw.Header.Add(protocol.SignatureHeader, signature)
	}
	w := httptest.NewRecorder()
	h.Handler().ServeHTTP(w, raw)
	if w.Code != http.StatusOK {
		wantErrorBody(t, w)
	}
	return w
}

// wantErrorBody fails the test unless the answer is an error with a message and details. It must be
// unsigned, unless it is a refusal that may be a fact.
func wantErrorBody(t testing.TB, w *httptest.ResponseRecorder) {
	t.Helper()
	var body struct {
		Message string
		Details map[string]any
	}
	decoder := json.NewDecoder(bytes.NewReader(w.Body.Bytes()))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&body); err != nil || body.Message == "" || body.Details == nil {
		t.Errorf("%d with the body %q: %v", w.Code, w.Body, err)
	}
	facts := []int{400, 403, 404, 409}
	if signed := w.Header().Values(protocol.SignatureHeader); signed != nil && !slices.Contains(facts, w.Code) {
		t.Errorf("%d is signed: %q", w.Code, signed)
	}
	if form := w.Header().Get("Content-Type"); form != "application/json" {
		t.Errorf("%d is of type %q", w.Code, form)
	}
}

// wantOK fails the test unless the answer is 200, and reports whether it is.
func wantOK(t testing.TB, w *httptest.ResponseRecorder) bool {
	t.Helper()
	if w.Code != http.StatusOK {
		t.Errorf("answer is %d %s", w.Code, w.Body)
	}
	return w.Code == http.StatusOK
}

// wantRefused fails the test unless the answer is an error of that status and reason.
func wantRefused(t testing.TB, w *httptest.ResponseRecorder, status int, reason error) {
	t.Helper()
	if err := node.DecodeError(w.Code, w.Body.Bytes()); w.Code != status || !errors.Is(err, reason) {
		t.Errorf("answer is %d %s, want %d %v", w.Code, w.Body, status, reason)
	}
}

// wantUnchanged fails the test if f changes a pool, a share or a client of the hub.
func wantUnchanged(t testing.TB, h *hub.Hub, f func()) {
	t.Helper()
	before := state(h)
	f()
	if after := state(h); !reflect.DeepEqual(before, after) {
		t.Errorf("the hub went from\n%+v\nto\n%+v", before, after)
	}
}

// wantFreeRefusal fails the test unless the hub refuses the request and is unchanged.
func wantFreeRefusal(t testing.TB, h *hub.Hub, r request, status int, reason error) {
	t.Helper()
	wantUnchanged(t, h, func() { wantRefused(t, r.to(t, h), status, reason) })
}

// wantRefusal fails the test unless the hub refuses the request and is unchanged, except for the
// signing key that a valid tag may spend.
func wantRefusal(t testing.TB, h *hub.Hub, r request, status int, reason error) {
	t.Helper()
	before := state(h)
	wantRefused(t, r.to(t, h), status, reason)
	after := state(h)
	spent := 0
	for i, p := range after.PeerClients {
		spent += before.PeerClients[i].PeerPool.Unused() - p.PeerPool.Unused()
		spent += before.PeerClients[i].LocalPool.Unused() - p.LocalPool.Unused()
	}
	if spent != 0 && spent != protocol.SigningKeySize || !reflect.DeepEqual(before.Shares, after.Shares) {
		t.Errorf("it cost %d bytes, and the hub went from\n%+v\nto\n%+v", spent, before, after)
	}
}

// put returns a request to register with that body.
func (c *conversation) put(body string) request {
	return request{method: "PUT", path: protocol.PathRegistration, tokens: c.tokens, body: []byte(body)}
}

// remove returns a request to end the registration.
func (c *conversation) remove() request {
	return request{method: "DELETE", path: protocol.PathRegistration, tokens: c.tokens, query: "client_name=" + c.name}
}

// psrd returns a request for a block.
func (c *conversation) psrd(owner protocol.PoolOwner, size int) request {
	return c.psrdFor(protocol.PurposesOf(c.suite)[0], owner, size)
}

// psrdFor is like psrd, for a block with a purpose.
func (c *conversation) psrdFor(purpose psrd.Purpose, owner protocol.PoolOwner, size int) request {
	query := fmt.Sprintf("client_name=%s&pool_owner=%s&size=%d", c.name, owner, size)
	if purpose != psrd.ForAll {
		query += "&purpose=" + string(purpose)
	}
	return request{method: "GET", path: protocol.PathPSRD, tokens: c.tokens, query: query}
}

// register registers the client and starts again with empty pools.
func (c *conversation) register(encryptors ...string) {
	c.t.Helper()
	body, err := json.Marshal(protocol.Registration{ClientName: c.name, EncryptorNames: encryptors})
	if err != nil {
		c.t.Error(err)
	}
	wantOK(c.t, c.put(string(body)).to(c.t, c.hub))
	c.channel = protocol.NewChannel(c.suite)
	c.blocks = map[protocol.PoolOwner][]protocol.BlockData{}
}

// fetch gets a block for pads and puts it into the pool of that owner. In a suite with separate
// pools for keys it also gets a block of about the same size for keys.
func (c *conversation) fetch(owner protocol.PoolOwner, size int) protocol.BlockData {
	c.t.Helper()
	purposes := protocol.PurposesOf(c.suite)
	for _, purpose := range purposes[1:] {
		c.fetchFor(purpose, owner, (size+31)/32*32)
	}
	block := c.fetchFor(purposes[0], owner, size)
	c.blocks[owner] = append(c.blocks[owner], block)
	return block
}

// fetchFor gets a block and puts it into the pool of that owner and purpose.
func (c *conversation) fetchFor(purpose psrd.Purpose, owner protocol.PoolOwner, size int) protocol.BlockData {
	c.t.Helper()
	w := c.psrdFor(purpose, owner, size).to(c.t, c.hub)
	var block protocol.BlockData
	if err := json.Unmarshal(w.Body.Bytes(), &block); w.Code != http.StatusOK || err != nil || len(block.Data) != size {
		c.t.Errorf("fetching a block: %d with %d bytes, %v", w.Code, len(block.Data), err)
		return block
	}
	pool := c.channel.Pool(owner == protocol.OwnerClient, purpose)
	if err := pool.Add(psrd.NewBlock(block.UUID, slices.Clone(block.Data))); err != nil {
		c.t.Error(err)
	}
	return block
}

// at returns a fragment of the client's block in the pool of that owner.
func (c *conversation) at(owner protocol.PoolOwner, start, size int) psrd.Fragment {
	return psrd.Fragment{Block: c.blocks[owner][0].UUID, Start: start, Size: size}
}

// keyID returns the ID of key n of a test. It has letters, so that their case matters.
func keyID(n int) uuid.UUID { return uuid.UUID{0: 0xab, 15: byte(n)} }

// shareOf returns carol's message about a share for sofia.
func shareOf(key uuid.UUID) protocol.PostShare {
	return protocol.PostShare{ClientName: "carol", MasterSAE: "sam", SlaveSAE: "sofia", KeyID: key, ShareIndex: 3}
}

// askFor returns the request of connie's client for a share from sam to sofia.
func askFor(key uuid.UUID) protocol.GetShare {
	return protocol.GetShare{ClientName: "connie", MasterSAE: "sam", SlaveSAE: "sofia", KeyID: key}
}

// post returns a signed request to deposit a share.
func (c *conversation) post(m protocol.PostShare, share []byte) request {
	c.t.Helper()
	return c.sign(postOf(c.seal(m, share)))
}

// seal returns the body of a message with the share one-time-padded.
func (c *conversation) seal(m protocol.PostShare, share []byte) []byte {
	c.t.Helper()
	m.SealedShare = c.sealed(share)
	return marshal(c.t, m)
}

// sealed one-time-pads a value.
func (c *conversation) sealed(value []byte) protocol.SealedShare {
	c.t.Helper()
	out, err := c.channel.Reserve(len(value))
	if err != nil {
		c.t.Error(err)
		return protocol.SealedShare{}
	}
	defer out.Release() // the signing key
	sealed, err := out.Seal(protocol.NewSecret(value))
	if err != nil {
		c.t.Error(err)
	}
	return sealed
}

// postOf returns an unsigned POST with that body, and getOf an unsigned GET with that query.
func postOf(body []byte) request {
	return request{method: "POST", path: protocol.PathKeyShare, body: body}
}

func getOf(query string) request {
	return request{method: "GET", path: protocol.PathKeyShare, query: query}
}

func marshal(t testing.TB, message any) []byte {
	t.Helper()
	body, err := json.Marshal(message)
	if err != nil {
		t.Error(err)
	}
	return body
}

// get returns a signed request for a share.
func (c *conversation) get(m protocol.GetShare) request {
	c.t.Helper()
	return c.sign(getOf(m.Query()))
}

// sign returns the request with a signature, and spends the client's next bytes for it.
func (c *conversation) sign(r request) request {
	c.t.Helper()
	out, err := c.channel.Reserve(0)
	if err != nil {
		c.t.Error(err)
		return r
	}
	signature, err := out.SignRequest(r.signed())
	if err != nil {
		c.t.Error(err)
	}
	r.signatures = []string{signature}
	return r
}

// send sends a request to the client's hub.
func (c *conversation) send(r request) *httptest.ResponseRecorder {
	c.t.Helper()
	if len(r.signatures) == 1 && c.suite.Rules().Refusals {
		c.last = r.signatures[0]
	}
	return r.to(c.t, c.hub)
}

// verify checks an answer to the last request, and its signature.
func (c *conversation) verify(w *httptest.ResponseRecorder) *protocol.Incoming {
	c.t.Helper()
	if !wantOK(c.t, w) {
		return nil
	}
	incoming, err := c.channel.VerifyResponse(w.Header().Values(protocol.SignatureHeader),
		protocol.Response{To: c.last, Status: w.Code, Body: w.Body.Bytes()})
	if err != nil {
		c.t.Errorf("answer %s: %v", w.Body, err)
		return nil
	}
	return incoming
}

// accept reads the answer to a POST.
func (c *conversation) accept(w *httptest.ResponseRecorder) {
	c.t.Helper()
	incoming := c.verify(w)
	if incoming == nil {
		return
	}
	if err := incoming.Accept(); err != nil || w.Body.String() != "{}" {
		c.t.Errorf("answer %s: %v", w.Body, err)
	}
}

// open reads the answer to a GET, which must bring that share with the index of [shareOf].
func (c *conversation) open(w *httptest.ResponseRecorder, share []byte) {
	c.t.Helper()
	incoming := c.verify(w)
	if incoming == nil {
		return
	}
	reply, err := protocol.ParseShareReply(w.Body.Bytes())
	if err != nil {
		c.t.Error(err)
		return
	}
	got, err := incoming.Open(reply.SealedShare)
	if err != nil || reply.ShareIndex != 3 || !bytes.Equal(got.Reveal(), share) {
		c.t.Errorf("share %d is % x, %v, want % x", reply.ShareIndex, got.Reveal(), err, share)
	}
}

// unused returns how many bytes the hub has left in the pools that it shares with the client.
func (c *conversation) unused() (clientOwned, hubOwned int) {
	c.t.Helper()
	for _, p := range c.hub.Inspect().PeerClients {
		if p.ClientName == c.name {
			clientOwned, hubOwned = p.PeerPool.Unused(), p.LocalPool.Unused()
			if p.LocalKeyPool != nil {
				clientOwned += p.PeerKeyPool.Unused()
				hubOwned += p.LocalKeyPool.Unused()
			}
			return clientOwned, hubOwned
		}
	}
	c.t.Errorf("%s is not registered", c.name)
	return 0, 0
}

// wantSpent fails the test unless f costs these numbers of bytes in the client's two pools, both at
// the hub and at the client.
func (c *conversation) wantSpent(clientOwned, hubOwned int, f func()) {
	c.t.Helper()
	clientBefore, hubBefore := c.unused()
	f()
	clientAfter, hubAfter := c.unused()
	if clientBefore-clientAfter != clientOwned || hubBefore-hubAfter != hubOwned {
		c.t.Errorf("%s: spent %d bytes client-owned and %d hub-owned, want %d and %d",
			c.name, clientBefore-clientAfter, hubBefore-hubAfter, clientOwned, hubOwned)
	}
	own, peer := 0, 0
	for i := range protocol.PurposesOf(c.suite) {
		own += c.channel.OwnPools()[i].Available()
		peer += c.channel.PeerPools()[i].Available()
	}
	if own != clientAfter || peer != hubAfter {
		c.t.Errorf("%s: has %d bytes client-owned and %d hub-owned, the hub %d and %d", c.name, own, peer, clientAfter, hubAfter)
	}
}

// lockedReader is a reader for several goroutines.
type lockedReader struct {
	mu sync.Mutex
	r  io.Reader
}

func (l *lockedReader) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.r.Read(p)
}

// seeded returns a source that gives the same bytes in every run.
func seeded() node.Random {
	var mu sync.Mutex
	readers := map[string]io.Reader{}
	return func(purpose string) io.Reader {
		mu.Lock()
		defer mu.Unlock()
		if readers[purpose] == nil {
			readers[purpose] = &lockedReader{r: rand.NewChaCha8(sha256.Sum256([]byte(purpose)))}
		}
		return readers[purpose]
	}
}

// wantFact fails the test unless the hub refuses a request of the client with a valid signature,
// and keeps its shares.
func (c *conversation) wantFact(r request, status int, reason error) {
	c.t.Helper()
	before := state(c.hub).Shares
	w := c.send(r)
	wantRefused(c.t, w, status, reason)
	incoming, err := c.channel.VerifyResponse(w.Header().Values(protocol.SignatureHeader),
		protocol.Response{To: r.signatures[0], Status: w.Code, Body: w.Body.Bytes()})
	if err == nil {
		err = incoming.Accept()
	}
	if after := state(c.hub).Shares; err != nil || !reflect.DeepEqual(before, after) {
		c.t.Errorf("%s: %v, and the shares are %v, before %v", w.Body, err, after, before)
	}
}

// state is what a refused request must not change: the whole status except the count of wrong
// signatures.
func state(h *hub.Hub) hub.Inspection {
	s := h.Inspect()
	for i := range s.PeerClients {
		s.PeerClients[i].Failures, s.PeerClients[i].ForgeryChance = 0, ""
	}
	return s
}
