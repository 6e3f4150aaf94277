package its

import (
	"slices"
	"testing"
)

// Checks the bound of the package comment on a forged message, by trying everything in small
// fields: for every two messages of at most three blocks, including the block with the length, and
// every difference of their tags, at most s of |F| choices of c fit, where s is the number of
// blocks of the longer message, and for some exactly s fit. d is uniform and hides c.
func TestForgeryBoundIsMetAndNeverExceeded(t *testing.T) {
	for _, f := range []field[int]{gf4, gf8} {
		q := 1 << f.bits
		all := messages(q)
		var most [4]int // by s
		for i, first := range all {
			for _, second := range all[:i] {
				s := max(len(first), len(second))
				most[s] = max(most[s], mostKeys(f, first, second))
			}
		}
		if most != [4]int{0, 0, 2, 3} {
			t.Errorf("field of %d: at most %v keys fit, by number of blocks", q, most)
		}
	}
}

// messages returns all messages of no, one or two blocks, each followed by a block with their
// number.
func messages(q int) [][]int {
	all := [][]int{{0}}
	for a := range q {
		all = append(all, []int{a, 1})
		for b := range q {
			all = append(all, []int{a, b, 2})
		}
	}
	return all
}

// mostKeys returns the maximum number of values of c for which the tags of two messages have the
// same difference.
func mostKeys(f field[int], first, second []int) int {
	var fitting [8]int
	for c := range 1 << f.bits {
		fitting[f.mac(c, 0, first)^f.mac(c, 0, second)]++
	}
	most := 0
	for _, count := range fitting {
		most = max(most, count)
	}
	return most
}

// Without the block with the lengths, a message has the same tag as the message after a block of
// zeros.
func TestMACNeedsTheLengths(t *testing.T) {
	for c := range 8 {
		if gf8.mac(c, 5, []int{3}) != gf8.mac(c, 5, []int{0, 3}) {
			t.Errorf("the tags differ for c = %d", c)
		}
	}
}

// A signing key is one whole slot. Suppose that the same 32 bytes could be named in the other
// order, (d, c) in place of (c, d), after a tag under them was seen. Then more keys would fit than
// the bound allows: up to all of them for two messages of two blocks, of which the second is the
// lengths. In order, at most two fit.
func TestKeysInAnotherOrderBreakTheBound(t *testing.T) {
	most, reversed := 0, 0
	for i := range 7 * 8 * 7 * 8 {
		first, second := []int{i % 8, i/8%7 + 1}, []int{i / 56 % 8, i/56/8 + 1}
		if slices.Equal(first, second) {
			continue
		}
		for tag := range 8 {
			var inOrder, swapped [8]int // by tag of the second message
			for c := range 8 {
				d := tag ^ gf8.mac(c, 0, first)
				inOrder[gf8.mac(c, d, second)]++
				swapped[gf8.mac(d, c, second)]++
			}
			most = max(most, slices.Max(inOrder[:]))
			reversed = max(reversed, slices.Max(swapped[:]))
		}
	}
	if most != 2 || reversed != 8 {
		t.Errorf("at most %d of 8 keys fit, %d in the other order, want 2 and 8", most, reversed)
	}
}
