package stream_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"slices"
	"testing"

	"github.com/google/uuid"

	"dske/etsi/conformance"
	"dske/etsi/report"
	"dske/etsi/stream"
	"dske/sim"
	"dske/sim/certs"
	"dske/sim/simtest"
)

// encryptors are the encryptors of the clients whose streams are used.
var encryptors = map[string]string{"carol": "sam", "connie": "sofia", "curtis": "sunny"}

// startNetwork starts a network whose clients serve streams, and returns their addresses.
func startNetwork(t *testing.T, dir certs.Directory) (n *sim.Network, addresses map[string]string) {
	t.Helper()
	names := certs.Names{KMEs: []string{"carol", "celia", "cindy", "connie", "curtis"}, SAEs: []string{"sam", "sofia", "sunny"}}
	if err := dir.Write(names); err != nil {
		t.Fatal(err)
	}
	any := "127.0.0.1:0"
	n = simtest.Start(t, sim.Config{Transport: sim.Loopback, Listen: any, TLS: dir, Streams: []string{any, any, any, any, any}})
	addresses = map[string]string{}
	for _, c := range n.Overview().Clients {
		addresses[c.Name] = c.Streams
	}
	return n, addresses
}

// liar serves the streams of a KME that gives another key to every caller that fetches one. It
// returns the address.
func liar(t *testing.T, dir certs.Directory, v *vault, client string) string {
	t.Helper()
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
	go func() {
		ended <- stream.Serve(ctx, listener, stream.Config{KME: kme{v, []string{encryptors[client]}}, TLS: config})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return listener.Addr().String()
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
func conform(t *testing.T, lies bool) []report.Result {
	t.Helper()
	dir := certs.Directory(t.TempDir())
	n, addresses := startNetwork(t, dir)
	if v := (&vault{keys: map[uuid.UUID]deposit{}, lies: true}); lies {
		for client := range encryptors {
			addresses[client] = liar(t, dir, v, client)
		}
	}
	party := func(client string) conformance.Party {
		config := show(t, dir, encryptors[client])
		http := &http.Client{Transport: &http.Transport{TLSClientConfig: config}}
		return conformance.Party{SAE: encryptors[client], URL: sim.KMEURL(n.URL(), client), HTTP: http,
			SKIP: n.URL() + "/client/" + client + "/skip", Stream: addresses[client], TLS: config}
	}
	suite := conformance.Suite{Master: party("carol"), Slave: party("connie"), Others: []conformance.Party{party("curtis")}}
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
	n, addresses := startNetwork(t, dir)
	dial := func(client string) *stream.Client {
		c, err := stream.Dial(t.Context(), addresses[client], show(t, dir, encryptors[client]))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	w := &world{TB: t}
	sam, sofia, sunny := dial("carol"), dial("connie"), dial("curtis")
	_, ksid := open(w, sam, "sae://sam", "sae://sofia", qos, uuid.Nil)
	open(w, sunny, "sae://sunny", "sae://sam", qos, ksid, stream.NoConnection)
	open(w, sofia, "sae://sofia", "sae://sam", qos, ksid)
	for index := range uint32(1000) {
		if !bytes.Equal(get(w, sam, ksid, index), get(w, sofia, ksid, index)) {
			t.Fatalf("chunk %d differs", index)
		}
		get(w, sunny, ksid, index, stream.NotConnected)
	}
	if err := n.Stop(t.Context(), "client/carol"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := sam.Open(t.Context(), "sae://sam", "sae://sofia", qos, uuid.Nil); !errors.Is(err, stream.NoConnection) {
		t.Errorf("of a stopped client: %v", err)
	}
	if err := n.Start(t.Context(), "client/carol"); err != nil {
		t.Fatal(err)
	}
	_, ksid = open(w, sam, "sae://sam", "sae://sofia", qos, uuid.Nil)
	open(w, sofia, "sae://sofia", "sae://sam", qos, ksid)
	if !bytes.Equal(get(w, sam, ksid, 0), get(w, sofia, ksid, 0)) {
		t.Error("after a stop: chunks differ")
	}
}
