package shamir_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	mathrand "math/rand/v2"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"dske/protocol/shamir"
)

// Any k shares in any order give the secret, and Split does not change the secret.
func TestSplitThenCombine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 12).Draw(t, "n")
		k := rapid.IntRange(2, n).Draw(t, "k")
		secret := rapid.SliceOfN(rapid.Byte(), 4, 70).Draw(t, "secret")
		given := bytes.Clone(secret)
		shares, err := shamir.Split(given, k, n, seeded(rapid.Byte().Draw(t, "seed")))
		if err != nil || len(shares) != n {
			t.Fatalf("%d shares, %v", len(shares), err)
		}
		if !bytes.Equal(given, secret) {
			t.Fatal("Split changed the secret")
		}
		for i, s := range shares {
			if s.Index != i || len(s.Value) != len(secret) {
				t.Fatalf("share %d has index %d and %d bytes", i, s.Index, len(s.Value))
			}
		}
		got, err := shamir.Combine(k, rapid.Permutation(shares).Draw(t, "shares"))
		if err != nil || !bytes.Equal(got, secret) {
			t.Fatalf("got %x, %v, want %x", got, err, secret)
		}
	})
}

func TestSplitAsManyAsPossible(t *testing.T) {
	for _, threshold := range []int{2, 254} {
		shares, err := shamir.Split([]byte("a secret"), threshold, 254, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		got, err := shamir.Combine(threshold, shares[254-threshold:])
		if err != nil || string(got) != "a secret" {
			t.Errorf("threshold %d: got %q, %v", threshold, got, err)
		}
	}
}

// Appending to a share or changing it does not change other shares.
func TestSharesDoNotOverlap(t *testing.T) {
	secret := []byte("a secret")
	shares := split(t, secret, 3, 5)
	clear(shares[0].Value)
	_ = append(shares[1].Value, "overrun"...)
	if got, err := shamir.Combine(3, shares[1:]); err != nil || !bytes.Equal(got, secret) {
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
		{"threshold 1", 32, 1, 5, shamir.ErrThreshold},
		{"threshold 0", 32, 0, 5, shamir.ErrThreshold},
		{"negative threshold", 32, -3, 5, shamir.ErrThreshold},
		{"threshold above n", 32, 6, 5, shamir.ErrThreshold},
		{"255 shares", 32, 3, 255, shamir.ErrThreshold},
		{"no shares", 32, 3, 0, shamir.ErrThreshold},
		{"short secret", 3, 3, 5, shamir.ErrSecretSize},
		{"no secret", 0, 3, 5, shamir.ErrSecretSize},
	} {
		t.Run(c.name, func(t *testing.T) {
			shares, err := shamir.Split(make([]byte, c.size), c.threshold, c.n, rand.Reader)
			if !errors.Is(err, c.want) || shares != nil {
				t.Errorf("got %v, %v, want %v", shares, err, c.want)
			}
		})
	}
}

// Split fails if random fails or ends at any byte.
func TestSplitReturnsErrorOfRandom(t *testing.T) {
	const size, threshold = 6, 4
	broken := errors.New("no entropy")
	need := size - 4 + (threshold-2)*size
	for have := range need {
		some := bytes.NewReader(make([]byte, have))
		_, err := shamir.Split(make([]byte, size), threshold, 5, io.MultiReader(some, iotest.ErrReader(broken)))
		if !errors.Is(err, broken) {
			t.Errorf("broken after %d bytes: %v", have, err)
		}
		_, err = shamir.Split(make([]byte, size), threshold, 5, bytes.NewReader(make([]byte, have)))
		if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("ended after %d bytes: %v", have, err)
		}
	}
	if _, err := shamir.Split(make([]byte, size), threshold, 5, bytes.NewReader(make([]byte, need))); err != nil {
		t.Errorf("with all %d bytes: %v", need, err)
	}
}

// A secret of four bytes has no R, and threshold two needs no random share: nothing is read.
func TestSplitWithoutRandomness(t *testing.T) {
	random := iotest.ErrReader(errors.New("read"))
	shares, err := shamir.Split([]byte("four"), 2, 3, random)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := shamir.Combine(2, shares[1:]); err != nil || string(got) != "four" {
		t.Errorf("got %q, %v", got, err)
	}
}

// split makes n shares with randomness that is the same in every run.
func split(t testing.TB, secret []byte, threshold, n int) []shamir.Share {
	t.Helper()
	shares, err := shamir.Split(secret, threshold, n, seeded(7))
	if err != nil {
		t.Fatal(err)
	}
	return shares
}

func seeded(seed byte) io.Reader { return mathrand.NewChaCha8([32]byte{seed}) }
