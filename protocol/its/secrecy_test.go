//go:build !race

package its

import "testing"

// Perfect secrecy, by trying everything in small fields: for every key of one block, every C, D and
// E and all coefficients of the polynomials, each view of k-1 hubs, including the secret tag,
// occurs equally often. So no view makes a key likelier than another.
func TestSecrecyOfSharesAndTag(t *testing.T) {
	for _, c := range []struct {
		name string
		f    field[int]
		hubs []int // the dishonest ones, one less than the threshold
	}{
		{"4 elements, hub 0 of threshold 2", gf4, []int{0}},
		{"4 elements, hub 2 of threshold 2", gf4, []int{2}},
		{"4 elements, hubs 0 and 2 of threshold 3", gf4, []int{0, 2}},
		{"8 elements, hub 6 of threshold 2", gf8, []int{6}},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := 1 << c.f.bits
			seen := countViews(c.f, sharesOf(c.f, c.hubs))
			for i, count := range seen {
				if count != seen[0] {
					t.Fatalf("key %d and view %d occur %d times together, others %d", i%q, i/q, count, seen[0])
				}
			}
			if seen[0] == 0 {
				t.Error("nothing was counted")
			}
		})
	}
}

// sharesOf returns the hubs' shares of one coordinate, as a number: by the coordinate's value, for
// every choice of the other coefficients.
func sharesOf(f field[int], hubs []int) [][]int {
	q := 1 << f.bits
	choices := 1 << (f.bits * len(hubs))
	shares := make([][]int, q)
	for value := range q {
		for choice := range choices {
			coefficients := append([]int{value}, digits(choice, q, len(hubs))...)
			share := 0
			for _, hub := range hubs {
				share = share*q + f.evaluate(coefficients, hub+1)
			}
			shares[value] = append(shares[value], share)
		}
	}
	return shares
}

// countViews returns how often each view of the hubs occurs: by shares, tag and, lowest, key.
func countViews(f field[int], shares [][]int) []int {
	q, choices := len(shares), len(shares[0])
	seen := make([]int, choices*choices*choices*choices*q*q)
	for i := range q * q * q * q {
		vector := digits(i, q, 4)
		c, d, e, key := vector[0], vector[1], vector[2], vector[3]
		tagAndKey := f.tag(c, d, e, vector[3:])*q + key
		for _, a := range shares[c] {
			for _, b := range shares[d] {
				for _, g := range shares[e] {
					row := ((a*choices+b)*choices + g) * choices
					for _, h := range shares[key] {
						seen[(row+h)*q*q+tagAndKey]++
					}
				}
			}
		}
	}
	return seen
}
