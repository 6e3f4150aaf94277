package its

import (
	"math/rand/v2"
	"testing"
)

// Checks the bound of the package comment on a wrong key, by trying everything in small fields: for
// every key, known to the adversary, and every shift of the shared vector, at most m+1 of |F|
// choices of C and E let the shifted vector pass, and for some shift that changes the key exactly
// that many do.
func TestWrongKeyBoundIsMetAndNeverExceeded(t *testing.T) {
	for _, c := range []struct {
		name   string
		f      field[int]
		blocks int
	}{{"4, one block", gf4, 1}, {"4, two blocks", gf4, 2}, {"8, one block", gf8, 1}, {"8, two blocks", gf8, 2}} {
		t.Run(c.name, func(t *testing.T) {
			q := 1 << c.f.bits
			keys := 1
			for range c.blocks {
				keys *= q
			}
			most, mostWrong := 0, 0
			table := tags(c.f, c.blocks, keys)
			for key := range keys {
				for shift := range q * q * keys {
					dC, dE, dKey := shift%q, shift/q%q, shift/q/q
					for dD, passing := range passingByShiftOfD(table, q, key, dC, dE, dKey) {
						if dC|dD|dE|dKey != 0 {
							most = max(most, passing)
						}
						if dKey != 0 {
							mostWrong = max(mostWrong, passing)
						}
					}
				}
			}
			// Of q·q pairs of C and E.
			if want := (c.blocks + 1) * q; most != want || mostWrong != want {
				t.Errorf("at most %d pass, %d of them with a wrong key, want %d", most, mostWrong, want)
			}
		})
	}
}

// tags returns the secret tags with D = 0, by C, E and key.
func tags(f field[int], blocks, keys int) []int {
	q := 1 << f.bits
	var table []int
	for c := range q {
		for e := range q {
			for key := range keys {
				table = append(table, f.tag(c, 0, e, digits(key, q, blocks)))
			}
		}
	}
	return table
}

// passingByShiftOfD counts the pairs of C and E for which a shift keeps the tag, for each shift of
// D. The value of D does not matter: it is the same in both tags.
func passingByShiftOfD(table []int, q, key, dC, dE, dKey int) [8]int {
	keys := len(table) / q / q
	var passing [8]int
	for c := range q {
		for e := range q {
			before := table[(c*q+e)*keys+key]
			after := table[((c^dC)*q+(e^dE))*keys+(key^dKey)]
			passing[before^after]++
		}
	}
	return passing
}

// digits writes a number to base q, the lowest digit first.
func digits(number, q, count int) []int {
	list := make([]int, count)
	for i := range list {
		list[i] = number % q
		number /= q
	}
	return list
}

// shiftedKey is the forgery that the term C·E prevents: if C is shifted by the root of S_2/S_4, and
// D and S by these values, the tag without C·E remains the same polynomial in C.
func shiftedKey[E comparable](f field[E], s []E) (dC, dD E, wrong []E) {
	dC = f.root(f.divide(s[1], s[3]))
	wrong = []E{f.add(s[0], f.mul(dC, s[1])), s[1], f.add(s[2], f.mul(dC, s[3])), s[3]}
	var zero E
	return dC, f.weakTag(dC, zero, wrong), wrong
}

// A tag without C·E is forged with certainty by anybody who knows a key of four blocks.
func TestTagWithoutCEIsForged(t *testing.T) {
	for key := range 8 * 8 * 8 * 8 {
		s := digits(key, 8, 4)
		if s[1] == 0 || s[3] == 0 {
			continue
		}
		dC, dD, wrong := shiftedKey(gf8, s)
		if wrong[2] == s[2] {
			t.Fatalf("key %v is not changed", s)
		}
		strong := 0
		for c := range 8 {
			for d := range 8 {
				if gf8.weakTag(c^dC, d^dD, wrong) != gf8.weakTag(c, d, s) {
					t.Fatalf("key %v: %v does not pass for C = %d, D = %d", s, wrong, c, d)
				}
			}
			for e := range 8 {
				if gf8.tag(c^dC, dD, e, wrong) == gf8.tag(c, 0, e, s) {
					strong++
				}
			}
		}
		if strong != 8 {
			t.Fatalf("key %v: with C·E, %v passes for %d of 64 choices, want 8", s, wrong, strong)
		}
	}
}

// The same in the field of the suite, with a key of 64 bytes.
func TestTagWithoutCEIsForgedInTheLargeField(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	draw := func() Element { return Element{random.Uint64(), random.Uint64()} }
	f := bigField
	f.mul = Element.Mul
	for range 100 {
		s := []Element{draw(), draw(), draw(), draw()}
		c, d, e := draw(), draw(), draw()
		dC, dD, wrong := shiftedKey(f, s)
		if f.weakTag(c.Add(dC), d.Add(dD), wrong) != f.weakTag(c, d, s) {
			t.Error("the wrong key does not pass without C·E")
		}
		if f.tag(c.Add(dC), d.Add(dD), e, wrong) == f.tag(c, d, e, s) {
			t.Error("the wrong key passes with C·E")
		}
	}
}
