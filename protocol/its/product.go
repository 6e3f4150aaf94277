package its

// factor is an Element prepared for many multiplications.
type factor struct {
	value Element
	parts *parts // nil where the processor has the instruction
}

func newFactor(a Element) factor {
	if hasMultiply {
		return factor{value: a}
	}
	parts := newParts(a)
	return factor{a, &parts}
}

// parts are an Element in three parts. The third is for Karatsuba's method, which needs three
// products of halves instead of four.
type parts struct{ hi, lo, both operand }

func newParts(a Element) parts {
	return parts{newOperand(a.hi), newOperand(a.lo), newOperand(a.hi ^ a.lo)}
}

// mul returns f·b.
func (f *factor) mul(b Element) Element {
	var p product
	p.add(f, b)
	return p.reduce()
}

// product is a sum of products before the reduction: a polynomial of degree below 255, the word
// with the lowest coefficients first.
type product [4]uint64

// add adds f·b.
func (p *product) add(f *factor, b Element) {
	if hasMultiply {
		multiply(p, &f.value, &b, 1)
	} else {
		p.addPortable(f.parts, b)
	}
}

// addPortable is add without the instruction.
func (p *product) addPortable(f *parts, b Element) {
	hh, hl := carryless(&f.hi, b.hi)
	lh, ll := carryless(&f.lo, b.lo)
	mh, ml := carryless(&f.both, b.hi^b.lo)
	p[0] ^= ll
	p[1] ^= lh ^ ml ^ hl ^ ll
	p[2] ^= hl ^ mh ^ hh ^ lh
	p[3] ^= hh
}

// reduce returns p modulo x^128+x^7+x^2+x+1. A word times x^128 is that word times x^7+x^2+x+1, so
// p[3] goes to p[1] and p[2], and then p[2] to the lowest two.
func (p *product) reduce() Element {
	top := p[3]
	hi := p[1] ^ top ^ top<<1 ^ top<<2 ^ top<<7
	top = p[2] ^ top>>63 ^ top>>62 ^ top>>57
	lo := p[0] ^ top ^ top<<1 ^ top<<2 ^ top<<7
	return Element{hi ^ top>>63 ^ top>>62 ^ top>>57, lo}
}
