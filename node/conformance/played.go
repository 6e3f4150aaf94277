package conformance

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"dske/etsi/report"
	"dske/node"
	"dske/protocol"
	"dske/psrd"
)

// Hubs are hubs that the checker plays, for one client. They follow the rules, except while a check
// tests how the client reacts to deviations.
type Hubs struct {
	suite protocol.Suite
	peer  string // the encryptor that keys are shared with
	hubs  []*playedHub
	mux   *http.ServeMux

	mu     sync.Mutex
	news   chan struct{} // closed and replaced when a request has come
	record *record       // of the current check; nil: no check
}

// NewHubs returns a number of hubs h1, h2 and so on, in this order in their network. They say that
// a client serves the encryptor peer.
func NewHubs(suite protocol.Suite, number int, peer string) *Hubs {
	all := &Hubs{suite: suite, peer: peer, mux: http.NewServeMux(), news: make(chan struct{})}
	for i := range number {
		h := &playedHub{all: all, name: "h" + strconv.Itoa(i+1), number: i, offered: map[uuid.UUID]protocol.Share{}}
		h.forget()
		all.hubs = append(all.hubs, h)
		all.mux.Handle(node.Prefix(node.KindHub, h.name)+"/", h)
	}
	return all
}

// Paths returns the path of each hub, in their order.
func (all *Hubs) Paths() []string {
	paths := make([]string, len(all.hubs))
	for i, h := range all.hubs {
		paths[i] = node.Prefix(node.KindHub, h.name)
	}
	return paths
}

// ServeHTTP serves the hubs, each under its path.
func (all *Hubs) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.Contains(r.URL.Path, "//") { // the mux would redirect it
		http.NotFound(w, r)
		return
	}
	all.mux.ServeHTTP(w, r)
}

// tell records a request to a hub, and wakes those who wait for requests.
func (all *Hubs) tell(h *playedHub, a *arrival) {
	all.mu.Lock()
	defer all.mu.Unlock()
	if all.record != nil {
		title := h.name + " gets " + a.method + " " + a.path
		if a.query != "" {
			title += "?" + a.query
		}
		all.record.add(report.NewExchange(title+a.signatures(), a.body, a.answer.status, "application/json"+a.answer.signatures(), a.answer.body))
	}
	close(all.news)
	all.news = make(chan struct{})
}

func (all *Hubs) next() <-chan struct{} {
	all.mu.Lock()
	defer all.mu.Unlock()
	return all.news
}

// arrival is a request that came to a hub.
type arrival struct {
	request
	at     time.Time
	answer answer // that the request got
	flaw   error  // fault of its signature or its share; nil: none, or it needs no signature
}

// signature returns the signature of an in-band request.
func (a *arrival) signature() string { return a.header.Get(protocol.SignatureHeader) }

// asks reports whether it has that method and path.
func (a *arrival) asks(method, path string) bool { return a.method == method && a.path == path }

// playedHub is one of the hubs. Its fields are guarded by mu.
type playedHub struct {
	all    *Hubs
	name   string
	number int

	mu         sync.Mutex
	client     string // the registered client, "" if none
	encryptors []string
	channel    *protocol.Channel    // the hub's end
	data       map[uuid.UUID][]byte // of all blocks
	lacks      []protocol.Lack
	given      map[uuid.UUID]protocol.Share // shares from the master, by key
	offered    map[uuid.UUID]protocol.Share // shares for the slave, by key
	answered   map[string]answer            // by signature: answers to requests that may be repeated
	arrivals   []*arrival

	// deviate replaces the answer to a request. Nil, or ok false: the hub answers correctly.
	deviate func(h *playedHub, a *arrival) (_ answer, ok bool)
}

// forget forgets the client, as in a crash.
func (h *playedHub) forget() {
	h.client, h.encryptors, h.lacks = "", nil, nil
	h.channel, h.data = protocol.NewChannel(h.all.suite), map[uuid.UUID][]byte{}
	h.given, h.answered = map[uuid.UUID]protocol.Share{}, map[string]answer{}
}

func (h *playedHub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxAnswer))
	if err != nil {
		return
	}
	path := strings.TrimPrefix(r.URL.EscapedPath(), node.Prefix(node.KindHub, h.name))
	if r.URL.ForceQuery {
		path += "?"
	}
	a := &arrival{request: request{r.Method, path, r.URL.RawQuery, r.Header.Clone(), body}, at: time.Now()}
	h.arrive(a)
	for name, values := range a.answer.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.answer.status)
	w.Write(a.answer.body)
	h.all.tell(h, a)
}

// arrive finds the answer to a request.
func (h *playedHub) arrive(a *arrival) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.arrivals = append(h.arrivals, a)
	if h.deviate != nil {
		var deviates bool
		if a.answer, deviates = h.deviate(h, a); deviates {
			return
		}
	}
	a.answer = h.honest(a)
}

