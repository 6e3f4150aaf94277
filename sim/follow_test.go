package sim

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"dske/sim/wire"
)

// both starts the two halves of a network over plain HTTP, each as a process would, and calls f
// while they run.
func both(t *testing.T, f func(t *testing.T, n, other *testNetwork)) {
	t.Helper()
	here, there := divided(t, "http")
	bothOf(t, here, there, f)
}

// bothOf is both for the two halves of a network.
func bothOf(t *testing.T, here, there Config, f func(t *testing.T, n, other *testNetwork)) {
	t.Helper()
	second := make(chan *testNetwork)
	t.Run("both", func(t *testing.T) {
		go func() { second <- start(t, there) }()
		n, other := start(t, here), <-second
		f(t, n, other)
	})
}

// routes counts the messages of each kind of keys and shares. There may be others at any time: a
// client that hears late that a hub has started asks it whether it is still registered.
func routes(events []wire.Event) map[string]int {
	count := map[string]int{}
	for _, e := range events {
		if !strings.HasPrefix(e.Path, "/dske/oob/") {
			count[e.Method+" "+e.From+" "+e.To]++
		}
	}
	return count
}

// Each process reports the messages of both, each once. A fault that is added at one of them
// applies wherever a message is sent.
func TestSeenAsOne(t *testing.T) {
	both(t, func(t *testing.T, n, other *testNetwork) {
		remote := func(n *testNetwork) Remote { return Remote{URL: n.URL(), HTTP: &http.Client{Transport: n.outside}} }
		r, o := remote(n), remote(other)
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(r.WaitReady(t.Context()))
		next := map[Remote]int{}
		for _, r := range []Remote{r, o} {
			list, err := r.Events(t.Context(), 0)
			must(err)
			next[r] = list.Next
		}
		pair := func() {
			t.Helper()
			k := n.getKey("sam", "sofia", 256)
			if _, err := n.fetch("sam", "sofia", k.ID); err != nil { // forwarded
				t.Fatal(err)
			}
			must(r.WaitIdle(t.Context()))
		}
		events := func(r Remote) map[string]int {
			t.Helper()
			list, err := r.Events(t.Context(), next[r])
			must(err)
			next[r] = list.Next
			return routes(list.Events)
		}
		pair()
		want := map[string]int{"GET sae/sam client/carol": 1, "GET sae/sofia client/connie": 1}
		for _, hub := range []string{"hub/h1", "hub/h2"} {
			want["POST client/carol "+hub], want["GET client/connie "+hub] = 1, 1
		}
		for _, r := range []Remote{r, o} {
			if got := events(r); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s tells of %v, not of %v", r.URL, got, want)
			}
		}

		must(r.AddFault(t.Context(), "delay=1ms to=hub/h1"))
		pair()
		for _, r := range []Remote{o, r} {
			faults, err := r.Faults(t.Context())
			must(err)
			if len(faults) != 1 || faults[0].Fired < 2 { // carol's share, and connie's request
				t.Errorf("%s has the faults %v", r.URL, faults)
			}
		}
		if err := o.AddFault(t.Context(), "drop to=hub/nobody"); err == nil || !strings.Contains(err.Error(), "no node") {
			t.Errorf("a fault of nobody: %v", err)
		}
		must(o.Corrupt(t.Context(), "hub/h1"))
		faults, err := o.Faults(t.Context())
		must(err)
		for _, f := range faults {
			must(o.RemoveFault(t.Context(), f.ID))
		}
		if len(faults) != 2 || o.RemoveFault(t.Context(), faults[0].ID) == nil {
			t.Errorf("%v", faults)
		}
		events(r)
		events(o)
		must(o.AddFault(t.Context(), "duplicate to=hub/h2 method=POST path=key-share"))
		pair()
		if here, there := events(r), events(o); here["POST client/carol hub/h2"] != 2 || fmt.Sprint(here) != fmt.Sprint(there) {
			t.Errorf("a message that comes twice: %v, and %v", here, there)
		}
		must(r.ClearFaults(t.Context()))
		if faults, err := o.Faults(t.Context()); err != nil || len(faults) != 0 {
			t.Errorf("%v, %v", faults, err)
		}
	})
}

// Faults that are added at different processes are different faults, also if both have the same seed.
func TestFaultsOfProcessesWithOneSeed(t *testing.T) {
	here, there := divided(t, "http")
	seed := uint64(7)
	here.Seed, there.Seed = &seed, &seed
	bothOf(t, here, there, func(t *testing.T, n, other *testNetwork) {
		for i, adder := range []*testNetwork{n, other} {
			r := Remote{URL: adder.URL(), HTTP: &http.Client{Transport: adder.outside}}
			if err := r.AddFault(t.Context(), fmt.Sprintf("delay=1ms to=hub/h%d", i+1)); err != nil {
				t.Fatal(err)
			}
		}
		if here, there := n.Wire().Faults(), other.Wire().Faults(); len(here) != 2 || len(there) != 2 {
			t.Errorf("one has %v, the other one %v", here, there)
		}
	})
}

