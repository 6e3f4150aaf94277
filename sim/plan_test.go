package sim

import (
	"runtime"
	"testing"
	"time"

	"dske/protocol"
	"dske/sim/topology"
)

// measured returns the bytes that a network uses when it is ready, and its plan.
func measured(t *testing.T, sizes topology.Sizes) (int64, Plan) {
	t.Helper()
	top, err := topology.Generate(sizes)
	if err != nil {
		t.Fatal(err)
	}
	top.PSRD = topology.PSRD{BlockSize: 4096, LowWater: 1024, HighWater: 4096}
	plan, err := PlanOf(top)
	if err != nil {
		t.Fatal(err)
	}
	before := memoryInUse()
	n := start(t, Config{Topology: top})
	after := memoryInUse()
	n.shutDown()
	return after - before, plan
}

func memoryInUse() int64 {
	runtime.GC()
	runtime.GC() // also frees what only finalizers and pools have kept
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// The plan is compared with measured networks, here those whose clients do not sleep. Remnants of
// earlier tests may be freed meanwhile, so a figure that is off is measured again.
func TestPlanMemory(t *testing.T) {
	for _, hubs := range []int{5, 15} {
		ratio := 0.0
		for attempt := 0; attempt < 3 && (ratio < 0.85 || ratio > 1.15); attempt++ {
			memory, plan := measured(t, topology.Sizes{Hubs: 20, Clients: 40, HubsPerClient: hubs})
			ratio = float64(memory) / float64(plan.Memory)
			t.Logf("%d hubs for a client: %d bytes, planned %d", hubs, memory, plan.Memory)
		}
		if ratio < 0.85 || ratio > 1.15 {
			t.Errorf("%.2f of the memory that was planned is in use", ratio)
		}
	}
}

func TestPlanKeys(t *testing.T) {
	for _, suite := range []string{protocol.SuitePython, protocol.SuiteITS} {
		top := topology.Reference()
		top.Suite = suite
		plan, err := PlanOf(top)
		if err != nil {
			t.Fatal(err)
		}
		n := start(t, Config{Topology: top})
		status, err := n.sae("sam").Status(t.Context(), "sofia")
		if err != nil || status.StoredKeyCount != plan.KeysPerClient {
			t.Errorf("%s: status says %d keys, %v; the plan %d", suite, status.StoredKeyCount, err, plan.KeysPerClient)
		}
		before := n.consumed()
		n.keyPair("sam", "sofia", 256)
		if err := n.WaitIdle(t.Context()); err != nil {
			t.Fatal(err)
		}
		if used := n.consumed() - before; used != int64(plan.PSRDPerKey) {
			t.Errorf("%s: a key took %d bytes of PSRD, the plan says %d", suite, used, plan.PSRDPerKey)
		}
	}
}

// consumed returns the bytes of PSRD that clients have used, or seen used by hubs.
func (n *testNetwork) consumed() (sum int64) {
	for _, c := range n.Snapshot().Clients {
		sum += c.PSRD.ClientOwned.Consumed + c.PSRD.HubOwned.Consumed
	}
	return sum
}

// Finite PSRD lasts for as many keys as fit into a pool. Couriers suffice if their load lasts until
// the next one.
func TestForecast(t *testing.T) {
	top := topology.Reference()
	f, err := ForecastOf(top, 256, time.Hour)
	if err != nil || f.PerKey != 80 || f.RunsDry != 204*time.Hour || f.Interval != f.RunsDry {
		t.Errorf("%+v, %v", f, err)
	}
	top.PSRD.Courier = &topology.Courier{}
	if f, err = ForecastOf(top, 256, time.Hour); err != nil || f.RunsDry != 204*time.Hour || f.Interval != 0 {
		t.Errorf("%+v, %v", f, err)
	}
	top.PSRD.Courier = &topology.Courier{Every: time.Hour, Size: 8000}
	if f, err = ForecastOf(top, 256, time.Minute); err != nil || f.RunsDry != 100*time.Minute || f.Interval != 100*time.Minute {
		t.Errorf("%+v, %v", f, err)
	}
}
