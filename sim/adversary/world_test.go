package adversary_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/uuid"

	"dske/etsi"
	"dske/node"
	"dske/node/client"
	"dske/node/hub"
	"dske/protocol"
	"dske/sim/adversary"
	"dske/sim/wire"
)

const threshold = 3

var hubNames = []string{"hank", "helen", "hilary", "holly", "hugo"}

// world has five real hubs, two real clients and an adversary on the wire between them.
type world struct {
	testing.TB
	*adversary.Adversary
	suite         protocol.Suite
	hubs          map[string]*hub.Hub
	carol, connie *client.Client

	mu     sync.Mutex
	change fault
	seen   []wire.Message
}

// fault changes a message under way: the request, and then the message with its response. A message
// that it gives a status does not reach the hub.
type fault func(m *wire.Message)

// play runs a test in a bubble, with clients that are ready.
func play(t *testing.T, test func(w *world)) {
	t.Helper()
	for _, suite := range []protocol.Suite{protocol.Python, protocol.ITS} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, suite)
			w.start()
			test(w)
		})
	}
}

// everybody is a directory without clients in which everybody may register.
var everybody, _ = node.NewDirectory(true, nil)

func newWorld(t testing.TB, suite protocol.Suite) *world {
	w := &world{TB: t, Adversary: adversary.New(suite, threshold), suite: suite, hubs: map[string]*hub.Hub{}}
	for i, name := range hubNames {
		h, err := hub.New(hub.Config{Name: name, Number: i, Suite: suite, Directory: everybody})
		if err != nil {
			t.Fatal(err)
		}
		w.hubs[name] = h
	}
	return w
}

func (w *world) start() {
	w.Helper()
	w.carol = w.run("carol", "sam")
	w.connie = w.run("connie", "sofia")
	synctest.Wait()
}

// run runs a client until the test ends.
func (w *world) run(name, encryptor string) *client.Client {
	w.Helper()
	config := client.Config{Name: name, Encryptors: []string{encryptor}, Threshold: threshold, Suite: w.suite, Transport: from{w, "client/" + name}}
	for i, hub := range hubNames {
		config.Hubs = append(config.Hubs, client.Hub{Name: hub, URL: "http://memory/hub/" + hub, Number: i})
	}
	c, err := client.New(config)
	if err != nil {
		w.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.Run(ctx)
	}()
	w.Cleanup(func() {
		cancel()
		<-done
	})
	<-c.Ready()
	return c
}

// onTheWire sets the fault for messages from now on.
func (w *world) onTheWire(change fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.change = change
}

// from is the transport of one client.
type from struct {
	*world
	name string
}

func (f from) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	hub := strings.Split(r.URL.Path, "/")[2]
	m := wire.Message{
		Request: wire.Request{
			From: f.name, To: "hub/" + hub,
			Method: r.Method, Path: strings.TrimPrefix(r.URL.Path, "/hub/"+hub), Query: r.URL.RawQuery,
			Header: r.Header.Clone(), Body: body,
		},
	}
	f.mu.Lock()
	change := f.change
	f.mu.Unlock()
	if change == nil {
		change = func(*wire.Message) {}
	}
	change(&m)
	if m.Response.Status == 0 {
		f.deliver(&m)
		change(&m)
	}
	f.record(m)
	recorder := httptest.NewRecorder()
	for name, values := range m.Response.Header {
		recorder.Header()[name] = values
	}
	recorder.WriteHeader(m.Response.Status)
	recorder.Write(m.Response.Body)
	return recorder.Result(), nil
}

func (w *world) record(m wire.Message) {
	w.Tap(m)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, m)
}

// deliver has the hub answer a message.
func (w *world) deliver(m *wire.Message) {
	target := "/" + m.To + m.Path
	if m.Query != "" {
		target += "?" + m.Query
	}
	r := httptest.NewRequest(m.Method, target, bytes.NewReader(m.Body))
	r.Header = m.Header.Clone()
	recorder := httptest.NewRecorder()
	w.hubs[strings.TrimPrefix(m.To, "hub/")].Handler().ServeHTTP(recorder, r)
	m.Response.Status, m.Response.Header, m.Response.Body = recorder.Code, recorder.Result().Header, recorder.Body.Bytes()
}

// replay sends all messages again.
func (w *world) replay() {
	w.mu.Lock()
	seen := w.seen
	w.mu.Unlock()
	for _, m := range seen {
		if m.Path == protocol.PathKeyShare || m.Path == protocol.PathKeyShares {
			w.deliver(&m)
			w.record(m)
		}
	}
}

func (w *world) compromise(hubs ...string) {
	for _, name := range hubs {
		leak := w.hubs[name].Leak()
		w.Compromise(name, leak.Blocks, leak.Shares)
	}
}

// getKey makes a key of size bytes and waits until it is scattered.
func (w *world) getKey(size int) etsi.Key {
	w.Helper()
	return w.getKeys(1, size)[0]
}

// getKeys makes several keys in one request.
func (w *world) getKeys(number, size int) []etsi.Key {
	w.Helper()
	keys, err := w.carol.GetKey(context.Background(), "sam", "sofia", etsi.KeyRequest{Number: number, Size: 8 * size})
	if err != nil {
		w.Fatal(err)
	}
	synctest.Wait()
	return keys
}

// deliverKey has the other client fetch a key, and waits until it has gathered all shares.
func (w *world) deliverKey(key etsi.Key) {
	w.Helper()
	keys, err := w.connie.GetKeyWithKeyIDs(context.Background(), "sofia", "sam", []uuid.UUID{key.ID})
	if err != nil {
		w.Fatal(err)
	}
	if !bytes.Equal(keys[0].Key.Reveal(), key.Key.Reveal()) {
		w.Fatal("the keys differ")
	}
	synctest.Wait()
}

// attack fails the test unless an attack on key ends with the wanted result, and recovers at most
// that key.
func (w *world) attack(key etsi.Key, want string) {
	w.Helper()
	result := w.Attack(key.ID)
	if result.String() != want {
		w.Errorf("%v, want %s", result, want)
	}
	recovered := bytes.Equal(result.Key.Reveal(), key.Key.Reveal())
	if recovered != result.Recovered() || !recovered && result.Key.Size() > 0 {
		w.Errorf("%v, but with a key of %d bytes that is right: %t", result, result.Key.Size(), recovered)
	}
}
