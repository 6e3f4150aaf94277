package hunt

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"dske/node"
	"dske/sim"
)

// Result is the result of a hunt.
type Result struct {
	Seeds   int    // number of seeds that were hunted
	Seed    uint64 // seed of the failure
	Failure error  // first failure; nil: none
	Plan    *Plan  // reduced plan of the failure; nil: none

	Refusals map[string]int64 // by reason
	Faults   map[string]int   // by kind of step or fault
}

// Hunt hunts the given number of seeds, starting with first, which is at least 1, with jobs of them
// at the same time, until one fails. It calls progress, unless that is nil, before each seed. A
// panic in a node ends the program.
//
// Package rapid does the drawing and shrinking. It works like a test and takes its seed from a
// flag, so there can be only one hunt at a time in a program.
func Hunt(ctx context.Context, first uint64, seeds, jobs int, progress func(done int, seed uint64)) *Result {
	h := &hunter{ctx: ctx, first: max(first, 1), seeds: seeds, progress: progress, result: &Result{Refusals: map[string]int64{}, Faults: map[string]int{}}}
	var all sync.WaitGroup
	for range max(1, jobs) {
		all.Go(h.hunt)
	}
	all.Wait()
	if h.result.Failure != nil {
		h.result.shrink(ctx)
	}
	return h.result
}

// hunter is a hunt under way.
type hunter struct {
	ctx      context.Context
	first    uint64
	seeds    int
	progress func(done int, seed uint64)

	mu     sync.Mutex
	result *Result
}

// hunt hunts one seed after the other. Seeds are assigned in order, so all seeds before a failing
// one have been hunted, too.
func (h *hunter) hunt() {
	for seed, p := h.next(); p != nil; seed, p = h.next() {
		err := p.play(h.ctx, seed, h.look)
		if h.ctx.Err() == nil {
			h.note(seed, p, err)
		}
	}
}

// next returns a seed with its plan, or nil if there is nothing left to do.
func (h *hunter) next() (uint64, *Plan) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := h.result
	if r.Seeds == h.seeds || h.ctx.Err() != nil || r.Failure != nil {
		return 0, nil
	}
	seed := h.first + uint64(r.Seeds)
	if h.progress != nil {
		h.progress(r.Seeds, seed)
	}
	r.Seeds++
	var p *Plan
	prepare(seed)
	check(func(t *rapid.T) { p = draw(t) })
	return seed, p
}

// note records the outcome of a seed.
func (h *hunter) note(seed uint64, p *Plan, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := h.result
	for _, s := range p.Steps {
		r.Faults[s.what()]++
	}
	if err != nil && (r.Failure == nil || seed < r.Seed) {
		r.Seed, r.Plan, r.Failure = seed, p, err
	}
}

// look records the refusals and faults of a network, and the refusals of strangers.
func (h *hunter) look(n *sim.Network, strangers *node.Refusals) {
	h.mu.Lock()
	defer h.mu.Unlock()
	add := func(list []node.Refusal) {
		for _, refused := range list {
			h.result.Refusals[refused.Reason] += refused.Count
		}
	}
	s := n.Snapshot()
	for _, hub := range s.Hubs {
		add(hub.SharesRefused)
	}
	for _, c := range s.Clients {
		add(c.SharesRefused)
	}
	add(strangers.List())
}

// shrink searches for the smallest plan that fails with the seed.
func (r *Result) shrink(ctx context.Context) {
	prepare(r.Seed)
	check(func(t *rapid.T) {
		p := draw(t)
		if err := p.play(ctx, r.Seed, ignore); err != nil && ctx.Err() == nil {
			r.Plan, r.Failure = p, err // the last failure is the smallest
			t.Fatal("failed")          // with constant text, or the failures would count as different
		}
	})
	for r.leaveOut(ctx) {
	}
}

func ignore(*sim.Network, *node.Refusals) {}

// leaveOut removes one or two unneeded steps that rapid has kept. It reports whether it found any.
func (r *Result) leaveOut(ctx context.Context) bool {
	for i := range r.Plan.Steps {
		for j := i; j < len(r.Plan.Steps) && ctx.Err() == nil; j++ {
			smaller := *r.Plan
			smaller.Steps = nil
			for at, s := range r.Plan.Steps {
				if at != i && at != j {
					smaller.Steps = append(smaller.Steps, s)
				}
			}
			if err := smaller.play(ctx, r.Seed, ignore); err != nil && ctx.Err() == nil {
				r.Plan, r.Failure = &smaller, err
				return true
			}
		}
	}
	return false
}

// Never returns the reasons of refusals, and the kinds of steps and faults, that have not occurred:
// a hunt finds nothing where it never gets. For some reasons it says why.
func (r *Result) Never(reasons []string) []string {
	var never []string
	for _, reason := range reasons {
		why := elsewhere[reason]
		switch {
		case r.Refusals[reason] > 0:
		case why != "":
			never = append(never, fmt.Sprintf("refusal %s (%s)", reason, why))
		default:
			never = append(never, "refusal "+reason)
		}
	}
	kinds := []string{Key, Crash, Stop, Lie, Stranger}
	for _, f := range faults {
		kinds = append(kinds, kindOf(f))
	}
	for _, kind := range slices.Compact(slices.Sorted(slices.Values(kinds))) {
		if r.Faults[kind] == 0 {
			never = append(never, "fault "+kind)
		}
	}
	return never
}

// kindOf returns the kind of a fault, without the messages that it matches.
func kindOf(fault string) string {
	name, value, hasValue := strings.Cut(strings.Fields(fault)[0], "=")
	if hasValue && name == "tamper" {
		return name + "=" + value
	}
	return name
}

// prepare sets the flags of rapid.
func prepare(seed uint64) {
	testing.Init() // rapid reads the flag for short tests
	if !flag.Parsed() {
		_ = flag.CommandLine.Parse(nil)
	}
	for name, value := range map[string]string{"seed": fmt.Sprint(seed), "checks": "1", "nofailfile": "true", "shrinktime": "60s"} {
		_ = flag.Set("rapid."+name, value)
	}
}

// check checks a property with rapid. The property itself records failures.
func check(property func(*rapid.T)) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		rapid.Check(&quiet{}, property)
	}()
	<-done
}

// quiet is a test without output.
type quiet struct{ failed bool }

func (*quiet) Helper()                 {}
func (*quiet) Name() string            { return "hunt" }
func (*quiet) Logf(string, ...any)     {}
func (*quiet) Log(...any)              {}
func (q *quiet) Errorf(string, ...any) { q.failed = true }
func (q *quiet) Error(...any)          { q.failed = true }
func (q *quiet) Fail()                 { q.failed = true }
func (q *quiet) Failed() bool          { return q.failed }
func (q *quiet) FailNow()              { q.failed = true; runtime.Goexit() }
func (q *quiet) Fatalf(string, ...any) { q.FailNow() }
func (q *quiet) Fatal(...any)          { q.FailNow() }
func (*quiet) Skipf(string, ...any)    { runtime.Goexit() }
func (*quiet) Skip(...any)             { runtime.Goexit() }
func (*quiet) SkipNow()                { runtime.Goexit() }
