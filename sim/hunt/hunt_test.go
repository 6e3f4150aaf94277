package hunt

import (
	"flag"
	"runtime"
	"testing"
	"time"

	"dske/sim/topology"
)

var (
	seeds = flag.Int("seeds", 12, "how many seeds TestHunt hunts")
	first = flag.Uint64("first", 1, "the first of them")
)

// No violation is found. To run as many seeds as for the figures in the README:
//
//	go test ./sim/hunt -run TestHunt -v -timeout 2h -args -seeds 2000
func TestHunt(t *testing.T) {
	r := Hunt(t.Context(), *first, *seeds, runtime.GOMAXPROCS(0), func(done int, seed uint64) {
		if done%100 == 0 {
			t.Logf("seed %d", seed)
		}
	})
	if r.Failure != nil {
		text, _ := r.Plan.Scenario("A hunt found this", r.Seed)
		t.Fatalf("seed %d: %v\n%s", r.Seed, r.Failure, text)
	}
	t.Logf("%d seeds; refusals %v; faults %v", r.Seeds, r.Refusals, r.Faults)
}

// A step parses to what was written, and other texts are refused.
func TestParseStep(t *testing.T) {
	for _, s := range []Step{
		{time.Second, Key, []string{"sae1", "sae2"}, 0}, {3 * time.Millisecond, Crash, []string{"hub/hub1"}, time.Second},
		{0, Fault, []string{"drop", "prob=0.3", "to=hub/hub1"}, time.Minute}, {0, Stranger, []string{"hub/hub1", "slot"}, 0},
	} {
		read, err := ParseStep(s.String())
		if err != nil || read.String() != s.String() {
			t.Errorf("%v: %v, %v", s, read, err)
		}
	}
	for _, text := range []string{"", "1s key 0s sae1", "1s crash 1s a b", "1s dance 1s a", "x key 0s a b", "-1s key 0s a b", "1s fault 1s dorp", "1s stranger 1s hub/hub1", "1s stranger 1s hub/hub1 x"} {
		if _, err := ParseStep(text); err == nil {
			t.Errorf("%q is a step", text)
		}
	}
}

// The scenario has the network of the plan.
func TestScenario(t *testing.T) {
	p := &Plan{Hubs: 3, Clients: 2, Threshold: 2, Pool: 1024}
	want, err := p.topology()
	if err != nil {
		t.Fatal(err)
	}
	text, err := want.YAML()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := topology.Load("x", text); err != nil || len(got.Links) != 1 || got.PSRD != want.PSRD {
		t.Errorf("%v\n%s", err, text)
	}
}
