package sim

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"dske/etsi"
	"dske/protocol"
	"dske/sim/topology"
)

// pythonHub stands in for a hub of the Python implementation: it spends, keeps, forgets and answers
// as that does (https://github.com/brunorijsman/dske-python at 9994a41, hub/hub.py).
type pythonHub struct {
	name string

	mu      sync.Mutex
	clients map[string]*pythonClient
	shares  map[string]pythonShare // by key ID, from any client
	tokens  int                    // number of tokens that it was sent; it ignores them
}

type pythonClient struct {
	encryptors    []string
	local, remote pythonPool // the hub allocates from local, the client from remote
}

type pythonShare struct {
	index int
	value []byte
}

// pythonPool has blocks in the order in which they came.
type pythonPool []*pythonBlock

type pythonBlock struct {
	id   string
	data []byte
	used []bool
}

type pythonFragment struct {
	Block string `json:"block_uuid"`
	Start int    `json:"start"`
	Size  int    `json:"size"`
}

// pythonRefusal is an error in the form in which the hub answers it. Without a message it has the
// form of FastAPI.
type pythonRefusal struct {
	status  int
	message string
	details map[string]any
}

func (r *pythonRefusal) Error() string { return r.message }

func newPythonHub(name string) *pythonHub {
	h := &pythonHub{name: name}
	h.restart()
	return h
}

// restart forgets everything.
func (h *pythonHub) restart() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clients, h.shares = map[string]*pythonClient{}, map[string]pythonShare{}
}

// damage changes the bytes in all pools that are not used.
func (h *pythonHub) damage() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.clients {
		for _, b := range slices.Concat(c.local, c.remote) {
			for i := range b.data {
				b.data[i] ^= 1
			}
		}
	}
}

// allocate chooses size bytes, or returns an error if too few are left.
func (p pythonPool) allocate(client, purpose string, size int) ([]pythonFragment, []byte, error) {
	available := 0
	for _, b := range p {
		for _, used := range b.used {
			if !used {
				available++
			}
		}
	}
	if available < size {
		return nil, nil, &pythonRefusal{503, "Pool " + client + " local out of Pre-Shared Random Data (PSRD).",
			map[string]any{"purpose": purpose, "allocation_size": size, "pool_available_bytes": available}}
	}
	var fragments []pythonFragment
	var data []byte
	for _, b := range p {
		for size > 0 {
			start := slices.Index(b.used, false)
			if start < 0 {
				break
			}
			end := start
			for end < len(b.used) && !b.used[end] && end-start < size {
				b.used[end] = true
				end++
			}
			fragments = append(fragments, pythonFragment{b.id, start, end - start})
			data = append(data, b.data[start:end]...)
			size -= end - start
		}
	}
	return fragments, data, nil
}

// take takes the fragments that the client has chosen.
func (p pythonPool) take(fragments []pythonFragment) (data []byte, err error) {
	for _, f := range fragments {
		i := slices.IndexFunc(p, func(b *pythonBlock) bool { return b.id == f.Block })
		if i < 0 {
			return nil, &pythonRefusal{400, "Invalid PSRD block UUID.", map[string]any{"block_uuid": f.Block}}
		}
		b := p[i]
		if f.Start < 0 || f.Start+f.Size > len(b.data) {
			return nil, &pythonRefusal{400, "Invalid byte index into PSRD block.", map[string]any{"block_uuid": f.Block, "index": f.Start}}
		}
		if slices.Contains(b.used[f.Start:f.Start+f.Size], true) {
			return nil, &pythonRefusal{400, "Attempt to use PSRD data more than once.", map[string]any{"block_uuid": f.Block, "start": f.Start, "size": f.Size}}
		}
		for j := f.Start; j < f.Start+f.Size; j++ {
			b.used[j] = true
		}
		data = append(data, b.data[f.Start:f.Start+f.Size]...)
	}
	return data, nil
}

