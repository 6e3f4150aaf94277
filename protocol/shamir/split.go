package shamir

import (
	"fmt"
	"io"
)

// Split makes n shares of a secret, with indices 0..n-1 in that order, any threshold of which give
// it back. The secret has at least 4 bytes and is neither changed nor kept. The shares belong to
// the caller.
//
// Split reads len(secret)-4 bytes of random for the digest share and then threshold-2 times
// len(secret) bytes, which are the first threshold-2 shares. All secrecy rests on them: random must
// be rand.Reader of crypto/rand unless the outcome has to be reproducible.
//
// Errors: ErrThreshold unless 2 <= threshold <= n <= 254, ErrSecretSize, and the errors of random
// (io.ErrUnexpectedEOF or io.EOF if it ends early), wrapped.
func Split(secret []byte, threshold, n int, random io.Reader) ([]Share, error) {
	if threshold < 2 || threshold > n || n > maxShares {
		return nil, fmt.Errorf("%w, not %d of %d", ErrThreshold, threshold, n)
	}
	if len(secret) < minSecret {
		return nil, fmt.Errorf("%w: it has %d", ErrSecretSize, len(secret))
	}
	digest, err := newDigest(secret, random)
	if err != nil {
		return nil, err
	}
	defer clear(digest)
	shares, err := randomShares(threshold-2, len(secret), random)
	if err != nil {
		return nil, err
	}
	points := append(shares, Share{digestX, digest}, Share{secretX, secret})
	return append(shares[:len(shares):len(shares)], interpolate(points, len(shares), n)...), nil
}

// randomShares returns count shares of size random bytes each, with indices from 0.
func randomShares(count, size int, random io.Reader) ([]Share, error) {
	shares := make([]Share, count)
	for x := range shares {
		shares[x] = Share{x, make([]byte, size)}
		if _, err := io.ReadFull(random, shares[x].Value); err != nil {
			return nil, fmt.Errorf("read randomness: %w", err)
		}
	}
	return shares, nil
}

// interpolate returns the shares with indices from <= x < to of the polynomials through points.
func interpolate(points []Share, from, to int) []Share {
	var shares []Share
	for x := from; x < to; x++ {
		shares = append(shares, Share{x, evaluate(points, x)})
	}
	return shares
}
