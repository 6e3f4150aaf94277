package its

import (
	"fmt"
	"io"
	"slices"
)

// Split makes n shares of a key, with indices 0..n-1 in that order, any threshold of which give it back
// together with the secret tag of TagSize bytes, which is public. The key has 1 to 2^30 bytes; it is
// neither changed nor kept, and the shares belong to the caller.
//
// Split reads 48 bytes of random, which are C, D and E, and then threshold-1 times ShareSize(len(key))
// bytes, which are the first threshold-1 shares. All secrecy rests on them: random is rand.Reader of
// crypto/rand unless the outcome has to be reproducible.
//
// Errors: ErrThreshold unless 2 <= threshold <= n <= 254, ErrKeySize, and whatever random returns
// (io.ErrUnexpectedEOF or io.EOF if it ends early), wrapped.
func Split(key []byte, threshold, n int, random io.Reader) (shares []Share, secretTag []byte, err error) {
	if err := checkSplit(len(key), threshold, n); err != nil {
		return nil, nil, err
	}
	vector, err := newVector(key, random)
	if err != nil {
		return nil, nil, err
	}
	defer clear(vector)
	shares, err = randomShares(threshold-1, len(vector), random)
	if err != nil {
		return nil, nil, err
	}
	f := through(append(slices.Clone(shares), Share{secretIndex, vector}))
	return append(shares, f.between(threshold-1, n)...), tagOf(vector), nil
}

func checkSplit(keySize, threshold, n int) error {
	if threshold < 2 || threshold > n || n > maxShares {
		return fmt.Errorf("%w, not %d of %d", ErrThreshold, threshold, n)
	}
	return checkKeySize(keySize)
}

func checkKeySize(size int) error {
	if ShareSize(size) == 0 {
		return fmt.Errorf("%w, not %d", ErrKeySize, size)
	}
	return nil
}

// newVector returns Y for a key, with C, D and E from random.
func newVector(key []byte, random io.Reader) ([]byte, error) {
	vector := make([]byte, ShareSize(len(key)))
	if err := read(vector[:offsetS], random); err != nil {
		return nil, err
	}
	copy(vector[offsetS:], key)
	return vector, nil
}

// randomShares returns count shares of size random bytes each, with indices from 0.
func randomShares(count, size int, random io.Reader) ([]Share, error) {
	shares := make([]Share, count)
	for i := range shares {
		shares[i] = Share{i, make([]byte, size)}
		if err := read(shares[i].Value, random); err != nil {
			return nil, err
		}
	}
	return shares, nil
}

func read(b []byte, random io.Reader) error {
	if _, err := io.ReadFull(random, b); err != nil {
		return fmt.Errorf("read randomness: %w", err)
	}
	return nil
}
