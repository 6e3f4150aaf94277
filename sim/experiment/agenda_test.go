package experiment

import (
	"slices"
	"testing"
	"time"

	"dske/sim/topology"
)

// Who wants a key next is who has the earliest time; each pair wants as many as it would alone.
func TestAgenda(t *testing.T) {
	network, err := topology.Generate(topology.Sizes{Hubs: 3, Clients: 40})
	if err != nil {
		t.Fatal(err)
	}
	d := &Demand{Random: 50, Every: time.Minute, Arrivals: Poisson}
	wanted := map[pair][]time.Duration{}
	var last time.Duration
	for a := newAgenda(d, network, 1, 0); a[0].at < time.Hour; {
		at := a[0].at
		p := a.next()
		if at < last {
			t.Fatalf("%v comes after %v", at, last)
		}
		last = at
		wanted[p] = append(wanted[p], at)
	}
	for _, p := range d.pairs(network, 1, 0) {
		var alone []time.Duration
		wait := d.arrivals(stream(1, "demand", 0, p.String()))
		for at := wait(); at < time.Hour; at += wait() {
			alone = append(alone, at)
		}
		if !slices.Equal(wanted[p], alone) {
			t.Errorf("%v wants keys after %v, want %v", p, wanted[p], alone)
		}
	}
}