func (h *pythonHub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	if r.Header.Get(protocol.TokenHeader) != "" {
		h.tokens++
	}
	defer func() {
		if recover() != nil { // anything unexpected is an exception there, too
			w.WriteHeader(http.StatusInternalServerError)
			io.WriteString(w, "Internal Server Error")
		}
	}()
	var answer any
	var sign func([]byte) string
	err := error(&pythonRefusal{status: 404})
	if strings.HasSuffix(r.URL.Path, "/dske/oob/v1/registration") || strings.HasSuffix(r.URL.Path, "/dske/oob/v1/psrd") || strings.HasSuffix(r.URL.Path, "/dske/api/v1/key-share") {
		err = &pythonRefusal{status: 405}
	}
	switch path := strings.TrimPrefix(r.URL.Path, "/hub/"+h.name); r.Method + " " + path {
	case "PUT /dske/oob/v1/registration":
		answer, err = h.register(body)
	case "GET /dske/oob/v1/psrd":
		answer, err = h.block(r)
	case "POST /dske/api/v1/key-share":
		answer, sign, err = h.post(r, body)
	case "GET /dske/api/v1/key-share":
		answer, sign, err = h.get(r)
	case "GET /mgmt/v1/status":
		answer, err = h.status(), nil
	}
	h.write(w, answer, sign, err)
}

func (h *pythonHub) status() any {
	shares, clients := []any{}, []any{}
	for id := range h.shares {
		shares = append(shares, map[string]any{"master_sae_id": "sam", "slave_sae_id": "sofia", "key_id": id, "share_index": 0, "value": "AAA=..."})
	}
	for name, c := range h.clients {
		pool := func(owner string, p pythonPool) any {
			blocks := []any{}
			for _, b := range p {
				blocks = append(blocks, map[string]any{"uuid": b.id, "size": len(b.data), "data": "AAA=...", "nr_used_bytes": 0, "nr_unused_bytes": len(b.data)})
			}
			return map[string]any{"owner": owner, "blocks": blocks}
		}
		clients = append(clients, map[string]any{"client_name": name, "encryptor_names": c.encryptors, "local_pool": pool("local", c.local), "peer_pool": pool("peer", c.remote)})
	}
	return map[string]any{"name": h.name, "peer_clients": clients, "shares": shares}
}

func (h *pythonHub) write(w http.ResponseWriter, answer any, sign func([]byte) string, err error) {
	refused, isRefused := err.(*pythonRefusal)
	switch {
	case isRefused && refused.message == "":
		answer = map[string]any{"detail": http.StatusText(refused.status)}
	case isRefused:
		answer = map[string]any{"message": refused.message, "details": refused.details}
	}
	text, _ := json.Marshal(answer)
	if isRefused {
		w.WriteHeader(refused.status)
	} else if sign != nil {
		w.Header().Set(protocol.SignatureHeader, sign(text))
	}
	w.Write(text)
}

func (h *pythonHub) register(body []byte) (any, error) {
	var m map[string]any
	if err := json.Unmarshal(body, &m); err != nil || len(m) != 2 {
		return nil, &pythonRefusal{status: 422}
	}
	c := &pythonClient{}
	for _, name := range m["encryptor_names"].([]any) {
		c.encryptors = append(c.encryptors, name.(string))
	}
	h.clients[m["client_name"].(string)] = c
	return map[string]string{"hub_name": h.name}, nil
}

func (h *pythonHub) client(name string) (*pythonClient, error) {
	if c := h.clients[name]; c != nil {
		return c, nil
	}
	return nil, &pythonRefusal{400, "Client is not registered.", map[string]any{"client_name": name}}
}

func (h *pythonHub) block(r *http.Request) (any, error) {
	query := r.URL.Query()
	size, err := strconv.Atoi(query.Get("size"))
	if err != nil || size < 1 {
		return nil, &pythonRefusal{status: 422}
	}
	c, err := h.client(query.Get("client_name"))
	if err != nil {
		return nil, err
	}
	data := make([]byte, size)
	rand.Read(data)
	b := &pythonBlock{uuid.NewString(), data, make([]bool, size)}
	if query.Get("pool_owner") == "hub" {
		c.local = append(c.local, b)
	} else {
		c.remote = append(c.remote, b)
	}
	return map[string]any{"block_uuid": b.id, "data": slices.Clone(data)}, nil
}

