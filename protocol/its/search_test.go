package its_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"dske/protocol/its"
)

// As long as k answers are true, liars are outvoted and named, whatever they are, in whatever order
// answers arrive, whoever is suspect and whenever Find is called.
func TestSearchOutvotesLiars(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 8).Draw(t, "n")
		k := rapid.IntRange(2, n).Draw(t, "k")
		key := rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(t, "key")
		given := answersOf(t, key, k, n, rapid.Byte().Draw(t, "seed"))
		liars := rapid.SliceOfNDistinct(rapid.IntRange(0, n-1), 0, min(n-k, k-1), rapid.ID).Draw(t, "liars")
		for _, i := range liars {
			lie(t, &given[i])
		}
		for i := range given {
			given[i].Suspect = rapid.Bool().Draw(t, "suspect")
		}
		search := newSearch(t, k)
		defer search.Close()
		var got []byte
		for i, a := range rapid.Permutation(given).Draw(t, "order") {
			search.Add(a)
			if rapid.Bool().Draw(t, "admit") || i == n-1 {
				search.AdmitSuspects()
			}
			if rapid.Bool().Draw(t, "ask") || i == n-1 {
				got = find(t, search)
			}
		}
		if !bytes.Equal(got, key) {
			t.Fatalf("got %x, want %x", got, key)
		}
		slices.Sort(liars)
		if atOdds := search.AtOdds(); !slices.Equal(atOdds, liars) {
			t.Fatalf("at odds are %v, want %v", atOdds, liars)
		}
	})
}

// lie alters an answer in one of the possible ways.
func lie(t *rapid.T, a *its.Answer) {
	switch rapid.IntRange(0, 4).Draw(t, "lie") {
	case 0:
		a.KeySize = rapid.IntRange(-1, 100).Filter(func(size int) bool { return size != a.KeySize }).Draw(t, "size")
	case 1:
		a.SecretTag = rapid.SliceOfN(rapid.Byte(), 0, 17).Draw(t, "tag")
	case 2:
		a.Value = a.Value[:rapid.IntRange(0, len(a.Value)-1).Draw(t, "length")]
	default:
		at := rapid.IntRange(0, len(a.Value)-1).Draw(t, "byte")
		a.Value[at] ^= rapid.ByteRange(1, 255).Draw(t, "error")
	}
}

// find returns nil if there is no key yet.
func find(t rapid.TB, search *its.Search) []byte {
	key, err := search.Find(context.Background())
	if err != nil && !errors.Is(err, its.ErrTooFew) && !errors.Is(err, its.ErrTag) || (key == nil) != (err != nil) {
		t.Fatalf("got %x, %v", key, err)
	}
	return key
}

func newSearch(t rapid.TB, threshold int) *its.Search {
	search, err := its.NewSearch(threshold, seeded(99))
	if err != nil {
		t.Fatal(err)
	}
	return search
}

// answersOf shares a key among hubs 0..n-1.
func answersOf(t rapid.TB, key []byte, threshold, n int, seed byte) []its.Answer {
	shares, tags, err := its.Split(key, threshold, firstHubs(n), 1, seeded(seed))
	if err != nil {
		t.Fatal(err)
	}
	return answers(shares, len(key), tags[0])
}

// The first answer of an index counts, whatever it is.
func TestSearchTakesOneAnswerOfAnIndex(t *testing.T) {
	good := answersOf(t, []byte("a key"), 3, 6, 7)
	with := func(i int, change func(*its.Answer)) its.Answer {
		a := good[i]
		change(&a)
		return a
	}
	for _, c := range []struct {
		name       string
		first      its.Answer
		want       error
		indexTaken bool
	}{
		{"true", good[4], nil, true},
		{"lie", with(4, func(a *its.Answer) { a.Value = make([]byte, 64) }), nil, true},
		{"suspect", with(4, func(a *its.Answer) { a.Suspect = true }), nil, true},
		{"empty", its.Answer{Index: 4}, its.ErrKeySize, true},
		{"shorter", with(4, func(a *its.Answer) { a.Value = a.Value[1:] }), its.ErrShares, true},
		{"no tag", with(4, func(a *its.Answer) { a.SecretTag = nil }), its.ErrShares, true},
		{"endless key", with(4, func(a *its.Answer) { a.KeySize = 1<<30 + 1 }), its.ErrKeySize, true},
		{"index of the secret", with(4, func(a *its.Answer) { a.Index = -1 }), its.ErrShares, false},
		{"index 254", with(4, func(a *its.Answer) { a.Index = 254 }), its.ErrShares, false},
		{"index that wraps", with(4, func(a *its.Answer) { a.Index = 256 + 4 }), its.ErrShares, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			search := newSearch(t, 3)
			if err := search.Add(c.first); !errors.Is(err, c.want) {
				t.Errorf("first: %v, want %v", err, c.want)
			}
			second := search.Add(good[4])
			if errors.Is(second, its.ErrShares) != c.indexTaken {
				t.Errorf("second: %v", second)
			}
			for i, a := range good[:2] {
				if err := search.Add(a); err != nil {
					t.Error(err)
				}
				if err := search.Add(with(i, func(a *its.Answer) { a.Value = make([]byte, 64) })); !errors.Is(err, its.ErrShares) {
					t.Errorf("again: %v", err)
				}
			}
			key, err := search.Find(context.Background())
			if usable := c.name == "true" || !c.indexTaken; usable != (err == nil) || usable && string(key) != "a key" {
				t.Errorf("got %q, %v", key, err)
			}
		})
	}
}

