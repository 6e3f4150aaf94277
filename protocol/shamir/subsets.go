package shamir

import (
	"iter"
	"math"
)

// newestSets is how many sets with the newest share are tried before those without it. It leaves
// the rest of MaxSubsets for the case that the newest share is a lie and the other sets have not
// been tried before.
const newestSets = 4000

// NewestFirst yields the k-subsets of 0..n-1, 2 <= k <= n, in an order that suits Recover, in this
// package and in others that search for shares that agree: first those with n-1, but at most
// newestSets of them, then those without it, then the rest. Each part is in the order of subsets.
// The next subset may overwrite the slice.
func NewestFirst(n, k int) iter.Seq[[]int] {
	return func(yield func([]int) bool) {
		with := func(from, to int) bool {
			at := 0
			for others := range subsets(n-1, k-1) {
				if at == to {
					break
				}
				if at >= from && !yield(append(others, n-1)) {
					return false
				}
				at++
			}
			return true
		}
		without := func() bool {
			for chosen := range subsets(n-1, k) {
				if !yield(chosen) {
					return false
				}
			}
			return true
		}
		_ = with(0, newestSets) && without() && with(newestSets, math.MaxInt)
	}
}

// subsets yields the k-subsets of 0..n-1, k > 0, each ascending, in colexicographic order: all
// subsets of 0..m before any with m+1. If t of the elements are wrong, the first k+t contain a
// subset without them, so that subset is among the first (k+t over t). The next subset overwrites
// the slice. (Knuth, The Art of Computer Programming 4A, 7.2.1.3, algorithm L.)
func subsets(n, k int) iter.Seq[[]int] {
	return func(yield func([]int) bool) {
		if k > n {
			return
		}
		chosen := make([]int, k)
		for i := range chosen {
			chosen[i] = i
		}
		for yield(chosen) {
			i := 0
			for i < k-1 && chosen[i]+1 == chosen[i+1] {
				chosen[i] = i
				i++
			}
			chosen[i]++
			if chosen[i] == n {
				return
			}
		}
	}
}
