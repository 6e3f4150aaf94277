package shamir

import "encoding/binary"

// The field is GF(2^8) modulo x^8+x^4+x^3+x+1 (0x11b), the one of AES (FIPS 197, section 4).
// Addition and subtraction are XOR.

const (
	highBits = 0x8080808080808080 // the coefficient of x^7 in each of eight elements
	reducer  = 0x1b1b1b1b1b1b1b1b // x^8 modulo the polynomial, eight times
)

// double multiplies every byte of v by x, in place.
func double(v []byte) {
	whole := len(v) &^ 7
	for i := 0; i < whole; i += 8 {
		word := v[i : i+8 : i+8]
		binary.LittleEndian.PutUint64(word, doubleWord(binary.LittleEndian.Uint64(word)))
	}
	var tail [8]byte
	copy(tail[:], v[whole:])
	binary.LittleEndian.PutUint64(tail[:], doubleWord(binary.LittleEndian.Uint64(tail[:])))
	copy(v[whole:], tail[:])
}

// doubleWord multiplies eight packed elements by x.
func doubleWord(w uint64) uint64 {
	high := w & highBits
	// 0x80 - 0x01 = 0x7f: a mask for the reducer wherever a bit is about to be shifted out.
	overflow := high - high>>7
	return (w^high)<<1 ^ overflow&reducer
}

// multiply returns a times b. Like divide, it is only for x-coordinates, never for secrets: the
// time of a table look-up may disclose the index.
func multiply(a, b byte) byte {
	if a == 0 || b == 0 {
		return 0
	}
	return powers[(int(logs[a])+int(logs[b]))%255]
}

// divide returns a divided by b, which is not 0.
func divide(a, b byte) byte {
	if a == 0 {
		return 0
	}
	return powers[(int(logs[a])+255-int(logs[b]))%255]
}

// powers holds the powers of x+1, which are all elements except 0; logs holds their exponents,
// 0..254.
var powers, logs = tables()

func tables() (powers [255]byte, logs [256]byte) {
	power := byte(1)
	for exponent := range powers {
		powers[exponent] = power
		logs[power] = byte(exponent)
		power ^= byte(doubleWord(uint64(power)))
	}
	return powers, logs
}
