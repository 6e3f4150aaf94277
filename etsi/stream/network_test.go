package stream_test

import (
	"bytes"
	"context"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"

	"dske/etsi"
	"dske/etsi/stream"
	"dske/sim"
	"dske/sim/certs"
	"dske/sim/simtest"
)

// A distant KME is one of a network, called over ETSI GS QKD 014. That cannot name the ID of a new key: so both ends
// have a table in common here, of the IDs that keys were to have and those that they got.
type distant struct {
	*named
	saes map[string]*etsi.Client
}

type named struct {
	mu  sync.Mutex
	ids map[uuid.UUID]uuid.UUID
}

func (d distant) Encryptors() []string { return slices.Collect(maps.Keys(d.saes)) }

func (d distant) GetKey(ctx context.Context, master, slave string, r etsi.KeyRequest) ([]etsi.Key, error) {
	keys, err := d.saes[master].GetKey(ctx, slave, r)
	if err == nil && r.IDs != nil {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.ids[r.IDs[0]], keys[0].ID = keys[0].ID, r.IDs[0]
	}
	return keys, err
}

func (d distant) GetKeyWithKeyIDs(ctx context.Context, slave, master string, ids []uuid.UUID) ([]etsi.Key, error) {
	d.mu.Lock()
	real, ok := d.ids[ids[0]]
	d.mu.Unlock()
	if !ok {
		real = ids[0]
	}
	keys, err := d.saes[slave].GetKeyWithKeyIDs(ctx, master, real)
	if err == nil {
		keys[0].ID = ids[0]
	}
	return keys, err
}

// serve serves the streams of a client of a network over mutual TLS, and returns the address.
func serve(t *testing.T, n *sim.Network, dir certs.Directory, ids *named, client string, encryptors ...string) string {
	t.Helper()
	kme := distant{ids, map[string]*etsi.Client{}}
	for _, sae := range encryptors {
		kme.saes[sae] = &etsi.Client{URL: sim.KMEURL(n.URL(), client), SAE: sae, HTTP: &http.Client{}}
	}
	config, err := dir.Server([]string{client}, false)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- stream.Serve(ctx, listener, stream.Config{KME: kme, TLS: config}) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return listener.Addr().String()
}

func TestStreamBetweenTwoKMEsOfANetwork(t *testing.T) {
	dir := certs.Directory(t.TempDir())
	if err := dir.Write(certs.Names{KMEs: []string{"carol", "connie"}, SAEs: []string{"sam", "sofia", "sunny"}}); err != nil {
		t.Fatal(err)
	}
	n := simtest.Start(t, sim.Config{Transport: sim.Loopback, Listen: "127.0.0.1:0"})
	ids := &named{ids: map[uuid.UUID]uuid.UUID{}}
	carol := serve(t, n, dir, ids, "carol", "sam")
	connie := serve(t, n, dir, ids, "connie", "sofia", "sunny")
	dial := func(address, sae string) *stream.Client {
		config, err := dir.Client(dir.SAE(sae))
		if err != nil {
			t.Fatal(err)
		}
		c, err := stream.Dial(t.Context(), address, config)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	w := &world{TB: t}
	sam, sofia, sunny := dial(carol, "sam"), dial(connie, "sofia"), dial(connie, "sunny")
	_, ksid := open(w, sam, "sae://sam", "sae://sofia", qos, uuid.Nil)
	open(w, sunny, "sae://sunny", "sae://sam", qos, ksid, stream.NoConnection)
	open(w, sofia, "sae://sofia", "sae://sam", qos, ksid)
	for index := range uint32(1000) {
		if !bytes.Equal(get(w, sam, ksid, index), get(w, sofia, ksid, index)) {
			t.Fatalf("chunk %d differs", index)
		}
		get(w, sunny, ksid, index, stream.NotConnected)
	}
}
