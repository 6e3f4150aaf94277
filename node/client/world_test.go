package client

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"dske/etsi"
	"dske/node"
	"dske/node/hub"
	"dske/protocol"
	"dske/psrd"
)

var hubNames = []string{"hank", "helen", "hilary", "holly", "hugo"}

// everybody is a directory without clients that lets any client register.
var everybody, _ = node.NewDirectory(true, nil)

// world is five real hubs and the wire to them.
type world struct {
	testing.TB
	suite protocol.Suite

	directory *node.Directory // of the hubs

	mu        sync.Mutex
	hubs      map[string]*hub.Hub
	instead   map[string]http.Handler                                       // handlers that answer in place of a hub
	intercept func(r *http.Request, next roundTrip) (*http.Response, error) // nil: nothing
	log       bytes.Buffer
}

type roundTrip func(*http.Request) (*http.Response, error)

func newWorld(t testing.TB) *world { return newWorldOf(t, protocol.Python) }

func newWorldOf(t testing.TB, suite protocol.Suite) *world {
	w := &world{TB: t, suite: suite, directory: everybody, hubs: map[string]*hub.Hub{}}
	w.restart(hubNames...)
	return w
}

// restart replaces hubs by fresh ones.
func (w *world) restart(names ...string) {
	w.Helper()
	for _, name := range names {
		w.startAs(name, slices.Index(hubNames, name))
	}
}

// startAs replaces a hub by a fresh one with that number.
func (w *world) startAs(name string, number int) {
	w.Helper()
	h, err := hub.New(hub.Config{Name: name, Number: number, Suite: w.suite, Directory: w.directory})
	if err != nil {
		w.Fatal(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hubs[name] = h
}

// onTheWire sets how requests are treated from now on.
func (w *world) onTheWire(intercept func(r *http.Request, next roundTrip) (*http.Response, error)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.intercept = intercept
}

func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	intercept := w.intercept
	w.mu.Unlock()
	if intercept == nil {
		return w.deliver(r)
	}
	return intercept(r, w.deliver)
}

func (w *world) deliver(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	handler := w.instead[hubOf(r)]
	if handler == nil {
		handler = w.hubs[hubOf(r)].Handler()
	}
	w.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	received := httptest.NewRequest(r.Method, r.URL.RequestURI(), bytes.NewReader(body))
	received.Header = r.Header.Clone()
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, received)
	return recorder.Result(), nil
}

// hubOf returns the name of the hub that a request goes to.
func hubOf(r *http.Request) string { return strings.Split(r.URL.Path, "/")[2] }

// isShare reports whether a request has that method and is about a share.
func isShare(r *http.Request, method string) bool {
	return r.Method == method && strings.HasSuffix(r.URL.Path, protocol.PathKeyShare)
}

// stopped is the answer of a stopped hub.
func stopped() (*http.Response, error) {
	recorder := httptest.NewRecorder()
	recorder.WriteHeader(http.StatusServiceUnavailable)
	recorder.WriteString(`{"message": "Node is stopped.", "details": {}}`)
	return recorder.Result(), nil
}

// hang handles a request like a hub that never answers.
func hang(r *http.Request, _ roundTrip) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func (w *world) config(name string, encryptors ...string) Config {
	c := Config{
		Name:       name,
		Encryptors: encryptors,
		Threshold:  3,
		Suite:      w.suite,
		Token:      "token of " + name,
		Transport:  w,
		Logger: slog.New(slog.NewTextHandler(writer(func(p []byte) (int, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.log.Write(p)
		}), nil)),
	}
	for i, hub := range hubNames {
		c.Hubs = append(c.Hubs, Hub{Name: hub, URL: "http://memory/hub/" + hub, Number: i})
	}
	return c
}

func (w *world) logged() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.String()
}

type writer func([]byte) (int, error)

func (f writer) Write(p []byte) (int, error) { return f(p) }

// life is a client that can be stopped before its test ends.
type life struct {
	client *Client
	stop   func()
}

