package experiment

import (
	"cmp"
	"math"
	"slices"
	"time"

	"dske/sim/topology"
)

// agenda is when the pairs of a demand want their next keys. It is a heap: the first is the next,
// and none is later than those at twice its place and one or two beyond.
type agenda []appointment

// appointment is when a pair wants its next key.
type appointment struct {
	at   time.Duration // since the start of the experiment
	pair pair
	wait func() time.Duration // how long it is from one key to the next
}

// newAgenda returns the agenda of a demand, of that number in its file, at the start. It is not
// empty: a demand has pairs.
func newAgenda(d *Demand, t *topology.Topology, seed uint64, number int) agenda {
	var a agenda
	for _, p := range d.pairs(t, seed, number) {
		wait := d.arrivals(stream(seed, "demand", number, p.String()))
		a = append(a, appointment{wait(), p, wait})
	}
	slices.SortFunc(a, func(x, y appointment) int { return cmp.Compare(x.at, y.at) })
	return a
}

// next returns the pair that wants a key next, and notes when it wants another one after that.
func (a agenda) next() pair {
	first := a[0]
	a[0].at += min(first.wait(), math.MaxInt64-first.at)
	for i := 0; ; {
		later := 2*i + 1
		if later+1 < len(a) && a[later+1].at < a[later].at {
			later++
		}
		if later >= len(a) || a[i].at <= a[later].at {
			return first.pair
		}
		a[i], a[later] = a[later], a[i]
		i = later
	}
}