// A process that starts has the faults that were put into all processes before, in their order, and
// not those that another process has for itself.
func TestLaterProcessLearnsFaults(t *testing.T) {
	here, there := divided(t, "http")
	first, err := New(here)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- first.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	select {
	case <-first.started:
	case err := <-ended:
		ended <- nil
		t.Fatal(err)
	}
	r := Remote{URL: first.URL(), HTTP: http.DefaultClient}
	specs := []string{"delay=1ms to=hub/h1", "delay=1ms to=hub/h2", "delay=1ms to=hub/h1"}
	for _, spec := range append(specs, "delay=1ms to=client/carol") {
		if err := r.AddFault(ctx, spec); err != nil {
			t.Fatal(err)
		}
	}
	if err := first.Wire().AddFault("hostile from=sae/* prob=0.1"); err != nil {
		t.Fatal(err)
	}
	if err := first.Corrupt("hub/h1"); err != nil {
		t.Fatal(err)
	}
	list := first.Wire().Faults()
	if err := r.RemoveFault(ctx, list[len(specs)].ID); err != nil {
		t.Fatal(err)
	}
	t.Run("later", func(t *testing.T) {
		later := start(t, there).Wire().Faults()
		if len(later) != len(specs) {
			t.Fatalf("it has %v", later)
		}
		for i, f := range later {
			if f.ID != list[i].ID || f.Spec != specs[i] {
				t.Errorf("it has %v, and the other one %v", f, list[i])
			}
		}
	})
}

// A fault that is removed while a process starts does not stay there, whichever the process hears of
// first, and from whom: that there is the fault, or that it was removed.
func TestFaultsRemovedWhileAProcessStarts(t *testing.T) {
	both(t, func(t *testing.T, n, other *testNetwork) {
		r := Remote{URL: n.URL(), HTTP: &http.Client{Transport: n.outside}}
		add := func(n *testNetwork, id string) {
			t.Helper()
			if err := n.Wire().AddFaultAs(id, "delay=1ms to=hub/h1"); err != nil {
				t.Fatal(err)
			}
		}
		want := func(n *testNetwork, ids ...string) {
			t.Helper()
			var got []string
			for _, f := range n.Wire().Faults() {
				got = append(got, f.ID)
			}
			if !slices.Equal(got, ids) {
				t.Errorf("faults %q, not %q", got, ids)
			}
		}
		add(n, "removed1") // so the other one was not there yet
		if err := r.RemoveFault(t.Context(), "removed1"); err != nil {
			t.Fatal(err)
		}
		add(other, "removed1") // from a process that does not know yet
		want(other)

		add(n, "cleared1")
		if err := r.ClearFaults(t.Context()); err != nil {
			t.Fatal(err)
		}
		add(other, "cleared1")
		want(other)

		add(other, "removed2") // from a process that does not know yet
		add(n, "removed2")
		n.Wire().RemoveFault("removed2") // before it knew of the other one
		add(n, "remains1")
		for _, n := range []*testNetwork{n, other} {
			if err := n.Wire().AddFault("delay=1ms to=hub/h2"); err != nil {
				t.Fatal(err)
			}
		}
		own := other.Wire().Faults()[1].ID
		n.Wire().RemoveFault(own) // has the same ID in both, and nothing to do with the other one
		other.learnFaults(t.Context())
		want(other, own, "remains1")
	})
}

// Reports to other processes contain no secrets, and messages are recorded only while they ask.
func TestToldWithoutSecrets(t *testing.T) {
	both(t, func(t *testing.T, n, other *testNetwork) {
		var mu sync.Mutex
		tapped, heard := map[uint64]wire.Message{}, map[string]int{}
		other.Wire().Tap(func(m wire.Message) {
			mu.Lock()
			defer mu.Unlock()
			tapped[m.Number] = m
		})
		other.Wire().Observe(func(e wire.Event) {
			mu.Lock()
			defer mu.Unlock()
			if e.Elsewhere {
				heard[e.Kind]++
				isSafe(t, tapped[e.Number])
			}
		})
		other.CatchUp(t.Context())
		if !n.Wire().IsRead() {
			t.Error("nobody looks at messages")
		}
		for range 2 {
			n.getKey("sam", "sofia", 256)
		}
		n.stop("hub/h1")
		n.start("hub/h1") // so that PSRD is sent, too
		n.getKey("sam", "sofia", 256)
		if err := n.WaitIdle(t.Context()); err != nil {
			t.Fatal(err)
		}
		other.CatchUp(t.Context())
		mu.Lock()
		defer mu.Unlock()
		if heard[wire.KindEncryptor] != 3 || heard[wire.KindShare] < 2 || heard[wire.KindPSRD] == 0 {
			t.Errorf("%v", heard)
		}
	})
}

// isSafe checks that a message that another process has reported contains no secrets.
func isSafe(t *testing.T, m wire.Message) {
	body := string(m.Body) + string(m.Response.Body)
	switch wire.KindOf(m.Method, m.Path) {
	case wire.KindShare, wire.KindFetch:
	case wire.KindEncryptor:
		if strings.Count(body, `"key":"(not shown)"`) != 1 || len(m.Handed) != 16 {
			t.Errorf("a key: %.200s", body)
		}
	default:
		if strings.Trim(body, "(notshw) ") != "" {
			t.Errorf("%s %s: %.200s", m.Method, m.Path, body)
		}
	}
}
