package shamir

import (
	"crypto/subtle"
	"fmt"
	"iter"
	"slices"
)

// MaxSubsets is the maximum number of sets of shares that one call of Recover tries.
const MaxSubsets = 5000

// Recover is like Combine, for shares of which some may be lies: it tries sets of threshold shares
// until a digest matches. It returns the secret and the indices, ascending and each once, of the
// shares at odds with it. The secret belongs to the caller; the shares are neither changed nor
// kept.
//
// Shares are listed in the order of arrival. A caller that gathers them calls Recover with the
// whole list whenever another share has arrived, so sets without the newest share have mostly been
// tried before. Sets that include the last share of the list therefore come first. See NewestFirst
// for the rest of the order, which finds t liars within about threshold+t over t sets.
//
// No share can prevent the others from being used:
//   - One with an index outside 0..253 or fewer than 4 bytes is never used.
//   - Only shares of the same length are tried together, the length of the newest share first.
//   - A repetition of a share (same index, same value) counts as one share.
//   - Of shares with the same index but different values at most one is true. Each is tried in its
//     turn, never together.
//
// The shares at odds are all those that are not on the polynomials found, including malformed ones.
// So an index that came with several values is at odds even if one of the values is true.
//
// Errors: ErrThreshold unless 2 <= threshold <= 254; ErrTooFew if there are not threshold distinct
// indices with the same length, which more shares can resolve; ErrDigest if no set of shares
// matched, or none within MaxSubsets, which the message says. In the worst case it takes as long as
// MaxSubsets calls of Combine.
func Recover(threshold int, shares []Share) (secret []byte, atOdds []int, err error) {
	if err := checkThreshold(threshold); err != nil {
		return nil, nil, err
	}
	tried := 0
	for points := range candidates(threshold, shares) {
		if tried == MaxSubsets {
			return nil, nil, fmt.Errorf("%w: gave up after %d sets of %d shares", ErrDigest, tried, threshold)
		}
		tried++
		// Repeated indices are the only other error here, and also a reason to continue.
		if secret, err := Combine(threshold, points); err == nil {
			return secret, liars(points, shares), nil
		}
	}
	if tried == 0 {
		return nil, nil, fmt.Errorf("%w of %d", ErrTooFew, threshold)
	}
	return nil, nil, fmt.Errorf("%w: tried all %d sets of %d shares", ErrDigest, tried, threshold)
}

// candidates yields the sets of threshold shares to try, in their order. Indices may repeat within
// a set. The next set overwrites the slice.
func candidates(threshold int, shares []Share) iter.Seq[[]Share] {
	return func(yield func([]Share) bool) {
		points := make([]Share, threshold)
		for _, group := range byLength(usable(shares)) {
			if distinctIndices(group) < threshold {
				continue
			}
			for chosen := range NewestFirst(len(group), threshold) {
				for i, c := range chosen {
					points[i] = group[c]
				}
				if !yield(points) {
					return
				}
			}
		}
	}
}

// usable returns the well-formed shares without repetitions, in their order.
func usable(shares []Share) []Share {
	var kept []Share
	for _, s := range shares {
		same := func(t Share) bool { return t.Index == s.Index && equal(t.Value, s.Value) }
		if wellFormed(s) && !slices.ContainsFunc(kept, same) {
			kept = append(kept, s)
		}
	}
	return kept
}

// byLength sorts shares into groups of the same length, the group of the last share first. Within a
// group they keep their order.
func byLength(shares []Share) [][]Share {
	groups := map[int][]Share{}
	for _, s := range shares {
		groups[len(s.Value)] = append(groups[len(s.Value)], s)
	}
	var ordered [][]Share
	for _, s := range slices.Backward(shares) {
		if group, ok := groups[len(s.Value)]; ok {
			ordered = append(ordered, group)
			delete(groups, len(s.Value))
		}
	}
	return ordered
}

func distinctIndices(shares []Share) int {
	indices := map[int]bool{}
	for _, s := range shares {
		indices[s.Index] = true
	}
	return len(indices)
}

// liars returns the indices of the shares that are not on the polynomials through points.
func liars(points, shares []Share) []int {
	var indices []int
	for _, s := range shares {
		if !onPolynomials(points, s) {
			indices = append(indices, s.Index)
		}
	}
	slices.Sort(indices)
	return slices.Compact(indices)
}

func onPolynomials(points []Share, s Share) bool {
	if !wellFormed(s) || len(s.Value) != len(points[0].Value) {
		return false
	}
	value := evaluate(points, s.Index)
	defer clear(value)
	return equal(value, s.Value)
}

// equal compares values in constant time, unless their lengths differ.
func equal(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }
