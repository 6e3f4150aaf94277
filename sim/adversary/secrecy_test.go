package adversary_test

import (
	"bytes"
	"io"
	"testing"

	"dske/protocol/shamir"
)

// unused is the number of bytes at the start of a secret that the digest in its digest share
// covers. In every later position the digest share is random, so Split is only the threshold scheme
// there: a polynomial through the key byte and threshold-1 random bytes.
const unused = 4

// everySharing splits the key byte with each possible choice of random bytes: position
// unused+choice of the shares has choice number choice.
func everySharing(t *testing.T, key byte, threshold, n int) []shamir.Share {
	t.Helper()
	choices := 1 << (8 * (threshold - 1))
	var random []io.Reader
	for i := range threshold - 1 {
		column := make([]byte, choices)
		for choice := range column {
			column[choice] = byte(choice >> (8 * i))
		}
		if i > 0 { // the first one is for the digest share, which has no random bytes
			random = append(random, bytes.NewReader(make([]byte, unused)))
		}
		random = append(random, bytes.NewReader(column))
	}
	secret := bytes.Repeat([]byte{key}, unused+choices)
	shares, err := shamir.Split(secret, threshold, n, io.MultiReader(random...))
	if err != nil {
		t.Fatal(err)
	}
	for i := range shares {
		shares[i].Value = shares[i].Value[unused:]
	}
	return shares
}

// views counts, for each possible view of an adversary with these shares, the choices of random
// bytes that lead to it.
func views(shares ...shamir.Share) []int {
	count := make([]int, 1<<(8*len(shares)))
	for choice := range shares[0].Value {
		view := 0
		for _, s := range shares {
			view = view<<8 | int(s.Value[choice])
		}
		count[view]++
	}
	return count
}

// For whatever an adversary sees in threshold-1 shares, each of the 256 keys leads to it with
// exactly one choice of the random bytes. So the view makes no key likelier than another.
func TestOneShareLessLeavesEveryKeyAsLikely(t *testing.T) {
	for key := range 256 {
		for _, s := range everySharing(t, byte(key), 2, 5) {
			assertOneEach(t, key, views(s))
		}
	}
	for key := 0; key < 256; key += 5 { // all of them would take too long
		shares := everySharing(t, byte(key), 3, 4)
		first, second := key%4, (key+1+key/4%3)%4 // each pair has its turn
		assertOneEach(t, key, views(shares[first], shares[second]))
	}
}

func assertOneEach(t *testing.T, key int, count []int) {
	t.Helper()
	for view, n := range count {
		if n != 1 {
			t.Fatalf("with key %d there are %d choices that show %#x", key, n, view)
		}
	}
}

// With threshold shares, only one key is left.
func TestEnoughSharesLeaveOneKey(t *testing.T) {
	keys := make([]int, 1<<16)
	for key := range 256 {
		shares := everySharing(t, byte(key), 2, 5)
		for view, n := range views(shares[1], shares[4]) {
			if n > 0 {
				keys[view]++
			}
		}
	}
	assertOneEach(t, -1, keys)
}
