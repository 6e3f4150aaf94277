package its_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"dske/protocol/its"
)

func TestCombineRefuses(t *testing.T) {
	shares, tag := split(t, []byte("a key"), 3, 5)
	_, otherTags, err := its.Split([]byte("a key"), 3, firstHubs(5), 1, seeded(8))
	if err != nil {
		t.Fatal(err)
	}
	all := func(change func(*its.Answer)) []its.Answer {
		list := answers(shares, 5, tag)
		for i := range list {
			change(&list[i])
		}
		return list
	}
	with := func(change func(*its.Answer)) []its.Answer {
		list := answers(shares[:3], 5, tag)
		change(&list[1])
		return list
	}
	same := func(*its.Answer) {}
	for _, c := range []struct {
		name      string
		threshold int
		answers   []its.Answer
		want      error
	}{
		{"threshold 1", 1, all(same), its.ErrThreshold},
		{"threshold 255", 255, all(same), its.ErrThreshold},
		{"two shares", 3, all(same)[:2], its.ErrTooFew},
		{"no shares", 3, nil, its.ErrTooFew},
		{"lower threshold", 2, all(same), its.ErrTag},
		{"no key", 3, all(func(a *its.Answer) { a.KeySize = 0 }), its.ErrKeySize},
		{"negative key size", 3, all(func(a *its.Answer) { a.KeySize = -1 }), its.ErrKeySize},
		{"endless key", 3, all(func(a *its.Answer) { a.KeySize = 1<<30 + 1 }), its.ErrKeySize},
		{"key longer by a block", 3, all(func(a *its.Answer) { a.KeySize = 17 }), its.ErrShares},
		{"key size of one share", 3, with(func(a *its.Answer) { a.KeySize = 4 }), its.ErrShares},
		{"tag of one share", 3, with(func(a *its.Answer) { a.SecretTag = otherTags[0] }), its.ErrShares},
		{"repeated index", 3, with(func(a *its.Answer) { a.Index = 0 }), its.ErrShares},
		{"index of the secret", 3, with(func(a *its.Answer) { a.Index = -1 }), its.ErrShares},
		{"index 254", 3, with(func(a *its.Answer) { a.Index = 254 }), its.ErrShares},
		{"index that wraps to 1", 3, with(func(a *its.Answer) { a.Index = 257 }), its.ErrShares},
		{"longer share", 3, with(func(a *its.Answer) { a.Value = make([]byte, 65) }), its.ErrShares},
		{"shorter share", 3, with(func(a *its.Answer) { a.Value = a.Value[:48] }), its.ErrShares},
		{"empty share", 3, with(func(a *its.Answer) { a.Value = nil }), its.ErrShares},
		{"wrong index", 3, with(func(a *its.Answer) { a.Index = 4 }), its.ErrTag},
		{"tag of another splitting", 3, all(func(a *its.Answer) { a.SecretTag = otherTags[0] }), its.ErrTag},
		{"no tag", 3, all(func(a *its.Answer) { a.SecretTag = nil }), its.ErrShares},
		{"shorter tag", 3, all(func(a *its.Answer) { a.SecretTag = tag[:15] }), its.ErrShares},
		{"longer tag", 3, all(func(a *its.Answer) { a.SecretTag = append(bytes.Clone(tag), 0) }), its.ErrShares},
	} {
		t.Run(c.name, func(t *testing.T) {
			key, err := its.Combine(c.threshold, c.answers)
			if !errors.Is(err, c.want) || key != nil {
				t.Errorf("got %q, %v, want %v", key, err, c.want)
			}
		})
	}
}

// The size of the key within its last block rests on the agreement of all the answers, since the
// tag does not cover it. One honest answer among threshold of them is enough.
func TestKeySizeIsWhatAllAnswersSay(t *testing.T) {
	shares, tag := split(t, []byte("a key"), 3, 5)
	lies := answers(shares[:3], 4, tag)
	if key, err := its.Combine(3, lies); err != nil || string(key) != "a ke" {
		t.Errorf("three liars of three: got %q, %v", key, err)
	}
	for honest := range lies {
		some := slices.Clone(lies)
		some[honest].KeySize = 5
		if key, err := its.Combine(3, some); !errors.Is(err, its.ErrShares) || key != nil {
			t.Errorf("two liars of three: got %q, %v", key, err)
		}
	}
}

// Every bit of the tag counts.
func TestCombineComparesTheWholeTag(t *testing.T) {
	shares, tag := split(t, []byte("a key"), 2, 3)
	for bit := range 8 * its.TagSize {
		wrong := bytes.Clone(tag)
		wrong[bit/8] ^= 1 << (bit % 8)
		if key, err := its.Combine(2, answers(shares, 5, wrong)); !errors.Is(err, its.ErrTag) || key != nil {
			t.Errorf("bit %d: got %q, %v", bit, key, err)
		}
	}
}

// Any threshold above that of the splitting works, too: the polynomial is the same.
func TestCombineWithHigherThreshold(t *testing.T) {
	shares, tag := split(t, []byte("a key"), 3, 5)
	if got, err := its.Combine(4, answers(shares, 5, tag)); err != nil || string(got) != "a key" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestCombineUsesTheFirstSharesOnly(t *testing.T) {
	shares, tag := split(t, []byte("a key"), 3, 3)
	shares = append(shares, its.Share{Index: 999}, its.Share{Index: 0})
	if got, err := its.Combine(3, answers(shares, 5, tag)); err != nil || string(got) != "a key" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestCombineLeavesTheSharesAlone(t *testing.T) {
	shares, tag := split(t, []byte("a key"), 3, 3)
	before := cloneShares(shares)
	if _, err := its.Combine(3, answers(shares, 5, tag)); err != nil {
		t.Fatal(err)
	}
	if !slices.EqualFunc(shares, before, equalShares) {
		t.Error("Combine changed a share")
	}
}

func cloneShares(shares []its.Share) []its.Share {
	clone := slices.Clone(shares)
	for i := range clone {
		clone[i].Value = bytes.Clone(clone[i].Value)
	}
	return clone
}

func equalShares(a, b its.Share) bool {
	return a.Index == b.Index && bytes.Equal(a.Value, b.Value)
}
