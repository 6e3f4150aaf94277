package shamir_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"dske/protocol/shamir"
)

func TestCombineRefuses(t *testing.T) {
	good := split(t, []byte("a secret"), 3, 5)
	with := func(s shamir.Share) []shamir.Share { return []shamir.Share{good[0], s, good[2]} }
	for _, c := range []struct {
		name      string
		threshold int
		shares    []shamir.Share
		want      error
	}{
		{"threshold 1", 1, good, shamir.ErrThreshold},
		{"threshold 255", 255, good, shamir.ErrThreshold},
		{"two shares", 3, good[:2], shamir.ErrTooFew},
		{"no shares", 3, nil, shamir.ErrTooFew},
		{"repeated index", 3, with(good[0]), shamir.ErrShares},
		{"negative index", 3, with(shamir.Share{Index: -1, Value: good[1].Value}), shamir.ErrShares},
		{"index of the digest", 3, with(shamir.Share{Index: 254, Value: good[1].Value}), shamir.ErrShares},
		{"index that wraps to 1", 3, with(shamir.Share{Index: 257, Value: good[1].Value}), shamir.ErrShares},
		{"longer share", 3, with(shamir.Share{Index: 1, Value: make([]byte, 9)}), shamir.ErrShares},
		{"shorter share", 3, with(shamir.Share{Index: 1, Value: good[1].Value[:7]}), shamir.ErrShares},
		{"empty share", 3, with(shamir.Share{Index: 1}), shamir.ErrShares},
		{"all too short", 2, []shamir.Share{{Index: 0, Value: []byte("abc")}, {Index: 1, Value: []byte("def")}}, shamir.ErrShares},
		{"wrong index", 3, with(shamir.Share{Index: 4, Value: good[1].Value}), shamir.ErrDigest},
		{"lower threshold", 2, good, shamir.ErrDigest},
	} {
		t.Run(c.name, func(t *testing.T) {
			secret, err := shamir.Combine(c.threshold, c.shares)
			if !errors.Is(err, c.want) || secret != nil {
				t.Errorf("got %q, %v, want %v", secret, err, c.want)
			}
		})
	}
}

// Any threshold above that of the splitting works, too: the polynomial is the same.
func TestCombineWithHigherThreshold(t *testing.T) {
	secret := []byte("a secret")
	if got, err := shamir.Combine(4, split(t, secret, 3, 5)); err != nil || !bytes.Equal(got, secret) {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestCombineUsesTheFirstSharesOnly(t *testing.T) {
	secret := []byte("a secret")
	shares := append(split(t, secret, 3, 3), shamir.Share{Index: 999}, shamir.Share{Index: 0})
	if got, err := shamir.Combine(3, shares); err != nil || !bytes.Equal(got, secret) {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestCombineLeavesTheSharesAlone(t *testing.T) {
	shares := split(t, []byte("a secret"), 3, 3)
	before := cloneShares(shares)
	if _, err := shamir.Combine(3, shares); err != nil {
		t.Fatal(err)
	}
	if !slices.EqualFunc(shares, before, equalShares) {
		t.Error("Combine changed a share")
	}
}

func cloneShares(shares []shamir.Share) []shamir.Share {
	clone := slices.Clone(shares)
	for i := range clone {
		clone[i].Value = bytes.Clone(clone[i].Value)
	}
	return clone
}

func equalShares(a, b shamir.Share) bool {
	return a.Index == b.Index && bytes.Equal(a.Value, b.Value)
}
