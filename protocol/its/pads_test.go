package its_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"dske/protocol/its"
)

// Whatever the pads are, they are the first shares, and any k shares give the key, even where the
// last block of the key is not full.
func TestFromPadsThenCombine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 8).Draw(t, "n")
		k := rapid.IntRange(2, n).Draw(t, "k")
		size := rapid.IntRange(1, 70).Draw(t, "size")
		slaves := rapid.IntRange(1, 4).Draw(t, "slaves")
		hubs := rapid.SliceOfNDistinct(rapid.IntRange(0, 253), n, n, rapid.ID).Draw(t, "hubs")
		pads := randomPads(t, hubs[:k], its.ShareSize(size, slaves), rapid.Byte().Draw(t, "seed"))
		key, shares, tags, err := its.FromPads(pads, hubs[k:], size, slaves)
		if err != nil || len(key) != size || len(shares) != n || len(tags) != slaves {
			t.Fatalf("key of %d bytes, %d shares, %d tags, %v", len(key), len(shares), len(tags), err)
		}
		for i, s := range shares {
			if s.Index != hubs[i] || i < k && !bytes.Equal(s.Value, pads[i].Value) {
				t.Fatalf("share %d is not the pad or has index %d", i, s.Index)
			}
		}
		wantKeyOfEachSlave(t, key, k, rapid.Permutation(shares).Draw(t, "shares"), tags)
	})
}

// All bytes of the last block come from the pads: the bytes after the key are as random as the key.
func TestFromPadsZeroesNothing(t *testing.T) {
	key, shares, tags, err := its.FromPads(randomPads(t, []int{3, 9}, its.ShareSize(5, 1), 3), []int{0}, 5, 1)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := its.Combine(2, answers(shares, 16, tags[0]))
	if err != nil || !bytes.Equal(whole[:5], key) || bytes.Count(whole[5:], []byte{0}) > 3 {
		t.Errorf("the block of the key %x is %x, %v", key, whole, err)
	}
}

// The tag covers the bytes after a key that does not fill its last block, although they are not
// part of the key: shares that agree on other bytes there are refused.
func TestFromPadsCoversWhatWouldBePadding(t *testing.T) {
	pads := randomPads(t, []int{0, 1}, its.ShareSize(5, 1), 3)
	key, _, tags, err := its.FromPads(pads, []int{2}, 5, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, pad := range pads {
		pad.Value[len(pad.Value)-1] ^= 1
	}
	other, _, otherTags, err := its.FromPads(pads, []int{2}, 5, 1)
	if err != nil || !bytes.Equal(key, other) || bytes.Equal(tags[0], otherTags[0]) {
		t.Errorf("key %x and %x, tag %x and %x, %v", key, other, tags, otherTags, err)
	}
}

func TestFromPadsKeepsThePads(t *testing.T) {
	pads := randomPads(t, []int{0, 1}, its.ShareSize(16, 1), 3)
	first := bytes.Clone(pads[0].Value)
	key, shares, tags, err := its.FromPads(pads, []int{2}, 16, 1)
	if err != nil {
		t.Fatal(err)
	}
	clear(shares[0].Value)
	if !bytes.Equal(pads[0].Value, first) {
		t.Error("the shares share memory with the pads")
	}
	clear(pads[1].Value)
	if got, err := its.Combine(2, answers(shares[1:], 16, tags[0])); err != nil || !bytes.Equal(got, key) {
		t.Errorf("got %x, %v, want %x", got, err, key)
	}
}

func TestFromPadsRefuses(t *testing.T) {
	good := randomPads(t, []int{4, 0, 2}, its.ShareSize(32, 1), 3)
	with := func(change func(*its.Share)) []its.Share {
		pads := slices.Clone(good)
		change(&pads[1])
		return pads
	}
	for _, c := range []struct {
		name            string
		pads            []its.Share
		others          []int
		keySize, slaves int
		want            error
	}{
		{"one pad", good[:1], []int{1, 3}, 32, 1, its.ErrThreshold},
		{"no pads", nil, []int{1, 3}, 32, 1, its.ErrThreshold},
		{"255 hubs", good, firstHubs(252), 32, 1, its.ErrThreshold},
		{"no key", good, []int{1, 3}, 0, 1, its.ErrKeySize},
		{"negative key size", good, []int{1, 3}, -5, 1, its.ErrKeySize},
		{"endless key", good, []int{1, 3}, 1<<30 + 1, 1, its.ErrKeySize},
		{"no slaves", good, []int{1, 3}, 32, 0, its.ErrSlaves},
		{"33 slaves", good, []int{1, 3}, 32, 33, its.ErrSlaves},
		{"pads for one slave of two", good, []int{1, 3}, 32, 2, its.ErrShares},
		{"pads for a longer key", good, []int{1, 3}, 16, 1, its.ErrShares},
		{"one pad too short", with(func(s *its.Share) { s.Value = s.Value[1:] }), []int{1, 3}, 32, 1, its.ErrShares},
		{"one pad empty", with(func(s *its.Share) { s.Value = nil }), []int{1, 3}, 32, 1, its.ErrShares},
		{"two pads of a hub", with(func(s *its.Share) { s.Index = 4 }), []int{1, 3}, 32, 1, its.ErrShares},
		{"pad of the secret", with(func(s *its.Share) { s.Index = -1 }), []int{1, 3}, 32, 1, its.ErrShares},
		{"pad of an other", good, []int{1, 2}, 32, 1, its.ErrShares},
		{"others repeat", good, []int{1, 1}, 32, 1, its.ErrShares},
		{"other 254", good, []int{254}, 32, 1, its.ErrShares},
	} {
		t.Run(c.name, func(t *testing.T) {
			key, shares, tags, err := its.FromPads(c.pads, c.others, c.keySize, c.slaves)
			if !errors.Is(err, c.want) || key != nil || shares != nil || tags != nil {
				t.Errorf("got %x, %v, %x, %v, want %v", key, shares, tags, err, c.want)
			}
		})
	}
}

// randomPads returns a pad for each of these hubs.
func randomPads(t interface{ Fatal(...any) }, hubs []int, size int, seed byte) []its.Share {
	random := seeded(seed)
	pads := make([]its.Share, len(hubs))
	for i, hub := range hubs {
		pads[i] = its.Share{Index: hub, Value: make([]byte, size)}
		if _, err := io.ReadFull(random, pads[i].Value); err != nil {
			t.Fatal(err)
		}
	}
	return pads
}
