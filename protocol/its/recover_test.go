package its_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"dske/protocol/its"
)

// As long as k shares are true, liars are outvoted and named, wherever in the list they are.
func TestRecoverOutvotesLiars(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 8).Draw(t, "n")
		k := rapid.IntRange(2, n).Draw(t, "k")
		key := rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(t, "key")
		shares, tag, err := its.Split(key, k, n, seeded(rapid.Byte().Draw(t, "seed")))
		if err != nil {
			t.Fatal(err)
		}
		liars := rapid.SliceOfNDistinct(rapid.IntRange(0, n-1), 0, min(n-k, k-1), rapid.ID).Draw(t, "liars")
		for _, i := range liars {
			at := rapid.IntRange(0, len(shares[i].Value)-1).Draw(t, "byte")
			shares[i].Value[at] ^= rapid.ByteRange(1, 255).Draw(t, "error")
		}
		given := rapid.Permutation(shares).Draw(t, "shares")
		before := cloneShares(given)
		got, atOdds, err := its.Recover(k, len(key), tag, given)
		if err != nil || !bytes.Equal(got, key) {
			t.Fatalf("got %x, %v, want %x", got, err, key)
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
	key := []byte("a longer key")
	good, tag := split(t, key, 3, 6)
	lie := func(i int, lie byte) its.Share {
		return its.Share{Index: i, Value: bytes.Repeat([]byte{lie}, 64)}
	}
	short := func(i int) its.Share { return its.Share{Index: i, Value: good[i].Value[:48]} }
	for _, c := range []struct {
		name   string
		shares []its.Share
		atOdds []int
	}{
		{"none", good[:3], nil},
		{"empty", append(good[:3:3], its.Share{Index: 4}), []int{4}},
		{"negative index", append(good[:3:3], its.Share{Index: -7, Value: good[3].Value}), []int{-7}},
		{"index of the secret", append(good[:3:3], its.Share{Index: -1, Value: good[3].Value}), []int{-1}},
		{"index 254", append(good[:3:3], its.Share{Index: 254, Value: good[3].Value}), []int{254}},
		{"index that wraps to a true one", append(good[:3:3], its.Share{Index: 256 + 3, Value: good[3].Value}), []int{259}},
		{"shorter ones last", append(good[:3:3], short(3), short(4), short(5)), []int{3, 4, 5}},
		{"shorter ones first", append([]its.Share{short(3), short(4), short(5)}, good[:3]...), []int{3, 4, 5}},
		{"same index, lie first", append([]its.Share{lie(0, 1)}, good[:3]...), []int{0}},
		{"same index, lie last", append(good[:3:3], lie(0, 1)), []int{0}},
		{"same index, shorter", append(good[:3:3], short(0)), []int{0}},
		{"two lies about true indices", []its.Share{lie(0, 1), lie(1, 1), good[0], good[1], good[2]}, []int{0, 1}},
		{"all about one index", []its.Share{lie(0, 1), lie(0, 2), lie(0, 3), good[0], good[1], good[2]}, []int{0}},
		{"the same share often", append(slices.Repeat(good[:1], 300), good[1:3]...), nil},
		{"the newest is nothing new", append(good[:3:3], good[0]), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, atOdds, err := its.Recover(3, len(key), tag, c.shares)
			if err != nil || !bytes.Equal(got, key) || !slices.Equal(atOdds, c.atOdds) {
				t.Errorf("got %q, %v, %v, want %q, %v", got, atOdds, err, key, c.atOdds)
			}
		})
	}
}

// Shares of the first hubs that are their pads are recovered from like any others, padding or not.
func TestRecoverFromPads(t *testing.T) {
	key, shares, tag, err := its.FromPads(randomPads(t, 3, its.ShareSize(20), 5), 20, 3, 5)
	if err != nil {
		t.Fatal(err)
	}
	shares[1].Value[70] ^= 1
	got, atOdds, err := its.Recover(3, 20, tag, shares)
	if err != nil || !bytes.Equal(got, key) || !slices.Equal(atOdds, []int{1}) {
		t.Errorf("got %x, %v, %v, want %x", got, atOdds, err, key)
	}
}

// A share that differs only after the end of a key that does not fill its last block is a lie too.
func TestRecoverNamesLiesAfterTheKey(t *testing.T) {
	shares, tag := split(t, []byte("a key"), 2, 3)
	shares[1].Value[63] ^= 1
	got, atOdds, err := its.Recover(2, 5, tag, shares)
	if err != nil || string(got) != "a key" || !slices.Equal(atOdds, []int{1}) {
		t.Errorf("got %q, %v, %v", got, atOdds, err)
	}
}

