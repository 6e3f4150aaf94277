package its

import (
	"bytes"
	"fmt"
)

// FromPads makes a key from pre-shared random data, without any random generator. The pads, of
// ShareSize(keySize, slaves) bytes each, are the shares of as many hubs as the threshold. They
// determine the key of keySize bytes, a secret tag for each slave and the shares of the other hubs.
// The index of a pad is its hub's number; others are the numbers of the other hubs. The returned
// shares are copies of the pads, followed by the shares of the others, in the given order. The
// results belong to the caller; the pads are neither changed nor kept.
//
// If keySize is not a multiple of 16, the bytes that would be padding are random here instead of
// zero: they are what interpolation makes of the pads. They are still part of the shared vector and
// covered by the secret tag, so code that combines shares must not expect padding.
//
// Errors: ErrThreshold unless there are 2 to 254 pads and no more than 254 hubs, ErrShares if a pad
// has another length or a hub's number repeats or is not in 0..253, ErrSlaves and ErrKeySize as in
// [Split].
func FromPads(pads []Share, others []int, keySize, slaves int) (key []byte, shares []Share, secretTags [][]byte, err error) {
	hubs := make([]int, 0, len(pads)+len(others))
	for _, pad := range pads {
		hubs = append(hubs, pad.Index)
	}
	if err := checkSplit(keySize, len(pads), append(hubs, others...), slaves); err != nil {
		return nil, nil, nil, err
	}
	for _, pad := range pads {
		if len(pad.Value) != ShareSize(keySize, slaves) {
			return nil, nil, nil, fmt.Errorf("%w: a pad of %d bytes, not %d", ErrShares, len(pad.Value), ShareSize(keySize, slaves))
		}
	}
	f := through(pads)
	vector := f.at(secretIndex)
	defer clear(vector)
	for _, pad := range pads {
		shares = append(shares, Share{pad.Index, bytes.Clone(pad.Value)})
	}
	return keyOf(vector, keySize, slaves), append(shares, f.shares(others)...), tagsOf(vector, slaves), nil
}