// check checks the signature of a request.
func (h *pythonHub) check(c *pythonClient, r *http.Request, body []byte) error {
	header := r.Header.Get(protocol.SignatureHeader)
	names, tag, _ := strings.Cut(header, "%")
	var fragments []pythonFragment
	for name := range strings.SplitSeq(names, ",") {
		parts := strings.Split(name, ":")
		start, _ := strconv.Atoi(parts[1])
		size, _ := strconv.Atoi(parts[2])
		fragments = append(fragments, pythonFragment{parts[0], start, size})
	}
	key, err := c.remote.take(fragments)
	if err != nil {
		return err
	}
	if tag != pythonTag(key, append([]byte(r.URL.RawQuery), body...)) {
		return &pythonRefusal{403, "Invalid signature.", nil}
	}
	return nil
}

func pythonTag(key, data []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write(data)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// signer allocates the key for an answer.
func (h *pythonHub) signer(c *pythonClient, client string) (func([]byte) string, error) {
	fragments, key, err := c.local.allocate(client, "message-signing-key", 32)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, f := range fragments {
		names = append(names, fmt.Sprintf("%s:%d:%d", f.Block, f.Start, f.Size))
	}
	return func(body []byte) string { return strings.Join(names, ",") + "%" + pythonTag(key, body) }, nil
}

func xor(a, b []byte) []byte {
	c := slices.Clone(a)
	for i := range c {
		c[i] ^= b[i]
	}
	return c
}

type pythonAllocation struct {
	Fragments []pythonFragment `json:"fragments"`
}

func (h *pythonHub) post(r *http.Request, body []byte) (any, func([]byte) string, error) {
	var m struct {
		Client     string           `json:"master_client_name"`
		Master     string           `json:"master_sae_id"`
		Key        string           `json:"user_key_id"`
		Index      int              `json:"share_index"`
		Allocation pythonAllocation `json:"encryption_key_allocation"`
		Value      []byte           `json:"encrypted_share_value"`
	}
	if json.Unmarshal(body, &m) != nil {
		return nil, nil, &pythonRefusal{status: 422}
	}
	c, err := h.client(m.Client)
	if err != nil {
		return nil, nil, err
	}
	if err := h.check(c, r, body); err != nil {
		return nil, nil, err
	}
	if !slices.Contains(c.encryptors, m.Master) {
		return nil, nil, &pythonRefusal{400, "Encryptor is not registered for client.", nil}
	}
	pad, err := c.remote.take(m.Allocation.Fragments)
	if err != nil {
		return nil, nil, err
	}
	h.shares[m.Key] = pythonShare{m.Index, xor(m.Value, pad)}
	sign, err := h.signer(c, m.Client)
	return nil, sign, err
}

func (h *pythonHub) get(r *http.Request) (any, func([]byte) string, error) {
	query := r.URL.Query()
	c, err := h.client(query.Get("client_name"))
	if err != nil {
		return nil, nil, err
	}
	if err := h.check(c, r, nil); err != nil {
		return nil, nil, err
	}
	share, found := h.shares[query.Get("key_id")]
	if !found {
		return nil, nil, &pythonRefusal{400, "Unknown key ID", map[string]any{"key_ID": query.Get("key_id")}}
	}
	fragments, pad, err := c.local.allocate(query.Get("client_name"), "share-encryption-key", len(share.value))
	if err != nil {
		return nil, nil, err
	}
	sign, err := h.signer(c, query.Get("client_name"))
	return map[string]any{"share_index": share.index, "encryption_key_allocation": pythonAllocation{fragments}, "encrypted_share_value": xor(share.value, pad)}, sign, err
}

// withPythonHubs runs a network of our clients with three Python hubs.
func withPythonHubs(t *testing.T, more string) (*testNetwork, []*pythonHub) {
	t.Helper()
	text := "hubs:\n"
	var hubs []*pythonHub
	for _, name := range []string{"hank", "helen", "hugo"} {
		h := newPythonHub(name)
		server := httptest.NewServer(h)
		t.Cleanup(server.Close)
		hubs = append(hubs, h)
		text += fmt.Sprintf("  - {name: %s, url: '%s/hub/%s', implementation: dske-python}\n", name, server.URL, name)
	}
	top := load(t, text+"clients: [{name: carol, encryptors: [{name: sam}]}, {name: connie, encryptors: [{name: sofia}]}]\n"+more)
	if top.Threshold != 3 && more == "" || top.Suite != protocol.SuitePython {
		t.Fatalf("threshold %d, suite %s", top.Threshold, top.Suite)
	}
	return start(t, Config{Topology: top, Tokens: tokenOf}), hubs
}

// Our clients get keys of any size and number from Python hubs, also if a hub has restarted, or has
// other bytes in its blocks.
func TestPythonHubs(t *testing.T) {
	n, hubs := withPythonHubs(t, "")
	for range 8 {
		n.keyPair("sam", "sofia", 48_000)
	}
	n.keyPair("sofia", "sam", 200_000)
	keys, err := n.sae("sam").GetKey(t.Context(), "sofia", etsi.KeyRequest{Number: 5})
	if err != nil || len(keys) != 5 {
		t.Errorf("5 keys: %v", err)
	}
	hubs[0].restart()
	for range 3 {
		n.keyPair("sam", "sofia", 256)
	}
	hubs[1].damage()
	for range 3 {
		n.keyPair("sam", "sofia", 256)
		n.keyPair("sofia", "sam", 256)
	}
	for _, h := range hubs {
		if h.tokens > 0 {
			t.Errorf("%s was sent %d tokens", h.name, h.tokens)
		}
	}
	if s := n.Snapshot(); s.Hubs[0].State != "running" || s.Hubs[0].PSRD.Associations != 2 || s.Hubs[0].SharesWaiting == 0 {
		t.Errorf("%+v", s.Hubs[0])
	}
	if err := n.Start(t.Context(), "hub/hank"); err == nil || !strings.Contains(err.Error(), "in a process of another program") {
		t.Errorf("starting a Python hub: %v", err)
	}
}

// A client whose threshold differs from that of the maker of a key gets an error that says what may
// be wrong.
func TestPythonThreshold(t *testing.T) {
	n, hubs := withPythonHubs(t, "threshold: 2\n")
	keys, err := n.sae("sam").GetKey(t.Context(), "sofia", etsi.KeyRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.WaitIdle(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, h := range hubs { // as if it had been made of three shares, which are not on one line
		h.mu.Lock()
		share := h.shares[keys[0].ID.String()]
		share.value = slices.Clone(share.value)
		share.value[0] ^= byte(1 << i)
		h.shares[keys[0].ID.String()] = share
		h.mu.Unlock()
	}
	_, err = n.sae("sofia").GetKeyWithKeyIDs(t.Context(), "sam", keys[0].ID)
	if err == nil || !strings.Contains(fmt.Sprintf("%+v", err), "that of dske-python is 3") {
		t.Errorf("%+v", err)
	}
}

func TestPythonHubCannotRunHere(t *testing.T) {
	top := load(t, "hubs: [{name: h1}, {name: h2, url: 'http://127.0.0.1:1/hub/h2', implementation: dske-python}]\nclients: [{name: carol}]\nthreshold: 2\n")
	if err := top.RunOnly([]string{"hub/h1", "hub/h2", "client/carol"}); err == nil || !strings.Contains(err.Error(), "cannot run here") {
		t.Error(err)
	}
	if top.Hubs[1].Implementation != topology.ImplementationPython {
		t.Errorf("%+v", top.Hubs)
	}
}
