package its

import (
	"testing"

	"pgregory.net/rapid"
)

var anyElement = rapid.Custom(func(t *rapid.T) Element {
	return Element{rapid.Uint64().Draw(t, "hi"), rapid.Uint64().Draw(t, "lo")}
})

func TestMulIsTheModels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyElement.Draw(t, "a"), anyElement.Draw(t, "b")
		if got, want := a.Mul(b), modelMul(a, b); got != want {
			t.Fatalf("%x times %x is %x, want %x", a, b, got, want)
		}
	})
}

// A product is linear in either factor, so products of single bits would be enough for a linear
// implementation. The full words test the carries between the bits.
func TestMulOfBitsAndFullWords(t *testing.T) {
	full := ^uint64(0)
	factors := []Element{{full, full}, {0, full}, {full, 0}, {full &^ 15, full &^ 15}, {full >> 4, full >> 4},
		{class0, class0}, {class3, class3}, {class1, class2}}
	for bit := range 64 {
		factors = append(factors, Element{1 << bit, 0}, Element{0, 1 << bit})
	}
	for i, a := range factors {
		for _, b := range factors[:min(i+1, 40)] {
			want := modelMul(a, b)
			if a.Mul(b) != want || b.Mul(a) != want {
				t.Fatalf("%x times %x is %x and %x, want %x", a, b, a.Mul(b), b.Mul(a), want)
			}
			f, p := newParts(a), product{}
			if p.addPortable(&f, b); p.reduce() != want {
				t.Fatalf("%x times %x is %x in portable Go, want %x", a, b, p.reduce(), want)
			}
		}
	}
}

// Every pair of dense and sparse classes: a sum of sixteen, which does not fit into four bits, must
// not occur.
func TestCarrylessOfWholeClasses(t *testing.T) {
	for a := range 16 {
		for b := range 16 {
			x, y := uint64(a)*class0, uint64(b)*class0
			o := newOperand(x)
			hi, lo := carryless(&o, y)
			var wantHi, wantLo uint64
			for bit := range 64 {
				if y>>bit&1 == 1 {
					wantHi ^= x >> (64 - bit)
					wantLo ^= x << bit
				}
			}
			if hi != wantHi || lo != wantLo {
				t.Errorf("%x times %x is %x %x, want %x %x", x, y, hi, lo, wantHi, wantLo)
			}
		}
	}
}

func TestFieldLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := anyElement.Draw(t, "a"), anyElement.Draw(t, "b"), anyElement.Draw(t, "c")
		if a.Mul(b) != b.Mul(a) {
			t.Error("not commutative")
		}
		if a.Mul(b).Mul(c) != a.Mul(b.Mul(c)) {
			t.Error("not associative")
		}
		if a.Add(b).Mul(c) != a.Mul(c).Add(b.Mul(c)) {
			t.Error("not distributive")
		}
		if a.Mul(one) != a || a.Add(a) != (Element{}) || a.Add(Element{}) != a {
			t.Error("wrong neutral elements")
		}
	})
}

func TestInverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := anyElement.Filter(func(a Element) bool { return a != Element{} }).Draw(t, "a")
		if got := modelMul(a, a.Inverse()); got != one {
			t.Fatalf("%x times its inverse is %x", a, got)
		}
	})
	if got := (Element{}).Inverse(); got != (Element{}) {
		t.Errorf("inverse of 0 is %x, want 0", got)
	}
}

func TestInverses(t *testing.T) {
	for i, inverse := range inverses() {
		if i > 0 && modelMul(Element{lo: uint64(i)}, inverse) != one {
			t.Errorf("wrong inverse of %d", i)
		}
	}
}

// The bytes 00…01 are 1, and x times x^127 is x^7+x^2+x+1.
func TestBytesMostSignificantFirst(t *testing.T) {
	if NewElement([16]byte{15: 1}) != one || one.Bytes() != [16]byte{15: 1} {
		t.Error("00…01 is not 1")
	}
	x, top := NewElement([16]byte{15: 2}), NewElement([16]byte{0: 0x80})
	if got := x.Mul(top).Bytes(); got != [16]byte{15: 0x87} {
		t.Errorf("x^128 is %x", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		a := anyElement.Draw(t, "a")
		if NewElement(a.Bytes()) != a {
			t.Errorf("%x does not survive", a)
		}
	})
}

func FuzzMul(f *testing.F) {
	full := ^uint64(0)
	f.Add(full, full, full, full)
	f.Add(uint64(1)<<63, uint64(0), uint64(class0), full&^15)
	f.Fuzz(func(t *testing.T, ah, al, bh, bl uint64) {
		a, b := Element{ah, al}, Element{bh, bl}
		if got, want := a.Mul(b), modelMul(a, b); got != want {
			t.Errorf("%x times %x is %x, want %x", a, b, got, want)
		}
	})
}
