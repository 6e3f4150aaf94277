package its

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Whoever is suspect, whenever suspects are admitted, and whenever Find is called and interrupted:
// each set of threshold answers, and of one more, is tried once, with the right weights.
func TestEverySetIsTriedOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 8).Draw(t, "n")
		k := rapid.IntRange(2, n).Draw(t, "k")
		search, err := NewSearch(k, rand.NewChaCha8([32]byte{}))
		if err != nil {
			t.Fatal(err)
		}
		tried := map[string]bool{}
		step := func() bool {
			set := search.next()
			if set == nil {
				return false
			}
			if name := nameOf(t, set); tried[name] {
				t.Fatalf("set %s comes twice", name)
			} else {
				tried[name] = true
			}
			return true
		}
		for i, index := range rapid.SliceOfNDistinct(rapid.IntRange(0, 253), n, n, rapid.ID).Draw(t, "indices") {
			a := Answer{Index: index, KeySize: 1, SecretTag: make([]byte, TagSize), Value: make([]byte, ShareSize(1, 1))}
			a.Suspect = rapid.Bool().Draw(t, "suspect")
			if err := search.Add(a); err != nil {
				t.Fatal(err)
			}
			if rapid.Bool().Draw(t, "admit") || i == n-1 {
				search.AdmitSuspects()
			}
			for range rapid.IntRange(0, 10).Draw(t, "steps") {
				step()
			}
		}
		for step() {
		}
		if want := int(binomial(n, k) + binomial(n, k+1)); len(tried) != want {
			t.Fatalf("%d sets, want %d", len(tried), want)
		}
	})
}

// nameOf returns the indices of a set, after checking its weights.
func nameOf(t rapid.TB, set *sets) string {
	var shares []Share
	var indices []int
	for _, p := range set.set() {
		shares = append(shares, Share{p.Index, p.Value})
		indices = append(indices, p.Index)
	}
	want := through(shares).weights(nil, coordinate(secretIndex))
	for i, weight := range set.weights[set.size-1] {
		if weight != want[i].value {
			t.Fatalf("set %v: weight %d is %x", indices, i, weight)
		}
	}
	slices.Sort(indices)
	return fmt.Sprint(indices)
}

// Of answers that are there before Find is called, the newest comes first, and a set with a suspect
// after all others.
func TestOrderOfSets(t *testing.T) {
	search := testSearch(t, 2)
	for i, a := range lyingAnswers(t, 16, 2, 5, 5) {
		a.Suspect = i == 1 || i == 3
		if err := search.Add(a); err != nil {
			t.Fatal(err)
		}
	}
	search.AdmitSuspects()
	var got [][]int
	for set := search.next(); set != nil; set = search.next() {
		if set.size == 2 {
			got = append(got, []int{set.set()[0].Index, set.set()[1].Index})
		}
	}
	want := [][]int{{4, 0}, {4, 2}, {2, 0}, {3, 0}, {3, 2}, {3, 4}, {3, 1}, {1, 0}, {1, 2}, {1, 4}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
