package its

import "math/bits"

// Carry-less multiplication, the product of polynomials over GF(2), by integer multiplication. If
// only every fourth bit of the factors may be set, each coefficient of the integer product has four
// bits of room, and its lowest bit is the coefficient over GF(2). So each factor is divided into
// four classes of bits by position modulo 4, and the classes are multiplied with each other. (The
// idea is from BearSSL, https://www.bearssl.org/constanttime.html.)
//
// Sixteen bits in each class would make a coefficient of sixteen, which is one too many. So the
// lowest four bits of one factor are left out and handled by shifts.
//
// This is for processors without [multiply]. Go gives no safe access to the instructions for
// carry-less multiplication: to PCLMULQDQ only as an experiment that the Go 1 promise does not
// cover (package simd/archsimd), to PMULL not at all. The GHASH inside crypto/cipher is of no use
// either: its key is what AES makes of zeros and cannot be chosen or, with another block cipher,
// GHASH looks up tables by secret indices.

const (
	class0 = 0x1111111111111111
	class1 = class0 << 1
	class2 = class0 << 2
	class3 = class0 << 3
)

// operand is one factor, divided into classes.
type operand struct {
	classes [4]uint64 // bits 4..63, by position modulo 4
	low     [4]uint64 // bits 0..3, each as a mask: all bits set, or none
}

func newOperand(a uint64) (o operand) {
	for i := range 4 {
		o.classes[i] = a &^ 15 & (class0 << i)
		o.low[i] = -(a >> i & 1)
	}
	return o
}

// carryless returns the 127-bit product of a and b. bits.Mul64 is documented to take the same time
// for all inputs.
func carryless(a *operand, b uint64) (hi, lo uint64) {
	a0, a1, a2, a3 := a.classes[0], a.classes[1], a.classes[2], a.classes[3]
	b0, b1, b2, b3 := b&class0, b&class1, b&class2, b&class3
	h0, l0 := sum(a0, b0, a1, b3, a2, b2, a3, b1)
	h1, l1 := sum(a0, b1, a1, b0, a2, b3, a3, b2)
	h2, l2 := sum(a0, b2, a1, b1, a2, b0, a3, b3)
	h3, l3 := sum(a0, b3, a1, b2, a2, b1, a3, b0)
	hi = h0&class0 | h1&class1 | h2&class2 | h3&class3
	lo = l0&class0 | l1&class1 | l2&class2 | l3&class3
	hi ^= b>>63&a.low[1] ^ b>>62&a.low[2] ^ b>>61&a.low[3]
	lo ^= b&a.low[0] ^ b<<1&a.low[1] ^ b<<2&a.low[2] ^ b<<3&a.low[3]
	return hi, lo
}

// sum returns ab ^ cd ^ ef ^ gh, where ab and so on are integer products.
func sum(a, b, c, d, e, f, g, h uint64) (hi, lo uint64) {
	h0, l0 := bits.Mul64(a, b)
	h1, l1 := bits.Mul64(c, d)
	h2, l2 := bits.Mul64(e, f)
	h3, l3 := bits.Mul64(g, h)
	return h0 ^ h1 ^ h2 ^ h3, l0 ^ l1 ^ l2 ^ l3
}
