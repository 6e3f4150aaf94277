package shamir_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"dske/protocol/shamir"
)

// As long as k shares are true, liars are outvoted and named, wherever in the list they are.
func TestRecoverOutvotesLiars(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 9).Draw(t, "n")
		k := rapid.IntRange(2, n).Draw(t, "k")
		secret := rapid.SliceOfN(rapid.Byte(), 16, 40).Draw(t, "secret")
		shares, err := shamir.Split(secret, k, n, seeded(rapid.Byte().Draw(t, "seed")))
		if err != nil {
			t.Fatal(err)
		}
		liars := rapid.SliceOfNDistinct(rapid.IntRange(0, n-1), 0, min(n-k, k-1), rapid.ID).Draw(t, "liars")
		for _, x := range liars {
			shares[x].Value[rapid.IntRange(0, len(secret)-1).Draw(t, "byte")] ^= rapid.ByteRange(1, 255).Draw(t, "error")
		}
		given := rapid.Permutation(shares).Draw(t, "shares")
		before := cloneShares(given)
		got, atOdds, err := shamir.Recover(k, given)
		if err != nil || !bytes.Equal(got, secret) {
			t.Fatalf("got %x, %v, want %x", got, err, secret)
		}
		slices.Sort(liars)
		if !slices.Equal(atOdds, liars) {
			t.Fatalf("at odds are %v, want %v", atOdds, liars)
		}
		if !slices.EqualFunc(given, before, equalShares) {
			t.Fatal("Recover changed a share")
		}
	})
}

func TestRecoverDespiteMalformedShares(t *testing.T) {
	secret := []byte("a longer secret.")
	good := split(t, secret, 3, 6)
	lie := func(x int, lie byte) shamir.Share {
		return shamir.Share{Index: x, Value: bytes.Repeat([]byte{lie}, len(secret))}
	}
	short := func(x int) shamir.Share { return shamir.Share{Index: x, Value: good[x].Value[:15]} }
	for _, c := range []struct {
		name   string
		shares []shamir.Share
		atOdds []int
	}{
		{"none", good[:3], nil},
		{"empty", append(good[:3:3], shamir.Share{Index: 4}), []int{4}},
		{"too short", append(good[:3:3], shamir.Share{Index: 4, Value: []byte("abc")}), []int{4}},
		{"negative index", append(good[:3:3], shamir.Share{Index: -7, Value: good[3].Value}), []int{-7}},
		{"indices of digest and secret", append(good[:3:3], shamir.Share{Index: 254, Value: good[3].Value},
			shamir.Share{Index: 255, Value: good[3].Value}), []int{254, 255}},
		{"index that wraps to a true one", append(good[:3:3], shamir.Share{Index: 256 + 3, Value: good[3].Value}), []int{259}},
		{"different lengths, newest wrong", append(good[:3:3], short(3), short(4)), []int{3, 4}},
		{"different lengths, oldest wrong", append([]shamir.Share{short(3), short(4)}, good[:3]...), []int{3, 4}},
		{"three of another length", append(good[:3:3], short(3), short(4), short(5)), []int{3, 4, 5}},
		{"same index, lie first", append([]shamir.Share{lie(0, 1)}, good[:3]...), []int{0}},
		{"same index, lie last", append(good[:3:3], lie(0, 1)), []int{0}},
		{"same index, shorter", append(good[:3:3], short(0)), []int{0}},
		{"two lies about true indices", []shamir.Share{lie(0, 1), lie(1, 1), good[0], good[1], good[2]}, []int{0, 1}},
		{"all about one index", []shamir.Share{lie(0, 1), lie(0, 2), lie(0, 3), good[0], good[1], good[2]}, []int{0}},
		{"the same share often", append(slices.Repeat(good[:1], 300), good[1:3]...), nil},
		{"the newest is nothing new", append(good[:3:3], good[0]), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, atOdds, err := shamir.Recover(3, c.shares)
			if err != nil || !bytes.Equal(got, secret) || !slices.Equal(atOdds, c.atOdds) {
				t.Errorf("got %q, %v, %v, want %q, %v", got, atOdds, err, secret, c.atOdds)
			}
		})
	}
}

