package sim

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"dske/etsi"
	"dske/sim/topology"
	"dske/sim/virtual"
	"dske/sim/virtual/sametest"
)

// inVirtualTime runs a network in a bubble of its own until f returns. F may use t only for errors.
func inVirtualTime(t *testing.T, config Config, f func(n *testNetwork)) {
	t.Helper()
	config.Virtual, config.Transport = true, Memory
	err := virtual.Run(t.Context(), func(context.Context) error {
		n, err := New(config)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- n.Run(ctx) }()
		if err := n.WaitReady(ctx); err == nil {
			f(&testNetwork{n, t, n.Wire().Transport("outside")})
		}
		cancel()
		return <-ended
	})
	if err != nil {
		t.Fatal(err)
	}
}

// busyTopology makes messages meet: two sites, several links, small pools.
const busyTopology = `
hubs: [{name: hank}, {name: helen}, {name: hilary}, {name: holly}, {name: hugo}]
clients:
- {name: carol, encryptors: [{name: sam}, {name: sunny}]}
- {name: connie, encryptors: [{name: sofia}]}
- {name: cindy}
psrd: {block_size: 1024, low_water: 512, high_water: 1024}
sites:
  london: [hank, helen, carol]
  tokyo: [hilary, holly, connie, cindy]
links:
- {between: [hank, tokyo], latency: 100ms, burst: {enter: 0.05, leave: 0.3, loss: 0.5}}
- {between: [london, tokyo], latency: {lognormal: {median: 110ms, sigma: 0.1}}, bandwidth: 2Mbit, loss: 0.01}
- {within: london, latency: 1ms}
- {latency: 1ms, loss: 0.02}
`

// busyTrace returns the trace of half a minute in which much happens at the same time.
func busyTrace(t *testing.T, seed uint64) string {
	top, err := topology.Load("busy.yaml", []byte(busyTopology))
	if err != nil {
		t.Fatal(err)
	}
	var trace bytes.Buffer
	inVirtualTime(t, Config{Topology: top, Seed: &seed, Audit: true}, func(n *testNetwork) {
		stop := n.Wire().Trace(&trace)
		if err := n.Wire().AddFault("drop prob=0.02 from=client/*"); err != nil {
			t.Error(err)
		}
		var load sync.WaitGroup
		for _, pair := range []string{"sam sofia", "sofia sam", "sunny cindy", "cindy sunny", "sam cindy", "sofia sunny"} {
			master, slave, _ := strings.Cut(pair, " ")
			load.Go(func() { n.loadPair(master, slave, 5) })
		}
		load.Go(func() {
			for i := range 3 {
				hub := []string{"hub/hank", "hub/hugo", "hub/holly"}[i%3]
				time.Sleep(2 * time.Second)
				n.Stop(context.Background(), hub)
				time.Sleep(1500 * time.Millisecond)
				n.Start(context.Background(), hub)
			}
		})
		load.Wait()
		if err := n.WaitIdle(context.Background()); err != nil {
			t.Error(err)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
		if v := n.Violations(); len(v) > 0 {
			t.Error(v)
		}
	})
	return trace.String()
}

// loadPair makes keys for a pair, several at the same time as others do, and fetches them. It may
// fail.
func (n *testNetwork) loadPair(master, slave string, number int) {
	for range number {
		time.Sleep(time.Second)
		var both sync.WaitGroup
		for range 3 {
			both.Go(func() {
				keys, err := n.asSAE(master).GetKey(context.Background(), slave, etsi.KeyRequest{})
				if err == nil {
					n.asSAE(slave).GetKeyWithKeyIDs(context.Background(), master, keys[0].ID)
				}
			})
		}
		both.Wait()
	}
}

// asSAE is sae over the wire of the encryptor itself.
func (n *testNetwork) asSAE(name string) *etsi.Client {
	c := n.sae(name)
	c.HTTP.Transport = n.Wire().Transport("sae/" + name)
	return c
}

// The same seed gives the same bytes, whatever the number and load of the processors.
func TestSameSeedSameTrace(t *testing.T) {
	defer sametest.Burn()()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var first string
	for _, processors := range []int{1, 8} {
		runtime.GOMAXPROCS(processors)
		trace := busyTrace(t, 7)
		if lines := strings.Count(trace, "\n"); lines < 1000 {
			t.Fatalf("the trace has only %d lines", lines)
		}
		if first == "" {
			first = trace
		}
		if difference := sametest.FirstDifference(first, trace); difference != "" {
			keepTraces(t, first, trace)
			t.Fatalf("with %d processors the trace differs\n%s", processors, difference)
		}
	}
}

// Incompatible settings are refused.
func TestVirtualTimeHasNoPorts(t *testing.T) {
	for _, config := range []Config{
		{Transport: Loopback}, {Transport: Memory, Listen: "127.0.0.1:0"}, {Transport: Memory, KMEListen: make([]string, 5)}, {},
	} {
		config.Topology, config.Virtual = topology.Reference(), true
		if _, err := New(config); err == nil || !strings.Contains(err.Error(), "virtual time") {
			t.Errorf("%+v: %v", config, err)
		}
	}
}

// keepTraces writes the traces to files if the environment names a directory.
func keepTraces(t *testing.T, traces ...string) {
	dir := os.Getenv("DSKE_TRACES")
	if dir == "" {
		return
	}
	for i, trace := range traces {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("trace%d.txt", i)), []byte(trace), 0o600); err != nil {
			t.Error(err)
		}
	}
}