func TestSearchFails(t *testing.T) {
	good := answersOf(t, []byte("a key"), 3, 5, 7)
	lie := func(i int) its.Answer {
		a := good[i]
		a.Value = bytes.Repeat([]byte{byte(i)}, 64)
		return a
	}
	suspect := good[2]
	suspect.Suspect = true
	otherTag := good[2]
	otherTag.SecretTag = make([]byte, 16)
	for _, c := range []struct {
		name    string
		answers []its.Answer
		want    error
	}{
		{"none", nil, its.ErrTooFew},
		{"two", good[:2], its.ErrTooFew},
		{"two and a suspect", []its.Answer{good[0], good[1], suspect}, its.ErrTooFew},
		{"two and another tag", []its.Answer{good[0], good[1], otherTag}, its.ErrTooFew},
		{"one lies", []its.Answer{good[0], good[1], lie(2)}, its.ErrTag},
		{"two of four lie", []its.Answer{good[0], good[1], lie(2), lie(3)}, its.ErrTag},
	} {
		t.Run(c.name, func(t *testing.T) {
			search := newSearch(t, 3)
			for _, a := range c.answers {
				if err := search.Add(a); err != nil {
					t.Fatal(err)
				}
			}
			key, err := search.Find(context.Background())
			if !errors.Is(err, c.want) || key != nil || search.AtOdds() != nil {
				t.Errorf("got %q, %v, at odds %v, want %v", key, err, search.AtOdds(), c.want)
			}
			if c.want == its.ErrTag && !strings.Contains(err.Error(), "nobody can tell who lied") {
				t.Error(err)
			}
		})
	}
}

func TestNewSearchRefuses(t *testing.T) {
	for _, threshold := range []int{-1, 0, 1, 255} {
		if search, err := its.NewSearch(threshold, seeded(1)); !errors.Is(err, its.ErrThreshold) || search != nil {
			t.Errorf("threshold %d: %v", threshold, err)
		}
	}
	if search, err := its.NewSearch(3, bytes.NewReader(make([]byte, 15))); err == nil || search != nil {
		t.Error("too little randomness is enough")
	}
}

// A search whose context ended can be continued, and the error says how many lies it tolerates.
func TestSearchEndsWithItsContext(t *testing.T) {
	late := errors.New("too late")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(late)
	search := newSearch(t, 3)
	for _, a := range answersOf(t, []byte("a key"), 3, 5, 7) {
		if err := search.Add(a); err != nil {
			t.Fatal(err)
		}
	}
	key, err := search.Find(ctx)
	if !errors.Is(err, late) || key != nil || !strings.Contains(err.Error(), "2 lies are found within") {
		t.Errorf("got %q, %v", key, err)
	}
	if key := find(t, search); string(key) != "a key" {
		t.Errorf("got %q", key)
	}
}

// Close clears the values, which the search has taken over, and not the key.
func TestCloseClears(t *testing.T) {
	given := answersOf(t, []byte("a key"), 3, 5, 7)
	search := newSearch(t, 3)
	for _, a := range given {
		if err := search.Add(a); err != nil {
			t.Fatal(err)
		}
	}
	key := find(t, search)
	search.Close()
	for _, a := range given {
		if !bytes.Equal(a.Value, make([]byte, 64)) {
			t.Errorf("share %d is %x", a.Index, a.Value)
		}
	}
	if string(key) != "a key" {
		t.Errorf("the key is %q", key)
	}
	if _, err := search.Find(context.Background()); !errors.Is(err, its.ErrTooFew) {
		t.Errorf("find: %v", err)
	}
	if err := search.Add(its.Answer{Index: 1}); !errors.Is(err, its.ErrShares) {
		t.Errorf("add: %v", err)
	}
	search.Close()
}

// A search with the maximum number of answers, some of which lie.
func TestSearchOfAsManyAsPossible(t *testing.T) {
	given := answersOf(t, []byte("a key"), 2, 254, 7)
	liars := []int{0, 1, 2, 100, 253}
	for _, i := range liars {
		given[i].Value[i%64] ^= 1
	}
	search := newSearch(t, 2)
	for _, a := range given {
		if err := search.Add(a); err != nil {
			t.Fatal(err)
		}
	}
	if key := find(t, search); string(key) != "a key" {
		t.Errorf("got %q", key)
	}
	if atOdds := search.AtOdds(); !slices.Equal(atOdds, liars) {
		t.Errorf("at odds %v", atOdds)
	}
}
