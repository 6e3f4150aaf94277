package its

import (
	"crypto/subtle"
	"fmt"
)

// Combine reconstructs a key of keySize bytes from the first threshold shares, in whatever order they
// are, and checks its secret tag. It does not look at further shares. The key belongs to the caller;
// the shares are neither changed nor kept.
//
// Errors: ErrThreshold unless 2 <= threshold <= 254; ErrKeySize unless 1 <= keySize <= 2^30; ErrTooFew
// if there are fewer shares than the threshold; ErrShares if an index repeats or is not in 0..253, or if
// a share does not have ShareSize(keySize) bytes; ErrTag if a share is wrong, was not split with this
// threshold, or belongs to another tag, or if the tag does not have TagSize bytes.
func Combine(threshold, keySize int, secretTag []byte, shares []Share) ([]byte, error) {
	if err := checkCombine(threshold, keySize, secretTag); err != nil {
		return nil, err
	}
	if len(shares) < threshold {
		return nil, fmt.Errorf("%w: %d of %d", ErrTooFew, len(shares), threshold)
	}
	points := shares[:threshold]
	if err := checkPoints(points, keySize); err != nil {
		return nil, err
	}
	vector := through(points).at(secretIndex)
	defer clear(vector)
	if !equal(tagOf(vector), secretTag) {
		return nil, ErrTag
	}
	return keyOf(vector, keySize), nil
}

func checkCombine(threshold, keySize int, secretTag []byte) error {
	if threshold < 2 || threshold > maxShares {
		return fmt.Errorf("%w, not a threshold of %d", ErrThreshold, threshold)
	}
	if len(secretTag) != TagSize {
		return fmt.Errorf("%w: it has %d bytes, not %d", ErrTag, len(secretTag), TagSize)
	}
	return checkKeySize(keySize)
}

// checkPoints returns ErrShares unless one polynomial per coordinate goes through all the points.
func checkPoints(points []Share, keySize int) error {
	var seen [maxShares]bool
	for _, p := range points {
		switch {
		case !wellFormed(p, keySize):
			return fmt.Errorf("%w: index %d with %d bytes", ErrShares, p.Index, len(p.Value))
		case seen[p.Index]:
			return fmt.Errorf("%w: index %d repeats", ErrShares, p.Index)
		}
		seen[p.Index] = true
	}
	return nil
}

// wellFormed says whether a share could be one of some key of keySize bytes.
func wellFormed(s Share, keySize int) bool {
	return s.Index >= 0 && s.Index < maxShares && len(s.Value) == ShareSize(keySize)
}

// equal compares values in constant time, unless their lengths differ.
func equal(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }
