package sim

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dske/etsi"
	"dske/sim/topology"
	"dske/sim/wire"
)

// TestHostileNetwork makes 500 keys and fetches them, with a fault for one request in twenty. The
// number of faults is within what chance exceeds once in a thousand times, and a client that
// retries gets every key.
func TestHostileNetwork(t *testing.T) {
	const pairs, chance = 500, 0.05
	seed := uint64(7)
	small, err := topology.Generate(topology.Sizes{Hubs: 2, Clients: 2, Threshold: 2})
	if err != nil {
		t.Fatal(err)
	}
	inVirtualTime(t, Config{Topology: small, Seed: &seed}, func(n *testNetwork) {
		if err := n.Wire().AddFault("hostile from=sae/* prob=0.05"); err != nil {
			t.Error(err)
		}
		var requests atomic.Int64
		met := sync.Map{}
		defer n.Wire().Observe(func(e wire.Event) {
			if e.Kind == wire.KindEncryptor {
				requests.Add(1)
				met.Store(e.Fault, true)
			}
		})()
		sae := func(name, client string) *etsi.Client {
			return &etsi.Client{URL: n.kme(client), SAE: name, HTTP: &http.Client{Transport: n.Wire().Transport("sae/" + name)}, Retries: etsi.Retries{Most: 8}}
		}
		master, slave := sae("sae1", "client1"), sae("sae2", "client2")
		for range pairs {
			made, err := master.GetKey(context.Background(), "sae2", etsi.KeyRequest{})
			if err != nil {
				t.Error(err)
				return
			}
			fetched, err := slave.GetKeyWithKeyIDs(context.Background(), "sae1", made[0].ID)
			if err != nil || !made[0].Equal(fetched[0]) {
				t.Errorf("%v, %v", fetched, err)
			}
		}
		all, fired := float64(requests.Load()), float64(n.Faults()[0].Fired)
		if off := math.Abs(fired - chance*all); all < 2*pairs || off > 3.29*math.Sqrt(all*chance*(1-chance)) {
			t.Errorf("%v of %v requests met a fault", fired, all)
		}
		t.Logf("%v of %v requests met a fault: %.1f %%", fired, all, 100*fired/all)
		for _, kind := range []string{"", "hostile status=503", "hostile delay", "hostile drop", "hostile absent", "hostile exhausted", "hostile html"} {
			if _, found := met.Load(kind); !found {
				t.Errorf("no request met %q", kind)
			}
		}
	})
}

// lockedLog is a log that can be read while it is written.
type lockedLog struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TestFaultsStrikeAtPorts orders each hard condition for a caller from outside.
func TestFaultsStrikeAtPorts(t *testing.T) {
	dir, log := certify(t), &lockedLog{}
	n := start(t, Config{TLS: dir, KMEListen: kmePorts, Logger: slog.New(slog.NewTextHandler(log, nil))})
	sam, sofia := n.shows(dir, dir.SAE("sam"), n.port("carol")), n.shows(dir, dir.SAE("sofia"), n.port("connie"))
	make := func() (etsi.Key, error) {
		keys, err := sam.GetKey(t.Context(), "sofia", etsi.KeyRequest{})
		if err != nil {
			return etsi.Key{}, err
		}
		fetched, err := sofia.GetKeyWithKeyIDs(t.Context(), "sam", keys[0].ID)
		if err != nil {
			return etsi.Key{}, err
		}
		return fetched[0], nil
	}
	for _, test := range []struct{ spec, says string }{
		{"status=503 from=sae/sam", "503 Service Unavailable: Injected fault"},
		{"exhausted from=sae/sam", "503 Service Unavailable: Injected fault: out of pre-shared random data"},
		{"absent from=sae/sofia", etsi.ErrKeyNotFound.Message},
		{"drop from=sae/sofia", "EOF"},
		{"html from=sae/sam", "something else than the KME"},
		{"expired from=sae/*", "certificate has expired"},
		{"delay=50ms from=sae/sam", ""},
		{"hostile from=sae/sam path=/status", ""}, // it does not match
	} {
		if err := n.Wire().AddFault(test.spec + " count=1"); err != nil {
			t.Fatal(err)
		}
		sam.HTTP.CloseIdleConnections()
		sofia.HTTP.CloseIdleConnections() // on a reused connection, net/http retries by itself
		began := time.Now()
		sam.Retries, sofia.Retries = etsi.Retries{}, etsi.Retries{}
		_, err := make()
		if test.says == "" != (err == nil) || err != nil && !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want %q", test.spec, err, test.says)
		}
		if strings.HasPrefix(test.spec, "delay") && time.Since(began) < 50*time.Millisecond {
			t.Errorf("%s: after %v", test.spec, time.Since(began))
		}
		n.ClearFaults()
		if err := n.Wire().AddFault(test.spec + " count=1"); err != nil {
			t.Fatal(err)
		}
		sam.HTTP.CloseIdleConnections()
		sam.Retries, sofia.Retries = etsi.Retries{Most: 2, Wait: time.Millisecond}, etsi.Retries{Most: 2, Wait: time.Millisecond}
		if _, err := make(); err != nil {
			t.Errorf("%s: the second time: %v", test.spec, err)
		}
		kind, _, _ := strings.Cut(test.spec, " ")
		kind, _, _ = strings.Cut(kind, "=")
		if isSaid := strings.Contains(log.String(), "level=WARN msg=fault fault="+kind); !isSaid && kind != "hostile" {
			t.Errorf("the log does not say %s: %s", kind, log)
		}
		n.ClearFaults()
	}
}

// TestFaultsLeaveBodiesAlone sends a body that a KME refuses through a fault that does not fire.
func TestFaultsLeaveBodiesAlone(t *testing.T) {
	n := start(t, Config{KMEListen: kmePorts})
	if err := n.Wire().AddFault("status=503 from=sae/nobody,sae/sofia"); err == nil {
		t.Error("a fault was added for an unknown party")
	}
	if err := n.Wire().AddFault("status=503 from=sae/sofia"); err != nil {
		t.Fatal(err)
	}
	for size, want := range map[int]int{10: 200, 1 << 20: 200, 1<<20 + 1: 413, 3 << 20: 413} {
		response, err := http.Post(n.port("carol")+"/api/v1/keys/sofia/enc_keys", "application/json", strings.NewReader(strings.Repeat(" ", size)))
		if err != nil {
			t.Fatal(err)
		}
		if response.Body.Close(); response.StatusCode != want {
			t.Errorf("%d bytes: %s, want %d", size, response.Status, want)
		}
	}
	sam := &etsi.Client{URL: n.port("carol")}
	if _, err := sam.GetKey(t.Context(), "sofia", etsi.KeyRequest{AdditionalSlaves: []string{"susan"}}); err != nil {
		t.Error(err)
	}
	var refused *etsi.Error
	sofia := &etsi.Client{URL: n.port("connie")}
	if _, err := sofia.Status(t.Context(), "sam"); !errors.As(err, &refused) || refused.Status != 503 {
		t.Errorf("%v", err)
	}
}
