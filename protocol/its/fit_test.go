package its

import (
	"bytes"
	"context"
	"slices"
	"testing"
)

// With one true answer more than the threshold the size of the key does not matter: only one tag is
// tested, although the liars came first.
func TestLargeKeyIsFoundByFitting(t *testing.T) {
	const n, k, liars = 16, 9, 6
	search := testSearch(t, k)
	for _, a := range lyingAnswers(t, 1<<12, k, n, liars) {
		if err := search.Add(a); err != nil {
			t.Fatal(err)
		}
	}
	key, err := search.Find(context.Background())
	if err != nil || !bytes.Equal(key, testKey(1<<12)) || search.tried != 1 {
		t.Errorf("got a key of %d bytes after %d sets, %v", len(key), search.tried, err)
	}
	if got := search.AtOdds(); !slices.Equal(got, []int{0, 1, 2, 3, 4, 5}) {
		t.Errorf("at odds %v", got)
	}
}

// Liars without any knowledge can make their answers fit those of threshold-1 honest hubs: they
// shift them by a polynomial that is zero at these hubs. The tag decides, once for all sets on that
// polynomial, and the key is found among the other sets.
func TestAnswersThatFitAreNoProof(t *testing.T) {
	const n, k, liars = 11, 6, 5
	answers := lyingAnswers(t, 32, k, n, 0)
	shift := func(index int) Element {
		value := one
		for honest := liars; honest < liars+k-1; honest++ {
			value = value.Mul(coordinate(index).Add(coordinate(honest)))
		}
		return value
	}
	for i := range liars {
		value := answers[i].Value
		for at := 0; at < len(value); at += ElementSize {
			store(value[at:], load(value[at:]).Add(shift(i)))
		}
	}
	search := testSearch(t, k)
	for _, a := range answers[:n-1] { // without the last honest one, all are on one wrong polynomial
		if err := search.Add(a); err != nil {
			t.Fatal(err)
		}
	}
	if key, err := search.Find(context.Background()); err == nil || search.tried != 1 {
		t.Errorf("got %x after %d sets", key, search.tried)
	}
	if err := search.Add(answers[n-1]); err != nil {
		t.Fatal(err)
	}
	key, err := search.Find(context.Background())
	if err != nil || !bytes.Equal(key, testKey(32)) {
		t.Errorf("got %x, %v", key, err)
	}
	if got := search.AtOdds(); !slices.Equal(got, []int{0, 1, 2, 3, 4}) {
		t.Errorf("at odds %v", got)
	}
}

// Answers that were rejected with one tag do not hide answers with another tag that are too few to
// fit.
func TestRejectedAnswersDoNotHideOthers(t *testing.T) {
	const k, liars = 3, 4
	search := testSearch(t, k)
	for i, a := range lyingAnswers(t, 16, k, liars+k, 0) {
		if i < liars {
			a.Value = make([]byte, len(a.Value))
			a.SecretTag = bytes.Repeat([]byte{1}, TagSize)
		}
		if err := search.Add(a); err != nil {
			t.Fatal(err)
		}
	}
	if key, err := search.Find(context.Background()); err != nil || !bytes.Equal(key, testKey(16)) {
		t.Errorf("got %x, %v", key, err)
	}
}

// Every coordinate takes part in the combination.
func TestCombinationCoversEveryByte(t *testing.T) {
	answers := lyingAnswers(t, 32, 2, 3, 0)
	for at := range answers[0].Value {
		search := testSearch(t, 2)
		for i, a := range answers {
			a.Value = bytes.Clone(a.Value)
			if i == 0 {
				a.Value[at] ^= 1
			}
			if err := search.Add(a); err != nil {
				t.Fatal(err)
			}
		}
		for set := search.next(); set != nil && set.size == 3; set = search.next() {
			if set.sum(search.product).isZero() {
				t.Errorf("byte %d may be altered", at)
			}
		}
	}
}
