package sim

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"dske/etsi"
	"dske/protocol"
	"dske/sim/topology"
	"dske/sim/wire"
)

// testNetwork is a running network and a way to reach it from outside.
type testNetwork struct {
	*Network
	testing.TB
	outside http.RoundTripper
}

// smallPools hold PSRD for some dozens of keys. To fill larger ones is most of what it costs under
// the race detector to start a network.
var smallPools = topology.PSRD{BlockSize: 4096, LowWater: 1024, HighWater: 4096}

// start runs a network until the test ends. By default it is the reference topology in memory.
// Messages pass the interceptors from the first one on.
func start(t testing.TB, config Config, intercept ...wire.Intercept) *testNetwork {
	t.Helper()
	if config.Topology == nil {
		config.Topology = topology.Reference()
		config.Topology.PSRD = smallPools
	}
	if config.Transport == "" {
		config.Transport = Memory
	}
	n, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range intercept {
		n.Wire().Intercept(f)
	}
	outside := newOutside(t, n)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
		outside.CloseIdle()
	})
	if err := n.WaitReady(ctx); err != nil {
		t.Fatal(err)
	}
	return &testNetwork{n, t, outside.Transport("outside")}
}

// newOutside returns a wire for callers outside the network, without faults.
func newOutside(t testing.TB, n *Network) *wire.Wire {
	t.Helper()
	secure, err := n.clientTLS()
	if err != nil {
		t.Fatal(err)
	}
	outside, err := wire.New(wire.Config{Transport: n.config.Transport, Handler: n, TLS: secure})
	if err != nil {
		t.Fatal(err)
	}
	return outside
}

// python returns the reference topology with the suite of the Python implementation, for tests that
// depend on its numbers of messages and bytes.
func python() *topology.Topology {
	top := topology.Reference()
	top.Suite = protocol.SuitePython
	return top
}

// do makes a request from outside and returns the status and the body of the response.
func (n *testNetwork) do(method, path string, header http.Header, body string) (int, string) {
	n.Helper()
	r, err := http.NewRequest(method, n.URL()+path, strings.NewReader(body))
	if err != nil {
		n.Fatal(err)
	}
	r.Header = header
	if header == nil {
		r.Header = http.Header{}
	}
	response, err := n.outside.RoundTrip(r)
	if err != nil {
		n.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		n.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// sae returns the ETSI client of an encryptor, at the client that serves it.
func (n *testNetwork) sae(name string) *etsi.Client {
	n.Helper()
	client, err := n.Overview().ClientOf(name)
	if err != nil {
		n.Fatal(err)
	}
	return n.saeAt(name, client)
}

// saeAt returns an ETSI client that claims to be an encryptor, at any client.
func (n *testNetwork) saeAt(name, client string) *etsi.Client {
	return &etsi.Client{URL: n.URL() + "/client/" + client + "/etsi", SAE: name, HTTP: &http.Client{Transport: n.outside}}
}

// getKey makes a key for master and slave.
func (n *testNetwork) getKey(master, slave string, bits int) etsi.Key {
	n.Helper()
	keys, err := n.sae(master).GetKey(context.Background(), slave, etsi.KeyRequest{Size: bits})
	if err != nil {
		n.Fatalf("get key: %v", err)
	}
	return keys[0]
}

// fetch fetches a key for the slave.
func (n *testNetwork) fetch(master, slave string, id uuid.UUID) (etsi.Key, error) {
	n.Helper()
	keys, err := n.sae(slave).GetKeyWithKeyIDs(context.Background(), master, id)
	if err != nil {
		return etsi.Key{}, err
	}
	return keys[0], nil
}

// keyPair makes a key, fetches it and fails the test unless both are the same.
func (n *testNetwork) keyPair(master, slave string, bits int) {
	n.Helper()
	made := n.getKey(master, slave, bits)
	fetched, err := n.fetch(master, slave, made.ID)
	if err != nil {
		n.Fatalf("get key with key IDs: %v", err)
	}
	if made.ID != fetched.ID || string(made.Key.Reveal()) != string(fetched.Key.Reveal()) {
		n.Fatal("the key values do not match")
	}
	if bits != 0 && len(made.Key.Reveal())*8 != bits {
		n.Fatalf("a key of %d bits instead of %d", len(made.Key.Reveal())*8, bits)
	}
}

// stop stops nodes.
func (n *testNetwork) stop(names ...string) {
	n.Helper()
	for _, name := range names {
		if err := n.Stop(context.Background(), name); err != nil {
			n.Fatal(err)
		}
	}
}

// start starts nodes.
func (n *testNetwork) start(names ...string) {
	n.Helper()
	for _, name := range names {
		if err := n.Start(context.Background(), name); err != nil {
			n.Fatal(err)
		}
	}
}