func TestRecoverRefuses(t *testing.T) {
	good, tag := split(t, []byte("a key"), 3, 5)
	lie := its.Share{Index: 2, Value: make([]byte, 64)}
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
		{"no tag", 3, 5, nil, good, its.ErrTag},
		{"longer key", 3, 17, tag, good, its.ErrTooFew},
		{"no shares", 3, 5, tag, nil, its.ErrTooFew},
		{"two shares", 3, 5, tag, good[:2], its.ErrTooFew},
		{"one of them twice", 3, 5, tag, []its.Share{good[0], good[1], good[0]}, its.ErrTooFew},
		{"two indices only", 3, 5, tag, []its.Share{good[2], good[1], lie}, its.ErrTooFew},
		{"one empty", 3, 5, tag, []its.Share{good[0], good[1], {Index: 2}}, its.ErrTooFew},
		{"one longer", 3, 5, tag, []its.Share{good[0], good[1], {Index: 2, Value: make([]byte, 80)}}, its.ErrTooFew},
		{"one lies", 3, 5, tag, []its.Share{good[0], good[1], lie}, its.ErrTag},
		{"two of four lie", 3, 5, tag, []its.Share{good[0], good[1], lie, {Index: 4, Value: lie.Value}}, its.ErrTag},
	} {
		t.Run(c.name, func(t *testing.T) {
			key, atOdds, err := its.Recover(c.threshold, c.keySize, c.tag, c.shares)
			if !errors.Is(err, c.want) || key != nil || atOdds != nil {
				t.Errorf("got %q, %v, %v, want %v", key, atOdds, err, c.want)
			}
		})
	}
}

func TestRecoverSaysWhyItEnded(t *testing.T) {
	const n = 110
	shares, tag := split(t, []byte("a key"), 2, n)
	for i, lie := range randomPads(t, n, its.ShareSize(5), 9) {
		shares[i].Value = lie
	}
	_, _, err := its.Recover(2, 5, tag, shares)
	if !errors.Is(err, its.ErrTag) || !strings.Contains(err.Error(), "gave up after 5000 sets") {
		t.Errorf("bound reached: %v", err)
	}
	_, _, err = its.Recover(2, 5, tag, shares[:5])
	if !errors.Is(err, its.ErrTag) || !strings.Contains(err.Error(), "tried all 10 sets") {
		t.Errorf("bound not reached: %v", err)
	}
}

// With far more sets of shares than may be tried, one lie or two are still found among shares that
// come all at once, wherever they are.
func TestRecoverFindsFewLiarsAmongMany(t *testing.T) {
	const n, k = 31, 4
	for _, liars := range [][]int{{0}, {k}, {3, 9}, {0, n - 1}} {
		shares, tag := split(t, []byte("a key"), k, n)
		for _, i := range liars {
			shares[i].Value[5] ^= 9
		}
		got, atOdds, err := its.Recover(k, 5, tag, shares)
		if err != nil || string(got) != "a key" || !slices.Equal(atOdds, liars) {
			t.Errorf("liars %v: got %q, %v, %v", liars, got, atOdds, err)
		}
	}
}

func TestRecoverFromAsManyAsPossible(t *testing.T) {
	shares, tag := split(t, []byte("a key"), 2, 254)
	liars := []int{0, 1, 2, 100, 253}
	for _, i := range liars {
		shares[i].Value[i%64] ^= 1
	}
	got, atOdds, err := its.Recover(2, 5, tag, shares)
	if err != nil || string(got) != "a key" || !slices.Equal(atOdds, liars) {
		t.Errorf("got %q, %v, %v", got, atOdds, err)
	}
}

// Gathering one by one, the key is there as soon as k true shares are.
func TestRecoverWhileGathering(t *testing.T) {
	const n, k = 11, 6
	shares, tag := split(t, []byte("a key"), k, n)
	for i := range n - k {
		clear(shares[2*i].Value)
	}
	for have := 1; have < n; have++ {
		if _, _, err := its.Recover(k, 5, tag, shares[:have]); err == nil {
			t.Fatalf("recovered from %d shares", have)
		}
	}
	got, atOdds, err := its.Recover(k, 5, tag, shares)
	if err != nil || string(got) != "a key" || !slices.Equal(atOdds, []int{0, 2, 4, 6, 8}) {
		t.Errorf("got %q, %v, %v", got, atOdds, err)
	}
}
