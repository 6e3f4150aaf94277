package its

import (
	"bytes"
	"fmt"
)

// FromPads takes a key out of pre-shared random data, without any random generator. The pads are those
// of the first threshold hubs, in the order of their indices, of ShareSize(keySize) bytes each. They
// are the shares of these hubs; the key of keySize bytes and the shares of the others follow.
// Everything it returns belongs to the caller; the pads are neither changed nor kept.
//
// If keySize is no multiple of 16, the bytes that would be padding are random here instead of zero.
// They are part of the shared vector and of what the secret tag covers all the same, so [Combine] and
// [Recover] expect no padding.
//
// Errors: ErrThreshold unless 2 <= threshold <= n <= 254, ErrKeySize unless 1 <= keySize <= 2^30,
// ErrShares if there are not threshold pads of the right length.
func FromPads(pads [][]byte, keySize, threshold, n int) (key []byte, shares []Share, secretTag []byte, err error) {
	if err := checkSplit(keySize, threshold, n); err != nil {
		return nil, nil, nil, err
	}
	if len(pads) != threshold {
		return nil, nil, nil, fmt.Errorf("%w: %d pads for a threshold of %d", ErrShares, len(pads), threshold)
	}
	for i, pad := range pads {
		if len(pad) != ShareSize(keySize) {
			return nil, nil, nil, fmt.Errorf("%w: pad %d has %d bytes, not %d", ErrShares, i, len(pad), ShareSize(keySize))
		}
		shares = append(shares, Share{i, bytes.Clone(pad)})
	}
	f := through(shares)
	vector := f.at(secretIndex)
	defer clear(vector)
	return keyOf(vector, keySize), append(shares, f.between(threshold, n)...), tagOf(vector), nil
}
