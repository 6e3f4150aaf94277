package its

import "encoding/binary"

// ElementSize is the number of bytes of a field element.
const ElementSize = 16

// Element is an element of GF(2^128) modulo x^128+x^7+x^2+x+1. The least significant bit is the
// coefficient of x^0. The zero value is the zero of the field. An Element may be a secret: compare
// its bytes with crypto/subtle, and do not print it.
type Element struct {
	hi, lo uint64
}

var one = Element{lo: 1}

// NewElement reads an element, most significant byte first: the bytes 00…01 are the element 1.
func NewElement(b [ElementSize]byte) Element { return load(b[:]) }

// Bytes returns the bytes of a in the form that NewElement reads.
func (a Element) Bytes() (b [ElementSize]byte) {
	store(b[:], a)
	return b
}

// Add returns a+b, which is also a-b.
func (a Element) Add(b Element) Element { return Element{a.hi ^ b.hi, a.lo ^ b.lo} }

// Mul returns a·b, in constant time.
func (a Element) Mul(b Element) Element {
	var p product
	if hasMultiply {
		multiply(&p, &a, &b, 1)
	} else {
		parts := newParts(a)
		p.addPortable(&parts, b)
	}
	return p.reduce()
}

// Inverse returns 1/a, or 0 for 0, in constant time. It is a^(2^128-2), since a^(2^128-1) is 1, and
// 2^128-2 = 2+4+...+2^127.
func (a Element) Inverse() Element {
	power := one
	for range 127 {
		a = a.Mul(a)
		power = power.Mul(a)
	}
	return power
}

// isZero reports whether a is 0, in constant time.
func (a Element) isZero() bool { return a.hi|a.lo == 0 }

// load reads the element at the start of b.
func load(b []byte) Element {
	_ = b[ElementSize-1]
	return Element{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}
}

// store writes a to the start of b.
func store(b []byte, a Element) {
	_ = b[ElementSize-1]
	binary.BigEndian.PutUint64(b, a.hi)
	binary.BigEndian.PutUint64(b[8:], a.lo)
}