// Many shares of a wrong length do not use up the tries.
func TestRecoverDespiteManyOfAnotherLength(t *testing.T) {
	secret := []byte("a longer secret.")
	shares := split(t, secret, 5, 254)
	for i := 5; i < 254; i++ {
		shares[i].Value = shares[i].Value[:4+i%12]
	}
	got, atOdds, err := shamir.Recover(7, shares[:5])
	if !errors.Is(err, shamir.ErrTooFew) {
		t.Errorf("got %q, %v, %v with five of seven", got, atOdds, err)
	}
	for i := 50; i < 254; i++ {
		shares[i].Value = shares[i].Value[:4]
	}
	// The newest share has a length that 204 liars agree on. So it comes last instead.
	shares[0], shares[253] = shares[253], shares[0]
	got, atOdds, err = shamir.Recover(5, shares)
	if err != nil || !bytes.Equal(got, secret) || len(atOdds) != 249 {
		t.Errorf("got %q, %d at odds, %v", got, len(atOdds), err)
	}
}

func TestRecoverRefuses(t *testing.T) {
	good := split(t, []byte("a secret"), 3, 5)
	lie := shamir.Share{Index: 2, Value: []byte("mischief")}
	for _, c := range []struct {
		name      string
		threshold int
		shares    []shamir.Share
		want      error
	}{
		{"threshold 1", 1, good, shamir.ErrThreshold},
		{"threshold 255", 255, good, shamir.ErrThreshold},
		{"no shares", 3, nil, shamir.ErrTooFew},
		{"two shares", 3, good[:2], shamir.ErrTooFew},
		{"one of them twice", 3, []shamir.Share{good[0], good[1], good[0]}, shamir.ErrTooFew},
		{"two indices only", 3, []shamir.Share{good[2], good[1], lie}, shamir.ErrTooFew},
		{"one empty", 3, []shamir.Share{good[0], good[1], {Index: 2}}, shamir.ErrTooFew},
		{"one longer", 3, []shamir.Share{good[0], good[1], {Index: 2, Value: make([]byte, 9)}}, shamir.ErrTooFew},
		{"one lies", 3, []shamir.Share{good[0], good[1], lie}, shamir.ErrDigest},
		{"two of four lie", 3, []shamir.Share{good[0], good[1], lie, {Index: 4, Value: lie.Value}}, shamir.ErrDigest},
	} {
		t.Run(c.name, func(t *testing.T) {
			secret, atOdds, err := shamir.Recover(c.threshold, c.shares)
			if !errors.Is(err, c.want) || secret != nil || atOdds != nil {
				t.Errorf("got %q, %v, %v, want %v", secret, atOdds, err, c.want)
			}
		})
	}
}

func TestRecoverSaysWhyItEnded(t *testing.T) {
	shares := split(t, []byte("a secret"), 3, 40)
	for i := range shares {
		shares[i].Value[0] ^= byte(i*i*i + 1)
	}
	_, _, err := shamir.Recover(3, shares)
	if !errors.Is(err, shamir.ErrDigest) || !strings.Contains(err.Error(), "gave up after 5000 sets") {
		t.Errorf("bound reached: %v", err)
	}
	_, _, err = shamir.Recover(3, shares[:5])
	if !errors.Is(err, shamir.ErrDigest) || !strings.Contains(err.Error(), "tried all 10 sets") {
		t.Errorf("bound not reached: %v", err)
	}
}

// With far more sets of shares than may be tried, one or two lies are still found among shares that
// arrive all at once, wherever they are.
func TestRecoverFindsFewLiarsAmongMany(t *testing.T) {
	const n, k = 24, 12
	secret := []byte("a longer secret.")
	for _, liars := range [][]int{{0}, {k - 2}, {k}, {n - 1}, {3, 9}, {0, n - 1}, {n - 2, n - 1}} {
		shares := split(t, secret, k, n)
		for _, x := range liars {
			shares[x].Value[5] ^= 9
		}
		got, atOdds, err := shamir.Recover(k, shares)
		if err != nil || !bytes.Equal(got, secret) || !slices.Equal(atOdds, liars) {
			t.Errorf("liars %v: got %q, %v, %v", liars, got, atOdds, err)
		}
	}
}

// If shares arrive one by one, the secret is found as soon as there are k true shares.
func TestRecoverWhileGathering(t *testing.T) {
	const n, k = 15, 8
	secret := []byte("a longer secret.")
	shares := split(t, secret, k, n)
	for x := range n - k {
		clear(shares[2*x].Value)
	}
	for have := 1; have < n; have++ {
		if _, _, err := shamir.Recover(k, shares[:have]); err == nil {
			t.Fatalf("recovered from %d shares", have)
		}
	}
	got, atOdds, err := shamir.Recover(k, shares)
	if err != nil || !bytes.Equal(got, secret) || !slices.Equal(atOdds, []int{0, 2, 4, 6, 8, 10, 12}) {
		t.Errorf("got %q, %v, %v", got, atOdds, err)
	}
}
