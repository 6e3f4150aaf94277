//go:build !race

package experiment

import (
	"fmt"
	"math"
	"testing"
	"time"
)

// tail returns the probability that at least k of n are up, each with probability p.
func tail(n, k int, p float64) float64 {
	sum := 0.0
	for i := k; i <= n; i++ {
		choose := 1.0
		for j := range i {
			choose = choose * float64(n-j) / float64(j+1)
		}
		sum += choose * math.Pow(p, float64(i)) * math.Pow(1-p, float64(n-i))
	}
	return sum
}

// Availability is the binomial tail; that of keys that are fetched later is the tail over the hubs
// that have stayed up. Each case has seeds of its own. With the same ones its hubs fail at the same
// times as those of the others, and chance puts all cases on the same side of theory.
func TestTheoryOfAvailability(t *testing.T) {
	const mtbf, mttr, after = 100 * time.Minute, 50 * time.Minute, 10 * time.Minute
	runs, length := 3, "16h"
	if *long {
		runs, length = 20, "400h"
	}
	seed := uint64(11)
	for _, test := range []struct{ n, k int }{{3, 2}, {5, 3}, {9, 5}} {
		for _, fetchAfter := range []time.Duration{0, after} {
			if test.n != 5 && !*long {
				continue
			}
			text := fmt.Sprintf("topology: {hubs: %d, clients: 2, threshold: %d}\nfor: %s\noutages: {hubs: {mtbf: %v, mttr: %v}}\n"+
				"demand: [{between: [sae1, sae2], every: 10m", test.n, test.k, length, mtbf, mttr)
			if fetchAfter > 0 {
				text += fmt.Sprintf(", fetch_after: %v", fetchAfter)
			}
			result := simulate(t, text+"}]\n", Options{Seed: seed, Runs: runs, Jobs: 2})
			seed += uint64(runs)
			up := float64(mtbf) / float64(mtbf+mttr)
			want := tail(test.n, test.k, up*math.Exp(-float64(fetchAfter)/float64(mtbf)))
			got := result.Points[0].over((*Run).Availability)
			t.Logf("n = %d, k = %d, fetched after %v: %.4f in theory, %.4f (%.4f to %.4f)", test.n, test.k, fetchAfter, want, got.Mean, got.Low, got.High)
			if slack := 1.5 * (got.High - got.Mean); math.Abs(got.Mean-want) > slack || slack > 0.5 {
				t.Errorf("n = %d, k = %d, fetched after %v: %.4f ± %.4f, and not %.4f", test.n, test.k, fetchAfter, got.Mean, slack, want)
			}
		}
	}
}
