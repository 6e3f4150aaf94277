package its

import (
	"fmt"
	"io"
	"slices"
)

// Split makes shares of a key for hubs with these numbers, in that order. For each of the slaves,
// any threshold of the shares give the key back, together with that slave's secret tag. The tags,
// in the order of the slaves and of TagSize bytes each, are public. The key has 1 to 2^30 bytes and
// is neither changed nor kept. The results belong to the caller. A share is for all slaves, see
// [Pick].
//
// Split reads 48 bytes of random for each slave, which are its C, D and E, and then threshold-1
// times ShareSize(len(key), slaves) bytes, which are the first threshold-1 shares. All secrecy
// rests on them: random must be rand.Reader of crypto/rand unless the outcome has to be
// reproducible.
//
// Errors: ErrThreshold unless 2 <= threshold <= number of hubs <= 254, ErrShares if a hub's number
// repeats or is not in 0..253, ErrSlaves unless there are 1 to MaxSlaves, ErrKeySize, and the
// errors of random (io.ErrUnexpectedEOF or io.EOF if it ends early), wrapped.
func Split(key []byte, threshold int, hubs []int, slaves int, random io.Reader) (shares []Share, secretTags [][]byte, err error) {
	if err := checkSplit(len(key), threshold, hubs, slaves); err != nil {
		return nil, nil, err
	}
	vector, err := newVector(key, slaves, random)
	defer clear(vector)
	if err != nil {
		return nil, nil, err
	}
	shares, err = randomShares(hubs[:threshold-1], len(vector), random)
	if err != nil {
		return nil, nil, err
	}
	f := through(append(slices.Clone(shares), Share{secretIndex, vector}))
	return append(shares, f.shares(hubs[threshold-1:])...), tagsOf(vector, slaves), nil
}

func checkSplit(keySize, threshold int, hubs []int, slaves int) error {
	if threshold < 2 || threshold > len(hubs) || len(hubs) > maxShares {
		return fmt.Errorf("%w, not %d of %d", ErrThreshold, threshold, len(hubs))
	}
	if slaves < 1 || slaves > MaxSlaves {
		return fmt.Errorf("%w, not %d", ErrSlaves, slaves)
	}
	if ShareSize(keySize, slaves) == 0 {
		return fmt.Errorf("%w, not %d", ErrKeySize, keySize)
	}
	return checkIndices(hubs)
}

// checkIndices returns ErrShares unless all indices are in 0..253 and distinct.
func checkIndices(indices []int) error {
	var seen [maxShares]bool
	for _, i := range indices {
		switch {
		case i < 0 || i >= maxShares:
			return fmt.Errorf("%w: index %d is not in 0..%d", ErrShares, i, maxShares-1)
		case seen[i]:
			return fmt.Errorf("%w: index %d repeats", ErrShares, i)
		}
		seen[i] = true
	}
	return nil
}

// newVector returns the shared vector of a key for all slaves, with C, D and E of each from random.
// The caller must clear the vector even if there is an error.
func newVector(key []byte, slaves int, random io.Reader) ([]byte, error) {
	vector := make([]byte, ShareSize(len(key), slaves))
	copy(vector[slaves*offsetS:], key)
	return vector, read(vector[:slaves*offsetS], random)
}

// randomShares returns shares of size random bytes each.
func randomShares(indices []int, size int, random io.Reader) ([]Share, error) {
	shares := make([]Share, len(indices))
	for i, index := range indices {
		shares[i] = Share{index, make([]byte, size)}
		if err := read(shares[i].Value, random); err != nil {
			clearShares(shares[:i+1])
			return nil, err
		}
	}
	return shares, nil
}

func clearShares(shares []Share) {
	for _, s := range shares {
		clear(s.Value)
	}
}

func read(b []byte, random io.Reader) error {
	if _, err := io.ReadFull(random, b); err != nil {
		return fmt.Errorf("read randomness: %w", err)
	}
	return nil
}
