package its

import "bytes"

// The shared vector Y = (C, D, E, S_1, …, S_m) is handled as bytes, as in a share.
const (
	offsetD = ElementSize
	offsetE = 2 * ElementSize
	offsetS = 3 * ElementSize
)

// ShareSize returns the number of bytes of a share, and so of a pad, of a key of keySize bytes: 16 for
// each 16 bytes of the key or part of them, and 48. It is 0 for a key that Split would refuse.
func ShareSize(keySize int) int {
	if keySize < 1 || keySize > maxKeySize {
		return 0
	}
	return offsetS + blocks(keySize)*ElementSize
}

// blocks returns how many elements size bytes fill when padded.
func blocks(size int) int {
	return size/ElementSize + (size%ElementSize+ElementSize-1)/ElementSize
}

// tagOf returns o. It is the polynomial with the coefficients D, E, S_1, …, S_m at C.
func tagOf(vector []byte) []byte {
	h := horner{c: newFactor(load(vector))}
	for at := len(vector) - ElementSize; at >= offsetE; at -= ElementSize {
		h.step(load(vector[at:]))
	}
	tag := h.value.Add(load(vector[offsetD:])).Bytes()
	return tag[:]
}

// keyOf returns a copy of the first keySize bytes of S.
func keyOf(vector []byte, keySize int) []byte {
	return bytes.Clone(vector[offsetS : offsetS+keySize])
}
