package sim

import (
	"flag"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dske/protocol"
	"dske/sim/bench"
	"dske/sim/topology"
	"dske/sim/wire"
)

var sleepers = flag.Int("sleepers", 5000, "clients of TestSleepersCostNextToNothing")

// An unused client costs no more than the plan says, which is for its place, its names and its
// entry in the directory. For a million clients:
//
//	go test ./sim -run SleepersCost -v -args -sleepers 1000000
func TestSleepersCostNextToNothing(t *testing.T) {
	before, used := memoryInUse(), bench.Used()
	top, err := topology.Generate(topology.Sizes{Hubs: 64, Clients: *sleepers, HubsPerClient: 3})
	if err != nil {
		t.Fatal(err)
	}
	top.PSRD.Lazy = true
	plan, err := PlanOf(top)
	if err != nil {
		t.Fatal(err)
	}
	goroutines := runtime.NumGoroutine()
	n := start(t, Config{Topology: top, Transport: Memory})
	took, memory := bench.Used().Minus(used).CPU, memoryInUse()-before
	t.Logf("ready after %v of CPU, planned %v; %d bytes, planned %d; %d for a client", took, plan.Ready, memory, plan.Memory, memory/int64(*sleepers))
	if ratio := float64(memory) / float64(plan.Memory); ratio < 0.85 || ratio > 1.15 {
		t.Errorf("%.2f of the memory that was planned is in use", ratio)
	}
	if more := runtime.NumGoroutine() - goroutines; more > 200 {
		t.Errorf("%d goroutines", more)
	}
	if ready, all := n.Ready(); ready != *sleepers || all != ready {
		t.Errorf("%d of %d clients are ready", ready, all)
	}
	n.keyPair("sae1", "sae2", 256)
	if awake := n.awake(); !slices.Equal(awake, []string{"client/client1", "client/client2"}) {
		t.Errorf("awake are %q", awake)
	}
	runtime.KeepAlive(top)
}

// A client that has made or fetched a key costs what the plan says of one that does not sleep, with
// the PSRD that it has fetched. Remnants of earlier tests may be freed meanwhile, so a figure that is
// off is measured again.
func TestClientsInUse(t *testing.T) {
	const attempts, pairs, hubs, blockSize = 3, 60, 3, 1024
	const blocks = 3 * 2 // of an association, at both ends
	const planned = memoryOfClient - memoryOfSleeper + hubs*(memoryOfAssociation+blocks*blockSize)
	top, err := topology.Generate(topology.Sizes{Hubs: 16, Clients: 2 * (1 + attempts*pairs), HubsPerClient: hubs})
	if err != nil {
		t.Fatal(err)
	}
	top.PSRD = topology.PSRD{BlockSize: blockSize, LowWater: blockSize / 4, HighWater: blockSize, Lazy: true}
	synctest.Test(t, func(t *testing.T) {
		n := start(t, Config{Topology: top, Transport: Memory})
		next := 1
		use := func() {
			n.keyPair("sae"+strconv.Itoa(next), "sae"+strconv.Itoa(next+1), 256)
			next += 2
		}
		use()
		ratio := 0.0
		for attempt := 0; attempt < attempts && (ratio < 0.85 || ratio > 1.15); attempt++ {
			before := memoryInUse()
			for range pairs {
				use()
			}
			time.Sleep(2 * time.Minute) // then the hubs have forgotten their answers
			memory := (memoryInUse() - before) / (2 * pairs)
			ratio = float64(memory) / planned
			t.Logf("%d bytes for a client, planned %d", memory, planned)
		}
		if ratio < 0.85 || ratio > 1.15 {
			t.Errorf("%.2f of the memory that was planned is in use", ratio)
		}
	})
}

// awake returns the clients that are running and not asleep.
func (n *testNetwork) awake() (names []string) {
	for _, c := range n.clients {
		if c.isRunning() && !c.isAsleep() {
			names = append(names, c.path())
		}
	}
	return names
}

// sleepy returns a network of sleeping clients, in a bubble.
func sleepy(t *testing.T) *testNetwork {
	top := topology.Reference()
	top.PSRD.Lazy = true
	return start(t, Config{Topology: top, Transport: Memory, Audit: true})
}

// A sleeping client is shown as ready, and can be stopped, suspended, crashed and started like any
// other, without being woken. It sends nothing.
func TestSleepersAreLikeOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := sleepy(t)
		var sent atomic.Int64
		defer n.Wire().Observe(func(wire.Event) { sent.Add(1) })()
		change := func(do func() error, running bool, state string) {
			t.Helper()
			if err := do(); err != nil {
				t.Fatal(err)
			}
			if c := n.clientNow("carol"); c.Running != running || c.State != state || c.Ready != running {
				t.Errorf("%+v", c.NodeSnapshot)
			}
		}
		begin := func() error { return n.Start(t.Context(), "client/carol") }
		change(begin, true, "ready")
		change(func() error { return n.Stop(t.Context(), "client/carol") }, false, "stopped")
		change(begin, true, "ready")
		change(func() error { return n.Crash(t.Context(), "client/carol") }, false, "stopped")
		if status, body := n.do("GET", "/client/carol/mgmt/v1/status", nil, ""); status != http.StatusServiceUnavailable {
			t.Errorf("crashed: %d %s", status, body)
		}
		change(begin, true, "ready")
		for _, hub := range n.Snapshot().Hubs {
			if hub.PSRD.Associations != 0 || hub.ForgottenBy != 0 {
				t.Errorf("%+v", hub)
			}
		}
		if awake := n.awake(); len(awake) > 0 || sent.Load() > 0 {
			t.Errorf("awake are %q; %d messages", awake, sent.Load())
		}
		n.keyPair("sam", "sofia", 256)
		change(func() error { return n.Stop(t.Context(), "client/carol") }, false, "stopped")
		change(begin, true, "ready")
		n.keyPair("sam", "sofia", 256)
		if violations := n.Violations(); len(violations) > 0 {
			t.Error(violations)
		}
	})
}

