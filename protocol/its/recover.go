package its

import (
	"fmt"
	"iter"
	"slices"

	"dske/protocol/shamir"
)

// MaxSubsets bounds the sets of shares that one call of Recover tries.
const MaxSubsets = 5000

// Recover is [Combine] for when some shares may be lies: it tries sets of threshold shares until the
// secret tag matches. It returns the key and the indices, ascending and each once, of the shares at odds
// with it. With n shares, of which n-threshold or threshold-1 are lies, whichever is less, it finds
// the key unless MaxSubsets cuts it short. The key belongs to the caller; the shares are neither changed
// nor kept.
//
// All shares belong to the same key ID, key size, threshold and secret tag; to see to that is up to the
// caller. They are listed in the order of their arrival. Somebody who gathers them calls Recover with
// the whole list whenever another one has come, so sets without the newest share have mostly been tried
// before: those that include the last share of the list come first. See [shamir.NewestFirst] for the rest of
// the order, which finds t liars within about threshold+t over t sets.
//
// No share can spoil the others:
//   - One with an index outside 0..253 or of another length than ShareSize(keySize) is never used.
//   - A repetition of a share (same index, same value) counts as one share.
//   - Of shares with the same index but different values at most one is true. Each is tried in its
//     turn, never together.
//
// At odds are all shares that are not on the polynomials that were found, malformed ones included.
// An index that came with several values is therefore at odds even if one of them is true.
//
// Errors: ErrThreshold and ErrKeySize as Combine; ErrTooFew if there are not threshold different indices
// with the right length, which more shares can mend; ErrTag if no set of shares matched, or none within
// MaxSubsets, which the message tells. It costs as much time as that many calls of Combine at worst.
func Recover(threshold, keySize int, secretTag []byte, shares []Share) (key []byte, atOdds []int, err error) {
	if err := checkCombine(threshold, keySize, secretTag); err != nil {
		return nil, nil, err
	}
	tried := 0
	for points := range candidates(threshold, usable(shares, keySize)) {
		if tried == MaxSubsets {
			return nil, nil, fmt.Errorf("%w: gave up after %d sets of %d shares", ErrTag, tried, threshold)
		}
		tried++
		// Repeated indices are the only other error here, and just as much a reason to go on.
		if key, err := Combine(threshold, keySize, secretTag, points); err == nil {
			return key, liars(points, shares), nil
		}
	}
	if tried == 0 {
		return nil, nil, fmt.Errorf("%w of %d", ErrTooFew, threshold)
	}
	return nil, nil, fmt.Errorf("%w: tried all %d sets of %d shares", ErrTag, tried, threshold)
}

// usable returns the well-formed shares without repetitions, in their order.
func usable(shares []Share, keySize int) []Share {
	var kept []Share
	for _, s := range shares {
		same := func(t Share) bool { return t.Index == s.Index && equal(t.Value, s.Value) }
		if wellFormed(s, keySize) && !slices.ContainsFunc(kept, same) {
			kept = append(kept, s)
		}
	}
	return kept
}

// candidates yields the sets of threshold shares worth trying, in the order in which to try them.
// Indices may repeat within a set. The next set overwrites the slice.
func candidates(threshold int, shares []Share) iter.Seq[[]Share] {
	return func(yield func([]Share) bool) {
		if distinctIndices(shares) < threshold {
			return
		}
		points := make([]Share, threshold)
		for chosen := range shamir.NewestFirst(len(shares), threshold) {
			for i, c := range chosen {
				points[i] = shares[c]
			}
			if !yield(points) {
				return
			}
		}
	}
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
	f := through(points)
	var indices []int
	for _, s := range shares {
		if !f.contain(s) {
			indices = append(indices, s.Index)
		}
	}
	slices.Sort(indices)
	return slices.Compact(indices)
}

func (f polynomials) contain(s Share) bool {
	if s.Index < 0 || s.Index >= maxShares || len(s.Value) != len(f.points[0].Value) {
		return false
	}
	value := f.at(s.Index)
	defer clear(value)
	return equal(value, s.Value)
}
