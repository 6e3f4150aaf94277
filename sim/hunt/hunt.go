package hunt

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"dske/sim"
)

// Result is what a hunt has found.
type Result struct {
	Seeds   int // that were hunted
	Seed    uint64
	Failure error // the first; nil: none
	Plan    *Plan // of the failure, shrunk; nil: none

	Refusals map[string]int64 // by reason
	Faults   map[string]int   // by what was drawn
}

// Hunt hunts seeds, from the first on, until one fails. It tells progress, unless that is nil,
// before each one: a panic in a node ends the program.
//
// The drawing and the shrinking is by rapid, whose ways are those of a test: it takes its seed from
// a flag. So there can be one hunt at a time in a program.
func Hunt(ctx context.Context, first uint64, seeds int, progress func(done int, seed uint64)) *Result {
	r := &Result{Refusals: map[string]int64{}, Faults: map[string]int{}}
	for r.Seeds < seeds && ctx.Err() == nil && r.Failure == nil {
		r.Seed = first + uint64(r.Seeds)
		if progress != nil {
			progress(r.Seeds, r.Seed)
		}
		r.hunt(ctx, r.Seed)
		r.Seeds++
	}
	return r
}

// hunt hunts one seed.
func (r *Result) hunt(ctx context.Context, seed uint64) {
	prepare(max(seed, 1))
	check(func(t *rapid.T) {
		p := draw(t)
		err := p.play(ctx, seed, r.look)
		if ctx.Err() != nil {
			return
		}
		for _, s := range p.Steps {
			if s.Kind == Fault {
				r.Faults[s.Args[0]]++
			} else {
				r.Faults[s.Kind]++
			}
		}
		if err != nil {
			r.Plan, r.Failure = p, err // the last that fails is the smallest
			t.Fatal("failed")          // with the same words, or the failures would count as different
		}
	})
	if r.Plan != nil {
		r.leaveOut(ctx, seed)
	}
}

// leaveOut leaves out what rapid has left and is not needed.
func (r *Result) leaveOut(ctx context.Context, seed uint64) {
	for i := 0; i < len(r.Plan.Steps); {
		smaller := *r.Plan
		smaller.Steps = slices.Delete(slices.Clone(smaller.Steps), i, i+1)
		if err := smaller.play(ctx, seed, func(*sim.Network) {}); err != nil && ctx.Err() == nil {
			r.Plan, r.Failure = &smaller, err
		} else {
			i++
		}
	}
}

// look notes what a network has met with.
func (r *Result) look(n *sim.Network) {
	s := n.Snapshot()
	for _, h := range s.Hubs {
		for _, refused := range h.SharesRefused {
			r.Refusals[refused.Reason] += refused.Count
		}
	}
	for _, c := range s.Clients {
		for _, refused := range c.SharesRefused {
			r.Refusals[refused.Reason] += refused.Count
		}
	}
}

// Never returns which of the reasons of refusals, and of the kinds of steps and faults, have not
// occurred: a hunt that never gets there finds nothing there.
func (r *Result) Never(reasons []string) []string {
	var never []string
	for _, reason := range reasons {
		if r.Refusals[reason] == 0 {
			never = append(never, "refusal "+reason)
		}
	}
	kinds := []string{Key, Crash, Stop, Lie}
	for _, f := range faults {
		var kind string
		fmt.Sscan(f, &kind)
		kinds = append(kinds, kind)
	}
	for _, kind := range slices.Compact(slices.Sorted(slices.Values(kinds))) {
		isDrawn := func(drawn string) bool {
			return drawn == kind || len(kind) > 9 && kind[:9] == "partition" && len(drawn) > 9 && drawn[:9] == "partition"
		}
		found := false
		for drawn := range r.Faults {
			found = found || isDrawn(drawn)
		}
		if !found {
			never = append(never, "fault "+kind)
		}
	}
	return never
}

// prepare sets the flags that rapid goes by.
func prepare(seed uint64) {
	testing.Init() // rapid asks whether tests are to be short
	if !flag.Parsed() {
		_ = flag.CommandLine.Parse(nil)
	}
	for name, value := range map[string]string{"seed": fmt.Sprint(seed), "checks": "1", "nofailfile": "true", "shrinktime": "60s"} {
		_ = flag.Set("rapid."+name, value)
	}
}

// check checks a property with rapid, and leaves it to that to say what has failed.
func check(property func(*rapid.T)) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		rapid.Check(&quiet{}, property)
	}()
	<-done
}

// quiet is a test that nobody reads.
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
