package its

import (
	"bytes"
	"fmt"
)

// The shared vector of one slave, Y = (C, D, E, S_1, …, S_m), is handled as bytes, as in a share.
const (
	offsetD = ElementSize
	offsetE = 2 * ElementSize
	offsetS = 3 * ElementSize
)

// MaxSlaves is the maximum number of slaves of a key.
const MaxSlaves = 32

// ShareSize returns the size in bytes of a share, and so of a pad, of a key of keySize bytes for a
// number of slaves: 16 for each full or partial 16 bytes of the key, and 48 for each slave. It is 0
// for arguments that Split would refuse.
func ShareSize(keySize, slaves int) int {
	if keySize < 1 || keySize > maxKeySize || slaves < 1 || slaves > MaxSlaves {
		return 0
	}
	return slaves*offsetS + blocks(keySize)*ElementSize
}

// blocks returns the number of elements of size bytes after padding.
func blocks(size int) int {
	return size/ElementSize + (size%ElementSize+ElementSize-1)/ElementSize
}

// Pick returns the parts of some of the slaves from value, the value of a share for a number of
// slaves: C, D and E of each chosen slave, in the order of chosen, and then S. A hub is given the
// parts of the slaves whose clients use it, and gives slave j the result of Pick(value, slaves, j).
// Slaves are counted from 0. The result belongs to the caller; value is neither changed nor kept.
//
// Error: ErrShares if value cannot be a share for that number of slaves, or if chosen is empty,
// repeats a slave or names one that does not exist.
func Pick(value []byte, slaves int, chosen ...int) ([]byte, error) {
	if slaves < 1 || slaves > MaxSlaves || len(value) <= slaves*offsetS || len(value)%ElementSize != 0 {
		return nil, fmt.Errorf("%w: %d bytes for %d slaves", ErrShares, len(value), slaves)
	}
	if err := checkChosen(chosen, slaves); err != nil {
		return nil, err
	}
	picked := make([]byte, 0, len(value)-(slaves-len(chosen))*offsetS)
	for _, j := range chosen {
		picked = append(picked, value[j*offsetS:(j+1)*offsetS]...)
	}
	return append(picked, value[slaves*offsetS:]...), nil
}

func checkChosen(chosen []int, slaves int) error {
	var seen [MaxSlaves]bool
	for _, j := range chosen {
		if j < 0 || j >= slaves || seen[j] {
			return fmt.Errorf("%w: slave %d of %d is none or repeats", ErrShares, j, slaves)
		}
		seen[j] = true
	}
	if len(chosen) == 0 {
		return fmt.Errorf("%w: no slave is chosen", ErrShares)
	}
	return nil
}

// tagsOf returns o of each slave, for the shared vector of all of them.
func tagsOf(vector []byte, slaves int) [][]byte {
	tags := make([][]byte, slaves)
	s := vector[slaves*offsetS:]
	for j := range tags {
		triple := vector[j*offsetS:]
		h := horner{c: newFactor(load(triple))}
		h.absorbBackwards(s)
		h.step(load(triple[offsetE:]))
		tag := h.value.Add(load(triple[offsetD:])).Bytes()
		tags[j] = tag[:]
	}
	return tags
}

// keyOf returns a copy of the first keySize bytes of S.
func keyOf(vector []byte, keySize, slaves int) []byte {
	return bytes.Clone(vector[slaves*offsetS:][:keySize])
}
