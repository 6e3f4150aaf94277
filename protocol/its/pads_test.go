package its_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"pgregory.net/rapid"

	"dske/protocol/its"
)

// Whatever the pads are, they are the first shares, and any k shares give the key, also where the last
// block of the key is not full.
func TestFromPadsThenCombine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 8).Draw(t, "n")
		k := rapid.IntRange(2, n).Draw(t, "k")
		size := rapid.IntRange(1, 70).Draw(t, "size")
		pads := randomPads(t, k, its.ShareSize(size), rapid.Byte().Draw(t, "seed"))
		key, shares, tag, err := its.FromPads(pads, size, k, n)
		if err != nil || len(key) != size || len(shares) != n || len(tag) != its.TagSize {
			t.Fatalf("key of %d bytes, %d shares, tag of %d bytes, %v", len(key), len(shares), len(tag), err)
		}
		for i, s := range shares {
			if s.Index != i || i < k && !bytes.Equal(s.Value, pads[i]) {
				t.Fatalf("share %d is not the pad or has index %d", i, s.Index)
			}
		}
		got, err := its.Combine(k, size, tag, rapid.Permutation(shares).Draw(t, "shares"))
		if err != nil || !bytes.Equal(got, key) {
			t.Fatalf("got %x, %v, want %x", got, err, key)
		}
	})
}

// The tag covers the bytes after a key that does not fill its last block, although they are not part of
// it: shares that agree with each other about other bytes there are refused.
func TestFromPadsCoversWhatWouldBePadding(t *testing.T) {
	pads := randomPads(t, 2, its.ShareSize(5), 3)
	key, _, tag, err := its.FromPads(pads, 5, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	for _, pad := range pads {
		pad[len(pad)-1] ^= 1
	}
	other, _, otherTag, err := its.FromPads(pads, 5, 2, 3)
	if err != nil || !bytes.Equal(key, other) || bytes.Equal(tag, otherTag) {
		t.Errorf("key %x and %x, tag %x and %x, %v", key, other, tag, otherTag, err)
	}
}

func TestFromPadsKeepsThePads(t *testing.T) {
	pads := randomPads(t, 2, its.ShareSize(16), 3)
	first := bytes.Clone(pads[0])
	key, shares, tag, err := its.FromPads(pads, 16, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	clear(shares[0].Value)
	if !bytes.Equal(pads[0], first) {
		t.Error("the shares share memory with the pads")
	}
	clear(pads[1])
	if got, err := its.Combine(2, 16, tag, shares[1:]); err != nil || !bytes.Equal(got, key) {
		t.Errorf("got %x, %v, want %x", got, err, key)
	}
}

func TestFromPadsRefuses(t *testing.T) {
	good := randomPads(t, 3, its.ShareSize(32), 3)
	for _, c := range []struct {
		name                  string
		pads                  [][]byte
		keySize, threshold, n int
		want                  error
	}{
		{"threshold 1", good[:1], 32, 1, 5, its.ErrThreshold},
		{"threshold above n", good, 32, 3, 2, its.ErrThreshold},
		{"255 shares", good, 32, 3, 255, its.ErrThreshold},
		{"no key", good, 0, 3, 5, its.ErrKeySize},
		{"negative key size", good, -5, 3, 5, its.ErrKeySize},
		{"endless key", good, 1<<30 + 1, 3, 5, its.ErrKeySize},
		{"two pads", good[:2], 32, 3, 5, its.ErrShares},
		{"three pads for two", good, 32, 2, 5, its.ErrShares},
		{"no pads", nil, 32, 3, 5, its.ErrShares},
		{"pads for a longer key", good, 16, 3, 5, its.ErrShares},
		{"one pad too short", [][]byte{good[0], good[1], good[2][1:]}, 32, 3, 5, its.ErrShares},
		{"one pad empty", [][]byte{nil, good[1], good[2]}, 32, 3, 5, its.ErrShares},
	} {
		t.Run(c.name, func(t *testing.T) {
			key, shares, tag, err := its.FromPads(c.pads, c.keySize, c.threshold, c.n)
			if !errors.Is(err, c.want) || key != nil || shares != nil || tag != nil {
				t.Errorf("got %x, %v, %x, %v, want %v", key, shares, tag, err, c.want)
			}
		})
	}
}

func randomPads(t interface{ Fatal(...any) }, count, size int, seed byte) [][]byte {
	random := seeded(seed)
	pads := make([][]byte, count)
	for i := range pads {
		pads[i] = make([]byte, size)
		if _, err := io.ReadFull(random, pads[i]); err != nil {
			t.Fatal(err)
		}
	}
	return pads
}
