package its

import "math/big"

// The reference model: the formulas of the package comment, over any field, with no code in common
// with the code under test. The known answers check it in the field with 2^128 elements; the
// experiments use it in fields small enough to try everything.

// field has 2^bits elements.
type field[E comparable] struct {
	bits     int
	mul, add func(a, b E) E
	one      E
}

// power returns a^n, n >= 0.
func (f field[E]) power(a E, n int) E {
	result := f.one
	for range n {
		result = f.mul(result, a)
	}
	return result
}

// root returns the square root; squaring bits times is the identity.
func (f field[E]) root(a E) E {
	for range f.bits - 1 {
		a = f.mul(a, a)
	}
	return a
}

// divide returns a/b, b not 0: a times the product of b^2, b^4, b^8 and so on.
func (f field[E]) divide(a, b E) E {
	for range f.bits - 1 {
		b = f.mul(b, b)
		a = f.mul(a, b)
	}
	return a
}

// tag returns D + C·E + sum of C^(j+1)·S_j.
func (f field[E]) tag(c, d, e E, s []E) E {
	return f.add(f.mul(c, e), f.weakTag(c, d, s))
}

// weakTag is like tag, without the term C·E.
func (f field[E]) weakTag(c, d E, s []E) E {
	sum := d
	for i, block := range s {
		sum = f.add(sum, f.mul(f.power(c, i+2), block))
	}
	return sum
}

// mac returns d + sum of c^(s-j+1)·M_j.
func (f field[E]) mac(c, d E, blocks []E) E {
	sum := d
	for i, block := range blocks {
		sum = f.add(sum, f.mul(f.power(c, len(blocks)-i), block))
	}
	return sum
}

// evaluate returns the polynomial with these coefficients, the constant one first, at x.
func (f field[E]) evaluate(coefficients []E, x E) E {
	sum := coefficients[0]
	for i, a := range coefficients[1:] {
		sum = f.add(sum, f.mul(a, f.power(x, i+1)))
	}
	return sum
}

// smallField returns the field with 2^bits elements modulo an irreducible polynomial.
func smallField(bits, polynomial int) field[int] {
	return field[int]{bits, func(a, b int) int {
		product := 0
		for bit := range bits {
			product ^= a << bit * (b >> bit & 1)
		}
		for bit := 2*bits - 2; bit >= bits; bit-- {
			product ^= polynomial << (bit - bits) * (product >> bit & 1)
		}
		return product
	}, func(a, b int) int { return a ^ b }, 1}
}

var (
	gf4 = smallField(2, 0b111)
	gf8 = smallField(3, 0b1011)
)

// bigField is the field of the suite, with modelMul.
var bigField = field[Element]{128, modelMul, Element.Add, Element{lo: 1}}

// modelMul multiplies as on paper: the product of polynomials, then long division.
func modelMul(a, b Element) Element {
	polynomial := new(big.Int).SetBit(big.NewInt(0x87), 128, 1)
	x, y, product := toInt(a), toInt(b), new(big.Int)
	for bit := range 128 {
		if y.Bit(bit) == 1 {
			product.Xor(product, new(big.Int).Lsh(x, uint(bit)))
		}
	}
	for bit := 254; bit >= 128; bit-- {
		if product.Bit(bit) == 1 {
			product.Xor(product, new(big.Int).Lsh(polynomial, uint(bit-128)))
		}
	}
	return NewElement([16]byte(product.FillBytes(make([]byte, 16))))
}

func toInt(a Element) *big.Int {
	b := a.Bytes()
	return new(big.Int).SetBytes(b[:])
}

// elements cuts data, padded with zero bytes, into elements.
func elements(data []byte) []Element {
	var list []Element
	for len(data) > 0 {
		var b [16]byte
		data = data[copy(b[:], data):]
		list = append(list, NewElement(b))
	}
	return list
}
