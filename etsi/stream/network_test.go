package stream_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"

	"dske/etsi"
	"dske/etsi/conformance"
	"dske/etsi/stream"
	"dske/sim"
	"dske/sim/certs"
	"dske/sim/simtest"
)

// A distant KME is one of a network, called over ETSI GS QKD 014. That cannot name the ID of a new
// key: so both ends have a table in common here, of the IDs that keys were to have and those that
// they got.
type distant struct {
	*named
	saes map[string]*etsi.Client
}

// named is that table, and a fault: whoever fetches a key gets another one.

type named struct {
	mu   sync.Mutex
	ids  map[uuid.UUID]uuid.UUID
	lies bool
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
	if err == nil && d.lies {
		keys[0].Key.Reveal()[0] ^= 1
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
	config, err := dir.Server(false, dir.KME(client))
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

// startNetwork starts a network and returns the addresses of the streams of carol, who serves sam,
// connie, who serves sofia, and curtis, who serves sunny.
func startNetwork(t *testing.T, dir certs.Directory, lies bool) (n *sim.Network, carol, connie, curtis string) {
	t.Helper()
	if err := dir.Write(certs.Names{KMEs: []string{"carol", "connie", "curtis"}, SAEs: []string{"sam", "sofia", "sunny"}}); err != nil {
		t.Fatal(err)
	}
	n = simtest.Start(t, sim.Config{Transport: sim.Loopback, Listen: "127.0.0.1:0"})
	ids := &named{ids: map[uuid.UUID]uuid.UUID{}, lies: lies}
	return n, serve(t, n, dir, ids, "carol", "sam"), serve(t, n, dir, ids, "connie", "sofia"), serve(t, n, dir, ids, "curtis", "sunny")
}

// show returns the configuration of a client with an SAE's certificate.
func show(t *testing.T, dir certs.Directory, sae string) *tls.Config {
	t.Helper()
	config, err := dir.Client(dir.SAE(sae))
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// conform runs all checks on a network and returns their results.
func conform(t *testing.T, lies bool) []conformance.Result {
	t.Helper()
	dir := certs.Directory(t.TempDir())
	n, carol, connie, curtis := startNetwork(t, dir, lies)
	party := func(sae, client, address string) conformance.Party {
		return conformance.Party{SAE: sae, URL: sim.KMEURL(n.URL(), client), SKIP: n.URL() + "/client/" + client + "/skip", Stream: address, TLS: show(t, dir, sae)}
	}
	suite := conformance.Suite{Master: party("sam", "carol", carol), Slave: party("sofia", "connie", connie),
		Others: []conformance.Party{party("sunny", "curtis", curtis)}}
	return slices.Collect(suite.Run(t.Context()))
}

func TestConformance(t *testing.T) {
	made := map[string]int{}
	for _, result := range conform(t, false) {
		if result.Err != nil {
			t.Errorf("%s %s, %s: %v", result.Standard, result.Clause, result.Name, result.Err)
		}
		if result.Skipped == "" {
			made[result.Standard]++
		}
	}
	if made["ETSI 014"] < 90 || made["SKIP"] < 20 || made["ETSI 004"] < 12 {
		t.Errorf("checked were %v", made)
	}
}

func TestConformanceFindsChunksThatDiffer(t *testing.T) {
	var failed []string
	for _, result := range conform(t, true) {
		if result.Err != nil {
			failed = append(failed, result.Name)
		}
	}
	if want := []string{"both ends get the same chunks, of Key_chunk_size bytes and all different"}; !slices.Equal(failed, want) {
		t.Errorf("failed were %q, want %q", failed, want)
	}
}

func TestStreamBetweenTwoKMEsOfANetwork(t *testing.T) {
	dir := certs.Directory(t.TempDir())
	_, carol, connie, curtis := startNetwork(t, dir, false)
	dial := func(address, sae string) *stream.Client {
		config := show(t, dir, sae)
		c, err := stream.Dial(t.Context(), address, config)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	w := &world{TB: t}
	sam, sofia, sunny := dial(carol, "sam"), dial(connie, "sofia"), dial(curtis, "sunny")
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