// honest returns the answer of a hub that follows the rules.
func (h *playedHub) honest(a *arrival) answer {
	switch {
	case a.asks(http.MethodPut, protocol.PathRegistration):
		return h.register(a)
	case a.asks(http.MethodGet, protocol.PathRegistration):
		return h.describe()
	case a.asks(http.MethodDelete, protocol.PathRegistration):
		h.forget()
		return jsonAnswer(http.StatusOK, struct{}{})
	case a.asks(http.MethodGet, protocol.PathPSRD):
		return h.supply(a)
	case a.method == http.MethodGet && strings.HasPrefix(a.path, protocol.PathEncryptors+"/"):
		return h.serves(strings.TrimPrefix(a.path, protocol.PathEncryptors+"/"))
	case a.asks(http.MethodPost, protocol.PathKeyShare), a.asks(http.MethodPost, protocol.PathKeyShares),
		a.asks(http.MethodGet, protocol.PathKeyShare), a.asks(http.MethodGet, protocol.PathKeyShares):
		return h.inBand(a)
	}
	return refusal(&node.Error{Status: http.StatusNotFound, Message: "Unknown path.", Details: map[string]any{"path": a.path}})
}

func jsonAnswer(status int, body any) answer {
	text, _ := json.Marshal(body)
	return answer{status, http.Header{}, text}
}

// refusal returns an unsigned refusal.
func refusal(err error) answer {
	e := node.NewError(err)
	return jsonAnswer(e.Status, e)
}

func (h *playedHub) register(a *arrival) answer {
	var r protocol.Registration
	if err := protocol.Unmarshal(a.body, &r); err != nil {
		return refusal(err)
	}
	h.forget()
	if h.client, h.encryptors = r.ClientName, r.EncryptorNames; len(h.encryptors) == 0 {
		h.encryptors = []string{h.client}
	}
	return jsonAnswer(http.StatusOK, protocol.NewRegistered(h.name, h.all.suite))
}

func (h *playedHub) describe() answer {
	seen := protocol.Association{Registered: h.client != "", Blocks: []protocol.AssociatedBlock{}, Lacks: h.lacks}
	for _, owner := range []protocol.PoolOwner{protocol.OwnerClient, protocol.OwnerHub} {
		for _, purpose := range protocol.PurposesOf(h.all.suite) {
			for _, b := range h.pool(owner, purpose).Status() {
				seen.Blocks = append(seen.Blocks, protocol.AssociatedBlock{UUID: b.UUID, Owner: owner, Purpose: purpose, Size: b.Size, Unused: b.Unused})
			}
		}
	}
	return jsonAnswer(http.StatusOK, seen)
}

func (h *playedHub) pool(owner protocol.PoolOwner, purpose psrd.Purpose) *psrd.Pool {
	return h.channel.Pool(owner == protocol.OwnerHub, purpose)
}

func (h *playedHub) supply(a *arrival) answer {
	if h.client == "" {
		return refusal(protocol.ErrClientNotRegistered)
	}
	owner, purpose, size := a.psrd()
	if size < 1 || size > protocol.MaxBlockSize || owner != protocol.OwnerClient && owner != protocol.OwnerHub || !slices.Contains(protocol.PurposesOf(h.all.suite), purpose) {
		return refusal(protocol.ErrMalformed)
	}
	block := protocol.BlockData{UUID: uuid.New(), Data: random(size)}
	if err := h.pool(owner, purpose).Add(psrd.NewBlock(block.UUID, slices.Clone(block.Data))); err != nil {
		return refusal(err)
	}
	h.data[block.UUID] = block.Data
	if owner == protocol.OwnerHub {
		h.lacks = slices.DeleteFunc(slices.Clone(h.lacks), func(l protocol.Lack) bool { return l.Purpose == purpose })
	}
	return jsonAnswer(http.StatusOK, block)
}

// psrd parses a request for PSRD.
func (a *arrival) psrd() (owner protocol.PoolOwner, purpose psrd.Purpose, size int) {
	query, _ := url.ParseQuery(a.query)
	size, _ = strconv.Atoi(query.Get("size"))
	return protocol.PoolOwner(query.Get("pool_owner")), psrd.Purpose(query.Get("purpose")), size
}

func (h *playedHub) serves(encryptor string) answer {
	switch {
	case encryptor == h.all.peer:
		return jsonAnswer(http.StatusOK, protocol.Encryptor{EncryptorName: encryptor, ClientName: "conformance-client"})
	case slices.Contains(h.encryptors, encryptor):
		return jsonAnswer(http.StatusOK, protocol.Encryptor{EncryptorName: encryptor, ClientName: h.client})
	}
	return refusal(node.NewError(protocol.ErrUnknownEncryptor, "encryptor_name", encryptor))
}
