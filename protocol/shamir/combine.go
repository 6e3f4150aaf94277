package shamir

import "fmt"

// Combine reconstructs a secret from the first threshold shares, in any order, and checks its
// digest. It ignores further shares. The secret belongs to the caller; the shares are neither
// changed nor kept.
//
// Errors: ErrThreshold unless 2 <= threshold <= 254; ErrTooFew if there are fewer shares than
// that; ErrShares if an index repeats or is not in 0..253, or if the lengths differ or are below
// 4 bytes; ErrDigest if a share is wrong or was not split with this threshold.
func Combine(threshold int, shares []Share) ([]byte, error) {
	if err := checkThreshold(threshold); err != nil {
		return nil, err
	}
	if len(shares) < threshold {
		return nil, fmt.Errorf("%w: %d of %d", ErrTooFew, len(shares), threshold)
	}
	points := shares[:threshold]
	if err := checkPoints(points); err != nil {
		return nil, err
	}
	digest := evaluate(points, digestX)
	defer clear(digest)
	secret := evaluate(points, secretX)
	if !digestMatches(digest, secret) {
		clear(secret)
		return nil, ErrDigest
	}
	return secret, nil
}

func checkThreshold(threshold int) error {
	if threshold < 2 || threshold > maxShares {
		return fmt.Errorf("%w, not a threshold of %d", ErrThreshold, threshold)
	}
	return nil
}

// checkPoints returns ErrShares unless one polynomial per byte goes through all the points.
func checkPoints(points []Share) error {
	var seen [maxShares]bool
	for _, p := range points {
		switch {
		case !wellFormed(p):
			return fmt.Errorf("%w: index %d with %d bytes", ErrShares, p.Index, len(p.Value))
		case seen[p.Index]:
			return fmt.Errorf("%w: index %d repeats", ErrShares, p.Index)
		case len(p.Value) != len(points[0].Value):
			return fmt.Errorf("%w: lengths of %d and %d bytes", ErrShares, len(points[0].Value), len(p.Value))
		}
		seen[p.Index] = true
	}
	return nil
}

// wellFormed reports whether a share could be one of some secret.
func wellFormed(s Share) bool {
	return s.Index >= 0 && s.Index < maxShares && len(s.Value) >= minSecret
}
