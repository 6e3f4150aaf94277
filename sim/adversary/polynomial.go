package adversary

import (
	"dske/protocol"
	"dske/protocol/its"
)

// Shares are values of polynomials. As many as the threshold determine all others. This code
// computes them by textbook formulas, independent of the code of the suites.

// Positions at which the suites place the secret.
const (
	secretPython = 255
	digestPython = 254
	secretITS    = -1 // the element 0, since x is the index and 1
)

// field is the elements of a field.
type field[E any] interface {
	comparable
	Add(E) E
	Mul(E) E
	Inverse() E
}

// weight returns the Lagrange coefficient of the i-th point for the value at a position.
func weight[E field[E]](xs []E, i int, at E) E {
	var numerator, denominator E
	isFirst := true
	for j, x := range xs {
		if j == i {
			continue
		}
		if isFirst {
			numerator, denominator, isFirst = at.Add(x), xs[i].Add(x), false
			continue
		}
		numerator, denominator = numerator.Mul(at.Add(x)), denominator.Mul(xs[i].Add(x))
	}
	return numerator.Mul(denominator.Inverse())
}

// octet is an element of GF(2^8), with the polynomial x^8+x^4+x^3+x+1.
type octet byte

// Add is the sum, which is also the difference.
func (a octet) Add(b octet) octet { return a ^ b }

// Mul is the product.
func (a octet) Mul(b octet) octet {
	var product octet
	for ; b != 0; b >>= 1 {
		if b&1 == 1 {
			product ^= a
		}
		carry := a >> 7
		a = a<<1 ^ carry*0x1b
	}
	return product
}

// Inverse is a^254, so the inverse of 0 is 0.
func (a octet) Inverse() octet {
	inverse := octet(1)
	for range 254 {
		inverse = inverse.Mul(a)
	}
	return inverse
}

// at returns the value at an index of the polynomials through the shares. There must be at least
// two shares.
func at(suite protocol.Suite, shares []protocol.Share, index int) []byte {
	value := make([]byte, shares[0].Value.Size())
	if suite.Name() == protocol.SuitePython {
		xs := make([]octet, len(shares))
		for i, s := range shares {
			xs[i] = octet(s.Index)
		}
		for i, s := range shares {
			w := weight(xs, i, octet(index))
			for b, y := range s.Value.Reveal() {
				value[b] ^= byte(w.Mul(octet(y)))
			}
		}
		return value
	}
	xs := make([]its.Element, len(shares))
	for i, s := range shares {
		xs[i] = coordinate(s.Index)
	}
	for i, s := range shares {
		addTo(value, weight(xs, i, coordinate(index)), s.Value.Reveal())
	}
	return value
}

// coordinate returns the x of an index in suite its.
func coordinate(index int) its.Element {
	var b [its.ElementSize]byte
	b[len(b)-1] = byte(index + 1)
	return its.NewElement(b)
}

// addTo adds w times a vector to another.
func addTo(sum []byte, w its.Element, vector []byte) {
	for b := 0; b < len(sum); b += its.ElementSize {
		y := its.NewElement([its.ElementSize]byte(vector[b:]))
		s := its.NewElement([its.ElementSize]byte(sum[b:])).Add(w.Mul(y)).Bytes()
		copy(sum[b:], s[:])
	}
}