// A client that makes keys fetches no PSRD for shares that it would be given, and one that fetches
// keys none for shares that it would give away.
func TestSleepersFetchWhatTheyNeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := sleepy(t)
		fetched := map[string]int{} // blocks, by client
		var mu sync.Mutex
		defer n.Wire().Observe(func(e wire.Event) {
			mu.Lock()
			defer mu.Unlock()
			if e.Kind == wire.KindPSRD {
				fetched[e.From]++
			}
		})()
		want := func(master, slave string, carols, connies int) {
			t.Helper()
			n.keyPair(master, slave, 256)
			time.Sleep(time.Minute)
			mu.Lock()
			defer mu.Unlock()
			if got := [2]int{fetched["client/carol"], fetched["client/connie"]}; got != [2]int{carols, connies} {
				t.Errorf("%s for %s: carol and connie have fetched %v blocks, want %d and %d", master, slave, got, carols, connies)
			}
			for _, name := range []string{"carol", "connie"} {
				if c := n.clientNow(name); slices.Min(c.Levels) == 0 {
					t.Errorf("%s: %v, though what it needs is there", name, c.Levels)
				}
			}
		}
		hubs := len(n.hubs)
		want("sam", "sofia", 3*hubs, 3*hubs)
		want("sam", "sofia", 3*hubs, 3*hubs)
		want("sofia", "sam", 4*hubs, 4*hubs)
	})
}

// A sleeping client, and one that has not dealt with a hub, ignores that the hub has started. One
// that has registers again.
func TestHubsDoNotWakeSleepers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := sleepy(t)
		restart := func() {
			t.Helper()
			for _, do := range []func() error{func() error { return n.Stop(t.Context(), "hub/hank") }, func() error { return n.Start(t.Context(), "hub/hank") }} {
				if err := do(); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(time.Minute)
		}
		restart()
		if awake := n.awake(); len(awake) > 0 {
			t.Errorf("awake are %q", awake)
		}
		n.keyPair("sam", "sofia", 256)
		restart()
		for _, hub := range n.Snapshot().Hubs {
			if hub.PSRD.Associations != 2 {
				t.Errorf("%s: %d associations, want those of the two that are in use", hub.Name, hub.PSRD.Associations)
			}
		}
	})
}

// Of several concurrent requests for the first key of a client, one wakes it. Before the first key,
// a hub gets what it needs for its answer, so no message is sent in vain.
func TestFirstKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := sleepy(t)
		var mu sync.Mutex
		kinds := map[string]int{}
		stop := n.Wire().Observe(func(e wire.Event) {
			if e.Status != http.StatusOK || e.Path == protocol.PathRegistration && e.Method == "GET" {
				t.Errorf("%s %s to %s: %d", e.Method, e.Path, e.To, e.Status)
			}
			mu.Lock()
			defer mu.Unlock()
			if strings.HasPrefix(e.From, "client/") {
				kinds[e.Kind]++
			}
		})
		n.keyPair("sam", "sofia", 256)
		synctest.Wait()
		stop()
		mu.Lock()
		defer mu.Unlock()
		if kinds[wire.KindRegistration] != 10 || kinds[wire.KindPSRD] != 30 || kinds[wire.KindShare] != 5 || kinds[wire.KindFetch] != 5 {
			t.Errorf("%v", kinds)
		}
		const atOnce = 20
		done := make(chan error, atOnce)
		for range atOnce {
			go func() { done <- n.tryPair("susan", "sam") }()
		}
		for range atOnce {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
}

// A lazy network reports how many keys can be had even before a client has registered.
func TestSleepersHaveKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := sleepy(t)
		status, err := n.sae("sam").Status(t.Context(), "sofia")
		if err != nil || status.StoredKeyCount < 200 {
			t.Errorf("%+v, %v", status, err)
		}
		if c := n.clientNow("carol"); !c.Ready || c.PSRD.Associations > 0 {
			t.Errorf("%+v", c)
		}
	})
}

// With a disk, no client sleeps: there may be keys whose delivery the hubs have not heard of.
func TestNobodySleepsWithDisks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		top := topology.Reference()
		top.PSRD.Lazy = true
		n := start(t, Config{Topology: top, Transport: Memory, Data: MemoryData})
		if awake := n.awake(); len(awake) != len(top.Clients) {
			t.Errorf("awake are %q", awake)
		}
	})
}
