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

// Any k shares in any order give the key, and Split does not change the key.
func TestSplitThenCombine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 8).Draw(t, "n")
		k := rapid.IntRange(2, n).Draw(t, "k")
		key := rapid.SliceOfN(rapid.Byte(), 1, 70).Draw(t, "key")
		given := bytes.Clone(key)
		hubs := rapid.SliceOfNDistinct(rapid.IntRange(0, 253), n, n, rapid.ID).Draw(t, "hubs")
		slaves := rapid.IntRange(1, 4).Draw(t, "slaves")
		shares, tags, err := its.Split(given, k, hubs, slaves, seeded(rapid.Byte().Draw(t, "seed")))
		if err != nil || len(shares) != n || len(tags) != slaves {
			t.Fatalf("%d shares, %d tags, %v", len(shares), len(tags), err)
		}
		if !bytes.Equal(given, key) {
			t.Fatal("Split changed the key")
		}
		for i, s := range shares {
			if s.Index != hubs[i] || len(s.Value) != its.ShareSize(len(key), slaves) {
				t.Fatalf("share %d has index %d and %d bytes", i, s.Index, len(s.Value))
			}
		}
		wantKeyOfEachSlave(t, key, k, rapid.Permutation(shares).Draw(t, "shares"), tags)
	})
}

// wantKeyOfEachSlave combines the parts of each slave.
func wantKeyOfEachSlave(t rapid.TB, key []byte, threshold int, shares []its.Share, tags [][]byte) {
	t.Helper()
	for j, tag := range tags {
		var answers []its.Answer
		for _, s := range shares {
			value, err := its.Pick(s.Value, len(tags), j)
			if err != nil || len(value) != its.ShareSize(len(key), 1) || len(tag) != its.TagSize {
				t.Fatalf("slave %d gets %d bytes and a tag of %d, %v", j, len(value), len(tag), err)
			}
			answers = append(answers, its.Answer{Index: s.Index, KeySize: len(key), SecretTag: tag, Value: value})
		}
		if got, err := its.Combine(threshold, answers); err != nil || !bytes.Equal(got, key) {
			t.Fatalf("slave %d: got %x, %v, want %x", j, got, err, key)
		}
	}
}

func TestShareSize(t *testing.T) {
	for _, c := range []struct{ keySize, slaves, want int }{
		{1, 1, 64}, {16, 1, 64}, {17, 1, 80}, {32, 1, 80}, {33, 1, 96}, {1 << 30, 1, 1<<30 + 48},
		{1, 2, 112}, {32, 3, 176}, {1 << 30, 32, 1<<30 + 32*48},
		{0, 1, 0}, {-1, 1, 0}, {-16, 1, 0}, {1<<30 + 1, 1, 0}, {int(^uint(0) >> 1), 1, 0}, {32, 0, 0}, {32, -1, 0}, {32, 33, 0},
	} {
		if got := its.ShareSize(c.keySize, c.slaves); got != c.want {
			t.Errorf("key of %d bytes, %d slaves: share of %d, want %d", c.keySize, c.slaves, got, c.want)
		}
	}
}

func TestSplitAsManyAsPossible(t *testing.T) {
	for _, threshold := range []int{2, 254} {
		shares, tags, err := its.Split([]byte("a key"), threshold, firstHubs(254), 1, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		got, err := its.Combine(threshold, answers(shares[254-threshold:], 5, tags[0]))
		if err != nil || string(got) != "a key" {
			t.Errorf("threshold %d: got %q, %v", threshold, got, err)
		}
	}
}

// Appending to a share or changing it does not change other shares.
func TestSharesDoNotOverlap(t *testing.T) {
	shares, tag := split(t, []byte("a key"), 3, 5)
	clear(shares[0].Value)
	_ = append(shares[1].Value, "overrun"...)
	if got, err := its.Combine(3, answers(shares[1:], 5, tag)); err != nil || string(got) != "a key" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestSplitRefuses(t *testing.T) {
	five := firstHubs(5)
	for _, c := range []struct {
		name            string
		size, threshold int
		hubs            []int
		slaves          int
		want            error
	}{
		{"threshold 1", 32, 1, five, 1, its.ErrThreshold},
		{"threshold 0", 32, 0, five, 1, its.ErrThreshold},
		{"negative threshold", 32, -3, five, 1, its.ErrThreshold},
		{"threshold above n", 32, 6, five, 1, its.ErrThreshold},
		{"255 shares", 32, 3, firstHubs(255), 1, its.ErrThreshold},
		{"no shares", 32, 3, nil, 1, its.ErrThreshold},
		{"no key", 0, 3, five, 1, its.ErrKeySize},
		{"no slaves", 32, 3, five, 0, its.ErrSlaves},
		{"negative slaves", 32, 3, five, -1, its.ErrSlaves},
		{"33 slaves", 32, 3, five, 33, its.ErrSlaves},
		{"repeated hub", 32, 3, []int{0, 1, 2, 1}, 1, its.ErrShares},
		{"negative hub", 32, 3, []int{0, 1, -1}, 1, its.ErrShares},
		{"hub 254", 32, 3, []int{0, 254, 1}, 1, its.ErrShares},
	} {
		t.Run(c.name, func(t *testing.T) {
			shares, tags, err := its.Split(make([]byte, c.size), c.threshold, c.hubs, c.slaves, rand.Reader)
			if !errors.Is(err, c.want) || shares != nil || tags != nil {
				t.Errorf("got %v, %v, %v, want %v", shares, tags, err, c.want)
			}
		})
	}
}

// Split fails if random fails or ends at any byte.
func TestSplitReturnsErrorOfRandom(t *testing.T) {
	const size, threshold, slaves = 6, 3, 2
	broken := errors.New("no entropy")
	need := 48*slaves + (threshold-1)*its.ShareSize(size, slaves)
	for have := range need {
		some := bytes.NewReader(make([]byte, have))
		shares, tag, err := its.Split(make([]byte, size), threshold, firstHubs(5), slaves, io.MultiReader(some, iotest.ErrReader(broken)))
		if !errors.Is(err, broken) || shares != nil || tag != nil {
			t.Errorf("broken after %d bytes: %v, %v, %v", have, shares, tag, err)
		}
		_, _, err = its.Split(make([]byte, size), threshold, firstHubs(5), slaves, bytes.NewReader(make([]byte, have)))
		if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("ended after %d bytes: %v", have, err)
		}
	}
	if _, _, err := its.Split(make([]byte, size), threshold, firstHubs(5), slaves, bytes.NewReader(make([]byte, need))); err != nil {
		t.Errorf("with all %d bytes: %v", need, err)
	}
}

// split makes n shares for one slave with randomness that is the same in every run.
func split(t testing.TB, key []byte, threshold, n int) (shares []its.Share, tag []byte) {
	t.Helper()
	shares, tags, err := its.Split(key, threshold, firstHubs(n), 1, seeded(7))
	if err != nil {
		t.Fatal(err)
	}
	return shares, tags[0]
}

// firstHubs returns 0..n-1.
func firstHubs(n int) []int {
	hubs := make([]int, n)
	for i := range hubs {
		hubs[i] = i
	}
	return hubs
}

// answers returns shares for one slave as the answers of the hubs. The values are not copied.
func answers(shares []its.Share, keySize int, tag []byte) []its.Answer {
	var list []its.Answer
	for _, s := range shares {
		list = append(list, its.Answer{Index: s.Index, KeySize: keySize, SecretTag: tag, Value: s.Value})
	}
	return list
}

func seeded(seed byte) io.Reader { return mathrand.NewChaCha8([32]byte{seed}) }
