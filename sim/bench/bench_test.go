package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"dske/etsi"
	"dske/sim"
	"dske/sim/simtest"
	"dske/sim/topology"
	"dske/sim/wire"
)

// startNetwork runs a network of three hubs in memory and returns a pair of its encryptors.
func startNetwork(t *testing.T) Pair {
	t.Helper()
	n := simtest.Start(t, sim.Config{Topology: simtest.Generate(t, topology.Sizes{Hubs: 3, Clients: 2})})
	sae := func(name, client string) *etsi.Client {
		return &etsi.Client{URL: n.URL() + "/client/" + client + "/etsi", SAE: name, HTTP: &http.Client{Transport: n.Wire().Transport("sae/" + name)}}
	}
	return Pair{sae("sae1", "client1"), sae("sae2", "client2")}
}

func TestLoad(t *testing.T) {
	pair := startNetwork(t)
	load := Load{Pairs: 2, Pair: func(i int) Pair { return []Pair{pair, {pair.Slave, pair.Master}}[i] }, Size: 128, Number: 3, Concurrency: 4}
	tally := NewTally()
	load.Run(t.Context(), 20*time.Millisecond, tally)
	load.Run(t.Context(), 20*time.Millisecond, tally)
	if tally.KeyPairs == 0 || tally.KeyPairs%3 != 0 || tally.Failures > 0 {
		t.Errorf("%d key pairs, %d failures: %v", tally.KeyPairs, tally.Failures, tally.Error)
	}
	if tally.Elapsed < 40*time.Millisecond || tally.Rate() <= 0 {
		t.Errorf("%v, %v key pairs per second", tally.Elapsed, tally.Rate())
	}
	if int(tally.pair.TotalCount())*3 != tally.KeyPairs {
		t.Errorf("%d durations of %d key pairs, three at a time", tally.pair.TotalCount(), tally.KeyPairs)
	}
	if keys, err := load.MakeKeys(t.Context(), pair); err != nil || len(keys) != 3 || len(keys[0].Key.Reveal()) != 16 {
		t.Errorf("%v, %v", keys, err)
	}
}

func TestLoadThatFails(t *testing.T) {
	pair := startNetwork(t)
	stranger := *pair.Slave
	stranger.SAE = "nobody"
	tally := NewTally()
	Load{Pairs: 1, Pair: Single(Pair{pair.Master, &stranger}), Number: 1, Concurrency: 2}.Run(t.Context(), time.Millisecond, tally)
	if tally.KeyPairs > 0 || tally.Failures == 0 || tally.Error == nil {
		t.Errorf("%d key pairs, %d failures: %v", tally.KeyPairs, tally.Failures, tally.Error)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	Load{Pairs: 1, Pair: Single(pair), Number: 1, Concurrency: 2}.Run(ended, time.Hour, tally)
}

func TestDifferentKeys(t *testing.T) {
	id := uuid.New()
	answer := []byte{1}
	kme := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer = append(answer, 1)
		json.NewEncoder(w).Encode(etsi.KeyContainer{Keys: []etsi.Key{{ID: id, Key: etsi.NewSecret(answer)}}})
	}))
	defer kme.Close()
	party := &etsi.Client{URL: kme.URL, SAE: "a"}
	if _, err := (Load{Number: 1}).MakeKeys(t.Context(), Pair{party, party}); err != errDiffer {
		t.Errorf("keys that differ: %v", err)
	}
}

// A floor is sent exactly the recorded messages, those to one hub one after the other.
func TestFloor(t *testing.T) {
	post := wire.Message{
		Request:  wire.Request{To: "hub/hank", Method: "POST", Query: "x=1", Header: http.Header{"A": {"b"}}, Body: []byte("question")},
		Response: wire.Response{Header: http.Header{"C": {"d"}}, Body: []byte("answer")},
	}
	get := wire.Message{Request: wire.Request{To: "hub/hugo", Method: "GET", Header: http.Header{}}, Response: wire.Response{Body: []byte("another")}}
	keys := []etsi.Key{{ID: uuid.New(), Key: etsi.NewSecret(make([]byte, 32))}}
	var seen atomic.Int64
	var floor *Floor
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen.Add(1)
		if r.URL.Path == "/hub/hank" && (r.Method != "POST" || r.URL.RawQuery != "x=1" || r.Header.Get("A") != "b" || r.ContentLength != 8) {
			t.Errorf("got %s %s %v", r.Method, r.RequestURI, r.Header)
		}
		floor.ServeHTTP(w, r)
	}))
	defer server.Close()
	var err error
	floor, err = NewFloor(keys, Messages{{post, post}, {get}}, Messages{{get}, nil}, server.URL, http.DefaultTransport)
	if err != nil {
		t.Fatal(err)
	}
	party := &etsi.Client{URL: server.URL, SAE: "a"}
	made, err := Load{Number: 1}.MakeKeys(t.Context(), Pair{party, party})
	if err != nil || made[0].ID != keys[0].ID || seen.Load() != 2+4 {
		t.Errorf("keys %v, %v after %d messages", made, err, seen.Load())
	}
	w := httptest.NewRecorder()
	floor.ServeHTTP(w, &http.Request{Header: http.Header{placeHeader: {"99"}}, Body: http.NoBody})
	if w.Code != http.StatusNotFound {
		t.Errorf("an unknown message: %d", w.Code)
	}
	floor.messages[0].Response.Body = []byte("longer than what was answered")
	floor.url = "http://127.0.0.1:0"
	if _, err := (Load{Number: 1}).MakeKeys(t.Context(), Pair{party, party}); err == nil {
		t.Error("the floor's own failure is not noticed")
	}
}

func TestReport(t *testing.T) {
	pair := startNetwork(t)
	load := Load{Pairs: 1, Pair: Single(pair), Size: 256, Number: 1, Concurrency: 2}
	outcome, err := Compare(t.Context(), load, load, 50*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	r := &Report{Network: "itself", Size: load.Size}
	r.Fill(outcome)
	r.FillUsage(outcome)
	if r.Rate <= 0 || r.Floor <= 0 || r.Ratio != r.Rate/r.Floor || r.Allocations < 100 || r.Pair.P99 < r.Pair.P50 || r.Pair.P50 <= 0 {
		t.Errorf("%+v", r)
	}
	var members map[string]any
	text, err := json.Marshal(r)
	if err == nil {
		err = json.Unmarshal(text, &members)
	}
	for _, name := range []string{"key_pairs_per_second", "floor_pairs_per_second", "floor_ratio", "failures", "pair_ms"} {
		if members[name] == nil {
			t.Errorf("no member %s in %s, %v", name, text, err)
		}
	}
	var table bytes.Buffer
	if err := r.Print(&table); err != nil || !strings.Contains(table.String(), "key pairs / floor") {
		t.Errorf("%v: %s", err, &table)
	}
}
