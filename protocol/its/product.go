package its

// factor is an Element prepared for many multiplications: unchanged where the processor has the
// instruction, and otherwise in three parts. The third is for Karatsuba's method, which needs three
// products of halves instead of four.
type factor struct {
	value        Element
	hi, lo, both operand
}

func newFactor(a Element) factor {
	if hasMultiply {
		return factor{value: a}
	}
	return newPortable(a)
}

func newPortable(a Element) factor {
	return factor{a, newOperand(a.hi), newOperand(a.lo), newOperand(a.hi ^ a.lo)}
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
		p.addPortable(f, b)
	}
}

func (p *product) addPortable(f *factor, b Element) {
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
