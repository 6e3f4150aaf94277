package its

import (
	"bytes"
	"context"
	"flag"
	"math/rand/v2"
	"slices"
	"testing"
)

var orders = flag.Int("orders", 6, "orders of arrival in which liars among sixteen hubs are tried")

// Seven liars of sixteen, in orders of arrival that a seed draws, and in the worst order: the key
// is found with the ninth true answer, and no set is tried twice.
func TestSevenLiarsOfSixteenInAnyOrder(t *testing.T) {
	const n, k, liars = 16, 9, 7
	random := rand.New(rand.NewPCG(16, 9))
	for round := range slowed(*orders) {
		answers := lyingAnswers(t, 32, k, n, liars)
		if round > 0 { // the first round has the worst order: all liars come first
			random.Shuffle(n, func(i, j int) { answers[i], answers[j] = answers[j], answers[i] })
		}
		search := testSearch(t, k)
		honest := 0
		for _, a := range answers {
			if err := search.Add(a); err != nil {
				t.Fatal(err)
			}
			if a.Index >= liars {
				honest++
			}
			key, err := search.Find(context.Background())
			if (err == nil) != (honest >= k) || err == nil && !bytes.Equal(key, testKey(32)) {
				t.Fatalf("round %d, %d true answers: got %x, %v", round, honest, key, err)
			}
		}
		if search.tried > promisedSets || round == 0 && search.tried < promisedSets/2 {
			t.Errorf("round %d: %d sets tried", round, search.tried)
		}
		if got := search.AtOdds(); !slices.Equal(got, []int{0, 1, 2, 3, 4, 5, 6}) {
			t.Errorf("round %d: at odds %v", round, got)
		}
		search.Close()
	}
}

// lyingAnswers returns the answers of n hubs, the first of which lie.
func lyingAnswers(t testing.TB, keySize, k, n, liars int) []Answer {
	hubs := make([]int, n)
	for i := range hubs {
		hubs[i] = i
	}
	shares, tags, err := Split(testKey(keySize), k, hubs, 1, rand.NewChaCha8([32]byte{}))
	if err != nil {
		t.Fatal(err)
	}
	lies := rand.NewChaCha8([32]byte{1})
	var answers []Answer
	for i, s := range shares {
		if i < liars {
			lies.Read(s.Value)
		}
		answers = append(answers, Answer{Index: s.Index, KeySize: keySize, SecretTag: tags[0], Value: s.Value})
	}
	return answers
}

func testKey(size int) []byte { return bytes.Repeat([]byte("a key."), size)[:size] }

func testSearch(t testing.TB, k int) *Search {
	search, err := NewSearch(k, rand.NewChaCha8([32]byte{2}))
	if err != nil {
		t.Fatal(err)
	}
	return search
}
