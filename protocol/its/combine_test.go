package its_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"dske/protocol/its"
)

func TestCombineRefuses(t *testing.T) {
	good, tag := split(t, []byte("a key"), 3, 5)
	_, otherTag, err := its.Split([]byte("a key"), 3, 5, seeded(8))
	if err != nil {
		t.Fatal(err)
	}
	with := func(s its.Share) []its.Share { return []its.Share{good[0], s, good[2]} }
	for _, c := range []struct {
		name               string
		threshold, keySize int
		tag                []byte
		shares             []its.Share
		want               error
	}{
		{"threshold 1", 1, 5, tag, good, its.ErrThreshold},
		{"threshold 255", 255, 5, tag, good, its.ErrThreshold},
		{"no key", 3, 0, tag, good, its.ErrKeySize},
		{"negative key size", 3, -1, tag, good, its.ErrKeySize},
		{"endless key", 3, 1<<30 + 1, tag, good, its.ErrKeySize},
		{"longer key", 3, 17, tag, good, its.ErrShares},
		{"two shares", 3, 5, tag, good[:2], its.ErrTooFew},
		{"no shares", 3, 5, tag, nil, its.ErrTooFew},
		{"repeated index", 3, 5, tag, with(good[0]), its.ErrShares},
		{"index of the secret", 3, 5, tag, with(its.Share{Index: -1, Value: good[1].Value}), its.ErrShares},
		{"index 254", 3, 5, tag, with(its.Share{Index: 254, Value: good[1].Value}), its.ErrShares},
		{"index that wraps to 1", 3, 5, tag, with(its.Share{Index: 257, Value: good[1].Value}), its.ErrShares},
		{"longer share", 3, 5, tag, with(its.Share{Index: 1, Value: make([]byte, 65)}), its.ErrShares},
		{"shorter share", 3, 5, tag, with(its.Share{Index: 1, Value: good[1].Value[:48]}), its.ErrShares},
		{"empty share", 3, 5, tag, with(its.Share{Index: 1}), its.ErrShares},
		{"wrong index", 3, 5, tag, with(its.Share{Index: 4, Value: good[1].Value}), its.ErrTag},
		{"lower threshold", 2, 5, tag, good, its.ErrTag},
		{"tag of another splitting", 3, 5, otherTag, good, its.ErrTag},
		{"no tag", 3, 5, nil, good, its.ErrTag},
		{"shorter tag", 3, 5, tag[:15], good, its.ErrTag},
		{"longer tag", 3, 5, append(bytes.Clone(tag), 0), good, its.ErrTag},
	} {
		t.Run(c.name, func(t *testing.T) {
			key, err := its.Combine(c.threshold, c.keySize, c.tag, c.shares)
			if !errors.Is(err, c.want) || key != nil {
				t.Errorf("got %q, %v, want %v", key, err, c.want)
			}
		})
	}
}

// Every bit of the tag counts.
func TestCombineComparesTheWholeTag(t *testing.T) {
	shares, tag := split(t, []byte("a key"), 2, 3)
	for bit := range 8 * its.TagSize {
		wrong := bytes.Clone(tag)
		wrong[bit/8] ^= 1 << (bit % 8)
		if key, err := its.Combine(2, 5, wrong, shares); !errors.Is(err, its.ErrTag) || key != nil {
			t.Errorf("bit %d: got %q, %v", bit, key, err)
		}
	}
}

// Any threshold above that of the splitting is fine too: the polynomial is the same.
func TestCombineWithHigherThreshold(t *testing.T) {
	shares, tag := split(t, []byte("a key"), 3, 5)
	if got, err := its.Combine(4, 5, tag, shares); err != nil || string(got) != "a key" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestCombineUsesTheFirstSharesOnly(t *testing.T) {
	shares, tag := split(t, []byte("a key"), 3, 3)
	shares = append(shares, its.Share{Index: 999}, its.Share{Index: 0})
	if got, err := its.Combine(3, 5, tag, shares); err != nil || string(got) != "a key" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestCombineLeavesTheSharesAlone(t *testing.T) {
	shares, tag := split(t, []byte("a key"), 3, 3)
	before := cloneShares(shares)
	if _, err := its.Combine(3, 5, tag, shares); err != nil {
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