// start runs a client until it is stopped.
func (w *world) start(config Config) life {
	w.Helper()
	c, err := New(config)
	if err != nil {
		w.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	c.Begin(ctx)
	return life{c, func() {
		cancel()
		c.End()
	}}
}

// run runs a client until the test ends.
func (w *world) run(config Config) *Client {
	w.Helper()
	l := w.start(config)
	w.Cleanup(l.stop)
	return l.client
}

// ready runs a client and waits until it is ready.
func (w *world) ready(config Config) *Client {
	w.Helper()
	c := w.run(config)
	<-c.Ready()
	return c
}

// getKey makes a key of 32 bytes at c.
func (w *world) getKey(c *Client, master, slave string) etsi.Key {
	w.Helper()
	keys, err := c.GetKey(context.Background(), master, slave, etsi.KeyRequest{Number: 1, Size: 256})
	if err != nil {
		w.Fatal(err)
	}
	return keys[0]
}

func fetch(c *Client, slave, master string, ids ...uuid.UUID) ([]byte, error) {
	keys, err := c.GetKeyWithKeyIDs(context.Background(), slave, master, ids)
	if err != nil {
		return nil, err
	}
	return keys[0].Key.Reveal(), nil
}

// insider is a client that breaks the rules: it speaks the protocol by hand.
type insider struct {
	*world
	name     string
	channels map[string]*protocol.Channel
}

// newInsider registers a client with one encryptor with every hub.
func (w *world) newInsider(name, encryptor string) *insider {
	w.Helper()
	i := &insider{w, name, map[string]*protocol.Channel{}}
	for _, hub := range hubNames {
		registration, _ := json.Marshal(protocol.Registration{ClientName: name, EncryptorNames: []string{encryptor}})
		i.call(hub, "PUT", protocol.PathRegistration, registration, "")
		channel := protocol.NewChannel(w.suite)
		for _, owner := range []protocol.PoolOwner{protocol.OwnerClient, protocol.OwnerHub} {
			for _, purpose := range protocol.PurposesOf(w.suite) {
				var block protocol.BlockData
				query := "?client_name=" + name + "&size=4000&pool_owner=" + string(owner) + "&purpose=" + string(purpose)
				if err := json.Unmarshal(i.call(hub, "GET", protocol.PathPSRD+query, nil, ""), &block); err != nil {
					w.Fatal(err)
				}
				if err := channel.Pool(owner == protocol.OwnerClient, purpose).Add(psrd.NewBlock(block.UUID, block.Data)); err != nil {
					w.Fatal(err)
				}
			}
		}
		i.channels[hub] = channel
	}
	return i
}

func (i *insider) call(hub, method, path string, body []byte, signature string) []byte {
	i.Helper()
	r, err := http.NewRequest(method, "http://memory/hub/"+hub+path, bytes.NewReader(body))
	if err != nil {
		i.Fatal(err)
	}
	if signature != "" {
		r.Header.Set(protocol.SignatureHeader, signature)
	}
	response, err := i.deliver(r)
	if err != nil {
		i.Fatal(err)
	}
	answer, _ := io.ReadAll(response.Body)
	if response.StatusCode != 200 {
		i.Fatalf("%s %s at %s: %d %s", method, path, hub, response.StatusCode, answer)
	}
	return answer
}

// post gives a hub a share.
func (i *insider) post(hub, master, slave string, key uuid.UUID, share protocol.Share) {
	i.Helper()
	out, err := i.channels[hub].Reserve(share.Value.Size())
	if err != nil {
		i.Fatal(err)
	}
	m := protocol.PostShare{ClientName: i.name, MasterSAE: master, SlaveSAE: slave, KeyID: key, ShareIndex: share.Index, Terms: share.Terms}
	if m.SealedShare, err = out.Seal(share.Value); err != nil {
		i.Fatal(err)
	}
	body, _ := json.Marshal(m)
	signature, err := out.SignRequest(protocol.Request{Method: "POST", Path: protocol.PathKeyShare, Body: body})
	if err != nil {
		i.Fatal(err)
	}
	i.call(hub, "POST", protocol.PathKeyShare, body, signature)
}

// scatter gives every hub a share of key after change has altered it.
func (i *insider) scatter(master, slave string, key []byte, change func(hub int, share *protocol.Share)) uuid.UUID {
	i.Helper()
	shares, err := i.suite.Split(protocol.NewSecret(key), 3, []int{0, 1, 2, 3, 4}, 1, rand.NewChaCha8([32]byte{17}))
	if err != nil {
		i.Fatal(err)
	}
	id := uuid.New()
	for n, hub := range hubNames {
		change(n, &shares[n])
		i.post(hub, master, slave, id, shares[n])
	}
	return id
}

// scatterBut gives every hub its share of key except the hubs in later, and returns the shares of
// all hubs.
func (i *insider) scatterBut(later map[string]bool, master, slave string, key []byte) (uuid.UUID, []protocol.Share) {
	i.Helper()
	shares, err := i.suite.Split(protocol.NewSecret(key), 3, []int{0, 1, 2, 3, 4}, 1, rand.NewChaCha8([32]byte{17}))
	if err != nil {
		i.Fatal(err)
	}
	id := uuid.New()
	for n, hub := range hubNames {
		if !later[hub] {
			i.post(hub, master, slave, id, shares[n])
		}
	}
	return id, shares
}
