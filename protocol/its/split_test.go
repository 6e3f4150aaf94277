package its_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	mathrand "math/rand/v2"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"dske/protocol/its"
)

// Any k shares in any order give the key, which Split leaves as it was.
func TestSplitThenCombine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 8).Draw(t, "n")
		k := rapid.IntRange(2, n).Draw(t, "k")
		key := rapid.SliceOfN(rapid.Byte(), 1, 70).Draw(t, "key")
		given := bytes.Clone(key)
		shares, tag, err := its.Split(given, k, n, seeded(rapid.Byte().Draw(t, "seed")))
		if err != nil || len(shares) != n || len(tag) != its.TagSize {
			t.Fatalf("%d shares, tag of %d bytes, %v", len(shares), len(tag), err)
		}
		if !bytes.Equal(given, key) {
			t.Fatal("Split changed the key")
		}
		for i, s := range shares {
			if s.Index != i || len(s.Value) != its.ShareSize(len(key)) {
				t.Fatalf("share %d has index %d and %d bytes", i, s.Index, len(s.Value))
			}
		}
		got, err := its.Combine(k, len(key), tag, rapid.Permutation(shares).Draw(t, "shares"))
		if err != nil || !bytes.Equal(got, key) {
			t.Fatalf("got %x, %v, want %x", got, err, key)
		}
	})
}

func TestShareSize(t *testing.T) {
	for _, c := range []struct{ keySize, want int }{
		{1, 64}, {16, 64}, {17, 80}, {32, 80}, {33, 96}, {1 << 30, 1<<30 + 48},
		{0, 0}, {-1, 0}, {-16, 0}, {1<<30 + 1, 0}, {int(^uint(0) >> 1), 0},
	} {
		if got := its.ShareSize(c.keySize); got != c.want {
			t.Errorf("key of %d bytes: share of %d, want %d", c.keySize, got, c.want)
		}
	}
}

func TestSplitAsManyAsPossible(t *testing.T) {
	for _, threshold := range []int{2, 254} {
		shares, tag, err := its.Split([]byte("a key"), threshold, 254, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		got, err := its.Combine(threshold, 5, tag, shares[254-threshold:])
		if err != nil || string(got) != "a key" {
			t.Errorf("threshold %d: got %q, %v", threshold, got, err)
		}
	}
}

// Shares stay as they are when others are appended to them or changed.
func TestSharesDoNotOverlap(t *testing.T) {
	shares, tag := split(t, []byte("a key"), 3, 5)
	clear(shares[0].Value)
	_ = append(shares[1].Value, "overrun"...)
	if got, err := its.Combine(3, 5, tag, shares[1:]); err != nil || string(got) != "a key" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestSplitRefuses(t *testing.T) {
	for _, c := range []struct {
		name            string
		size, threshold int
		n               int
		want            error
	}{
		{"threshold 1", 32, 1, 5, its.ErrThreshold},
		{"threshold 0", 32, 0, 5, its.ErrThreshold},
		{"negative threshold", 32, -3, 5, its.ErrThreshold},
		{"threshold above n", 32, 6, 5, its.ErrThreshold},
		{"255 shares", 32, 3, 255, its.ErrThreshold},
		{"no shares", 32, 3, 0, its.ErrThreshold},
		{"no key", 0, 3, 5, its.ErrKeySize},
	} {
		t.Run(c.name, func(t *testing.T) {
			shares, tag, err := its.Split(make([]byte, c.size), c.threshold, c.n, rand.Reader)
			if !errors.Is(err, c.want) || shares != nil || tag != nil {
				t.Errorf("got %v, %v, %v, want %v", shares, tag, err, c.want)
			}
		})
	}
}

// A reader that fails, or ends, at any byte of the randomness fails the splitting.
func TestSplitReturnsErrorOfRandom(t *testing.T) {
	const size, threshold = 6, 3
	broken := errors.New("no entropy")
	need := 48 + (threshold-1)*its.ShareSize(size)
	for have := range need {
		some := bytes.NewReader(make([]byte, have))
		shares, tag, err := its.Split(make([]byte, size), threshold, 5, io.MultiReader(some, iotest.ErrReader(broken)))
		if !errors.Is(err, broken) || shares != nil || tag != nil {
			t.Errorf("broken after %d bytes: %v, %v, %v", have, shares, tag, err)
		}
		_, _, err = its.Split(make([]byte, size), threshold, 5, bytes.NewReader(make([]byte, have)))
		if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("ended after %d bytes: %v", have, err)
		}
	}
	if _, _, err := its.Split(make([]byte, size), threshold, 5, bytes.NewReader(make([]byte, need))); err != nil {
		t.Errorf("with all %d bytes: %v", need, err)
	}
}

// split makes n shares with randomness that is the same in every run.
func split(t testing.TB, key []byte, threshold, n int) (shares []its.Share, tag []byte) {
	t.Helper()
	shares, tag, err := its.Split(key, threshold, n, seeded(7))
	if err != nil {
		t.Fatal(err)
	}
	return shares, tag
}

func seeded(seed byte) io.Reader { return mathrand.NewChaCha8([32]byte{seed}) }
