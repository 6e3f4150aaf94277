package protocol_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"dske/protocol"
	"dske/protocol/its"
	"dske/protocol/shamir"
)

var suites = []protocol.Suite{protocol.Python, protocol.ITS}

// seeded returns a source that gives the same bytes in every run.
func seeded(n int) *rand.ChaCha8 { return rand.NewChaCha8([32]byte{byte(n)}) }

// split shares a key in a suite.
func split(t rapid.TB, suite protocol.Suite, key string, threshold, n, seed int) []protocol.Share {
	t.Helper()
	shares, err := suite.Split(protocol.NewSecret([]byte(key)), threshold, numbers(n), 1, seeded(seed))
	if err != nil {
		t.Fatal(err)
	}
	return shares
}

// altered returns a share with another value.
func altered(s protocol.Share) protocol.Share {
	value := bytes.Clone(s.Value.Reveal())
	value[len(value)/2] ^= 1
	s.Value = protocol.NewSecret(value)
	return s
}

// wantKey fails the test unless the shares give the key and those in these positions are at odds
// with it.
func wantKey(t rapid.TB, suite protocol.Suite, threshold int, shares []protocol.Share, key string, liars ...int) {
	t.Helper()
	got, atOdds, err := protocol.Recover(suite, threshold, shares)
	if err != nil || string(got.Reveal()) != key || !slices.Equal(atOdds, liars) {
		t.Errorf("%s: the key is %q and %v at odds, want %q and %v; error %v", suite.Name(), got.Reveal(), atOdds, key, liars, err)
	}
}

// wantNoKey fails the test if the shares give a key at all.
func wantNoKey(t rapid.TB, suite protocol.Suite, threshold int, shares []protocol.Share, want error) {
	t.Helper()
	got, atOdds, err := protocol.Recover(suite, threshold, shares)
	if !errors.Is(err, want) || got.Reveal() != nil || atOdds != nil {
		t.Errorf("%s: the key is %q and %v at odds, error %v, want %v", suite.Name(), got.Reveal(), atOdds, err, want)
	}
}

func TestSuiteNames(t *testing.T) {
	for name, want := range map[string]protocol.Suite{"dske-python": protocol.Python, "its": protocol.ITS} {
		if got, err := protocol.SuiteNamed(name); err != nil || got != want || got.Name() != name {
			t.Errorf("suite %s is %v, error %v", name, got, err)
		}
	}
	for _, name := range []string{"", "python", "ITS", "its "} {
		got, err := protocol.SuiteNamed(name)
		if want := fmt.Sprintf("suite %q is not one of its, dske-python", name); err == nil || got != nil || err.Error() != want {
			t.Errorf("suite %q is %v, error %v, want %s", name, got, err, want)
		}
	}
}

func TestShareSizes(t *testing.T) {
	for keySize, want := range map[int][2]int{1: {1, 64}, 16: {16, 64}, 17: {17, 80}, 32: {32, 80}, 1000: {1000, 1056}} {
		for i, suite := range suites {
			if got := suite.ShareSize(keySize, 1); got != want[i] {
				t.Errorf("%s: shares of a key of %d bytes have %d, want %d", suite.Name(), keySize, got, want[i])
			}
		}
	}
}

// In every suite, enough of the shares give the key back, in any order. Each share has its index,
// the size of a share and the same terms.
func TestSplitAndRecover(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		suite := rapid.SampledFrom(suites).Draw(t, "suite")
		n := rapid.IntRange(2, 8).Draw(t, "n")
		threshold := rapid.IntRange(2, n).Draw(t, "threshold")
		key := rapid.SliceOfN(rapid.Byte(), 4, 70).Draw(t, "key")
		before := bytes.Clone(key)
		shares := split(t, suite, string(key), threshold, n, 1)
		if len(shares) != n || !bytes.Equal(key, before) {
			t.Fatalf("%d shares, and the key is %x, want %x", len(shares), key, before)
		}
		for i, s := range shares {
			if s.Index != i || s.Value.Size() != suite.ShareSize(len(key), 1) || !reflect.DeepEqual(s.Terms, shares[0].Terms) {
				t.Fatalf("share %d has index %d, %d bytes and the terms %+v", i, s.Index, s.Value.Size(), s.Terms)
			}
			if err := suite.CheckTerms(s.Terms, s.Value.Size(), 1); err != nil {
				t.Fatalf("share %d: %v", i, err)
			}
		}
		some := rapid.Permutation(shares).Draw(t, "shares")[:rapid.IntRange(threshold, n).Draw(t, "number")]
		wantKey(t, suite, threshold, some, string(key))
	})
}

func TestTermsOfShares(t *testing.T) {
	key := "a key of 19 bytes .."[:19]
	for _, s := range split(t, protocol.Python, key, 3, 5, 1) {
		if !reflect.DeepEqual(s.Terms, protocol.Terms{}) {
			t.Errorf("the terms are %+v, want none", s.Terms)
		}
	}
	_, tags, err := its.Split([]byte(key), 3, []int{0, 1, 2, 3, 4}, 1, seeded(1))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range split(t, protocol.ITS, key, 3, 5, 1) {
		if want := (protocol.Terms{Suite: "its", Version: 2, KeySize: 19, Threshold: 3, SecretTag: tags[0]}); !reflect.DeepEqual(s.Terms, want) {
			t.Errorf("the terms are %+v, want %+v", s.Terms, want)
		}
	}
}

func TestSplitRefuses(t *testing.T) {
	failed := errors.New("no bytes today")
	for _, suite := range suites {
		threshold := map[protocol.Suite]error{protocol.Python: shamir.ErrThreshold, protocol.ITS: its.ErrThreshold}[suite]
		key := protocol.NewSecret([]byte("a key"))
		for _, n := range [][2]int{{1, 3}, {4, 3}, {0, 0}, {3, 255}} {
			if shares, err := suite.Split(key, n[0], numbers(n[1]), 1, seeded(1)); !errors.Is(err, threshold) || len(shares) != 0 {
				t.Errorf("%s: %d shares for %v, error %v", suite.Name(), len(shares), n, err)
			}
		}
		if shares, err := suite.Split(protocol.Secret{}, 2, numbers(3), 1, seeded(1)); err == nil || len(shares) != 0 {
			t.Errorf("%s: %d shares of no key", suite.Name(), len(shares))
		}
		if shares, err := suite.Split(key, 2, numbers(3), 1, iotest.ErrReader(failed)); !errors.Is(err, failed) || len(shares) != 0 {
			t.Errorf("%s: %d shares, error %v", suite.Name(), len(shares), err)
		}
	}
}

// Liars are reported by their positions in the list, whatever their indices.
func TestLiarsPositions(t *testing.T) {
	for _, suite := range suites {
		shares := split(t, suite, "a key of the network", 3, 7, 1)
		list := []protocol.Share{shares[6], altered(shares[1]), shares[4], shares[0], altered(shares[3])}
		wantKey(t, suite, 3, list, "a key of the network", 1, 4)
		wantKey(t, suite, 3, append(list, shares[5]), "a key of the network", 1, 4)
		wantKey(t, suite, 3, shares, "a key of the network")

		short, strange := shares[2], shares[2]
		short.Value = protocol.NewSecret(short.Value.Reveal()[1:])
		strange.Index = 999
		wantKey(t, suite, 3, []protocol.Share{short, strange, shares[5], shares[3], shares[4]}, "a key of the network", 0, 1)

		// A share with the index of another share casts doubt on both.
		posing := shares[1]
		posing.Index = 4
		wantKey(t, suite, 3, []protocol.Share{posing, shares[4], shares[0], shares[5], shares[2]}, "a key of the network", 0, 1)
	}
}

func TestRecoverFails(t *testing.T) {
	for _, suite := range suites {
		tooFew := map[protocol.Suite]error{protocol.Python: shamir.ErrTooFew, protocol.ITS: its.ErrTooFew}[suite]
		wrong := map[protocol.Suite]error{protocol.Python: shamir.ErrDigest, protocol.ITS: its.ErrTag}[suite]
		shares := split(t, suite, "a key of the network", 3, 5, 1)
		wantNoKey(t, suite, 3, nil, tooFew)
		wantNoKey(t, suite, 3, shares[:2], tooFew)
		wantNoKey(t, suite, 3, []protocol.Share{shares[0], shares[1], shares[1]}, tooFew)
		wantNoKey(t, suite, 3, []protocol.Share{shares[0], shares[1], altered(shares[2])}, wrong)
		wantNoKey(t, suite, 3, []protocol.Share{shares[0], shares[1], altered(shares[2]), altered(shares[3])}, wrong)
	}
}

// Shares with different terms are at odds with each other, and not combined.
func TestTermsAtOdds(t *testing.T) {
	const key = "a key of the network"
	shares := split(t, protocol.ITS, key, 3, 5, 1)
	for name, change := range map[string]func(*protocol.Terms){
		"suite":      func(m *protocol.Terms) { m.Suite = "dske-python" },
		"key size":   func(m *protocol.Terms) { m.KeySize = 17 }, // a share has the same size then
		"threshold":  func(m *protocol.Terms) { m.Threshold = 2 },
		"tag":        func(m *protocol.Terms) { m.SecretTag = slices.Concat(m.SecretTag[:15], []byte{m.SecretTag[15] ^ 1}) },
		"no tag":     func(m *protocol.Terms) { m.SecretTag = nil },
		"everything": func(m *protocol.Terms) { *m = protocol.Terms{} },
	} {
		odd := slices.Clone(shares)
		change(&odd[0].Terms)
		change(&odd[3].Terms)
		t.Log(name)
		wantKey(t, protocol.ITS, 3, odd, key, 0, 3)
		change(&odd[4].Terms)
		if _, _, err := protocol.Recover(protocol.ITS, 3, []protocol.Share{odd[0], odd[1], odd[2], odd[3]}); err == nil {
			t.Errorf("shares that differ in %s were combined", name)
		}
	}
	// In the suite without terms they do not matter.
	plain := split(t, protocol.Python, key, 3, 5, 1)
	plain[1].Terms = terms
	wantKey(t, protocol.Python, 3, plain, key)
}

// Two liars know what a hub knows, and claim what they like: that two shares are enough, that
// theirs belong to another key, or the true terms with shares of another key. The threshold is
// three.
func TestCoalition(t *testing.T) {
	const key, wrong = "a key of the network", "a key of the liars'."
	honest := split(t, protocol.ITS, key, 3, 5, 1)
	for name, lies := range map[string][]protocol.Share{
		"two are enough":         split(t, protocol.ITS, wrong, 2, 5, 2),
		"another key":            split(t, protocol.ITS, wrong, 3, 5, 2),
		"another key, true tag":  withTerms(split(t, protocol.ITS, wrong, 3, 5, 2), honest[0].Terms),
		"two are enough for it":  withTerms(split(t, protocol.ITS, wrong, 2, 5, 2), honest[0].Terms),
		"two with the true tag":  withThreshold(withTerms(split(t, protocol.ITS, wrong, 2, 5, 2), honest[0].Terms), 2),
		"none is enough":         withThreshold(split(t, protocol.ITS, wrong, 2, 5, 2), 0),
		"one is enough":          withThreshold(split(t, protocol.ITS, wrong, 2, 5, 2), 1),
		"three, of two":          withThreshold(split(t, protocol.ITS, wrong, 2, 5, 2), 3),
		"a key of another size":  split(t, protocol.ITS, wrong[:15], 2, 5, 2),
		"their own, two enough":  withThreshold(honest, 2),
		"their own, a short key": withKeySize(honest, 1),
	} {
		t.Log(name)
		wantNoKeyOf(t, lies[:2])
		for _, list := range [][]protocol.Share{
			{lies[0], lies[1], honest[2]},
			{honest[2], lies[0], lies[1], honest[3]},
			{honest[2], honest[3], lies[1], lies[0]},
		} {
			wantNoKeyOf(t, list)
		}
		wantKey(t, protocol.ITS, 3, []protocol.Share{lies[0], lies[1], honest[2], honest[3], honest[4]}, key, 0, 1)
		wantKey(t, protocol.ITS, 3, []protocol.Share{honest[4], lies[1], honest[2], lies[0], honest[3]}, key, 1, 3)
		wantKey(t, protocol.ITS, 3, []protocol.Share{honest[4], honest[2], honest[3], lies[1], lies[0]}, key, 3, 4)
	}
}

func wantNoKeyOf(t *testing.T, shares []protocol.Share) {
	t.Helper()
	if got, atOdds, err := protocol.Recover(protocol.ITS, 3, shares); err == nil || got.Reveal() != nil || atOdds != nil {
		t.Errorf("the key is %q and %v at odds", got.Reveal(), atOdds)
	}
}

// withTerms returns the shares with other terms.
func withTerms(shares []protocol.Share, terms protocol.Terms) []protocol.Share {
	shares = slices.Clone(shares)
	for i := range shares {
		shares[i].Terms = terms
	}
	return shares
}

func withThreshold(shares []protocol.Share, threshold int) []protocol.Share {
	terms := shares[0].Terms
	terms.Threshold = threshold
	return withTerms(shares, terms)
}

func withKeySize(shares []protocol.Share, size int) []protocol.Share {
	terms := shares[0].Terms
	terms.KeySize = size
	return withTerms(shares, terms)
}

// Shares of a network with another threshold give no key in this one, even if they are enough.
func TestOtherThreshold(t *testing.T) {
	for _, threshold := range []int{2, 4} {
		shares := split(t, protocol.ITS, "a key of the network", threshold, 5, 1)
		wantNoKey(t, protocol.ITS, 3, shares, its.ErrTooFew)
		wantKey(t, protocol.ITS, threshold, shares, "a key of the network")
	}
}

// With fewer honest shares than the threshold there is no key, however many lies there are.
func TestLateHonesty(t *testing.T) {
	const key = "a key of the network"
	honest := split(t, protocol.ITS, key, 3, 6, 1)
	lies := split(t, protocol.ITS, "a key of the liars'.", 2, 6, 2)
	list := []protocol.Share{lies[0], honest[1], lies[2]}
	for _, s := range []protocol.Share{honest[3], altered(honest[4])} {
		list = append(list, s)
		wantNoKeyOf(t, list)
	}
	wantKey(t, protocol.ITS, 3, append(list, honest[5]), key, 0, 2, 4)
}

// padsOf returns pads of a size for hubs with these numbers.
func padsOf(size int, numbers ...int) []protocol.Share {
	var pads []protocol.Share
	for _, n := range numbers {
		pads = append(pads, protocol.Share{Index: n, Value: protocol.NewSecret(content(n, size))})
	}
	return pads
}

func TestFromPads(t *testing.T) {
	for _, size := range []int{1, 16, 32, 50} {
		pads := padsOf(protocol.ITS.ShareSize(size, 1), 4, 0, 2)
		key, shares, err := protocol.ITS.FromPads(pads, []int{1, 3}, size, 1)
		if err != nil || key.Size() != size || len(shares) != 5 {
			t.Fatalf("a key of %d bytes and %d shares, error %v", key.Size(), len(shares), err)
		}
		for i, s := range shares {
			if s.Index != []int{4, 0, 2, 1, 3}[i] || i < 3 && !bytes.Equal(s.Value.Reveal(), pads[i].Value.Reveal()) {
				t.Errorf("share %d has index %d or is not the pad", i, s.Index)
			}
			if err := protocol.ITS.CheckTerms(s.Terms, s.Value.Size(), 1); err != nil {
				t.Error(err)
			}
			if s.Terms.KeySize != size || s.Terms.Threshold != 3 {
				t.Errorf("the terms are %+v", s.Terms)
			}
		}
		wantKey(t, protocol.ITS, 3, shares[2:], string(key.Reveal()))
		wantKey(t, protocol.ITS, 3, []protocol.Share{altered(shares[4]), shares[0], shares[3], shares[1]}, string(key.Reveal()), 0)
	}
}

func TestFromPadsRefuses(t *testing.T) {
	for _, test := range []struct {
		pads    []protocol.Share
		others  []int
		keySize int
		want    error
	}{
		{padsOf(64, 0), []int{1, 2}, 16, its.ErrThreshold},
		{padsOf(64, 0, 1), []int{2}, 17, its.ErrShares},
		{padsOf(64, 0, 1), []int{1}, 16, its.ErrShares},
		{padsOf(64, 0, 1), []int{2}, 0, its.ErrKeySize},
	} {
		if key, shares, err := protocol.ITS.FromPads(test.pads, test.others, test.keySize, 1); !errors.Is(err, test.want) || key.Size() != 0 || len(shares) != 0 {
			t.Errorf("%+v: a key of %d bytes and %d shares, error %v", test, key.Size(), len(shares), err)
		}
	}
	if key, shares, err := protocol.Python.FromPads(padsOf(64, 0, 1), []int{2}, 64, 1); !errors.Is(err, errors.ErrUnsupported) || key.Size() != 0 || shares != nil {
		t.Errorf("a key of %d bytes and %d shares, error %v", key.Size(), len(shares), err)
	}
}

// A share for several slaves has a part for each that no other slave gets; all find the same key.
func TestSeveralSlaves(t *testing.T) {
	const slaves, threshold = 3, 2
	key := "a key of the network"
	for _, suite := range suites {
		shares, err := suite.Split(protocol.NewSecret([]byte(key)), threshold, []int{5, 0, 9}, slaves, seeded(1))
		if err != nil {
			t.Fatal(err)
		}
		var first []protocol.Share
		for j := range slaves {
			var parts []protocol.Share
			for _, s := range shares {
				if err := suite.CheckTerms(s.Terms, s.Value.Size(), slaves); err != nil {
					t.Error(err)
				}
				part, err := suite.Pick(s, slaves, j)
				if err != nil || part.Value.Size() != suite.PartSize(s) || part.Value.Size() != suite.ShareSize(len(key), 1) {
					t.Fatalf("%s: a part of %d bytes, error %v", suite.Name(), part.Value.Size(), err)
				}
				if err := suite.CheckTerms(part.Terms, part.Value.Size(), 1); err != nil {
					t.Error(err)
				}
				parts = append(parts, part)
			}
			wantKey(t, suite, threshold, parts, key)
			if first == nil {
				first = parts
			} else if suite == protocol.ITS {
				wantNoKey(t, suite, threshold, []protocol.Share{first[0], parts[1]}, its.ErrTooFew)
			}
		}
		// A hub that only the last and the first slave use.
		some, err := suite.Pick(shares[1], slaves, 2, 0)
		if err == nil {
			err = suite.CheckTerms(some.Terms, some.Value.Size(), 2)
		}
		part, errPick := suite.Pick(some, 2, 1)
		if err != nil || errPick != nil || !bytes.Equal(part.Value.Reveal(), first[1].Value.Reveal()) || !bytes.Equal(part.Terms.SecretTag, first[1].Terms.SecretTag) {
			t.Errorf("%s: what is for the first slave is not: %v, %v", suite.Name(), err, errPick)
		}
	}
}

func TestCheckTerms(t *testing.T) {
	other := func(change func(*protocol.Terms)) protocol.Terms {
		m := terms
		change(&m)
		return m
	}
	for _, test := range []struct {
		suite protocol.Suite
		terms protocol.Terms
		size  int
		want  error
	}{
		{protocol.Python, protocol.Terms{}, 1, nil},
		{protocol.Python, protocol.Terms{Suite: "dske-python"}, 1, nil},
		{protocol.Python, protocol.Terms{Suite: "its"}, 80, protocol.ErrSuite},
		{protocol.Python, terms, 80, protocol.ErrSuite},
		{protocol.Python, protocol.Terms{Suite: "Dske-Python"}, 1, protocol.ErrSuite},
		{protocol.ITS, terms, 80, nil},
		{protocol.ITS, protocol.Terms{}, 80, protocol.ErrSuite},
		{protocol.ITS, protocol.Terms{Suite: "dske-python"}, 80, protocol.ErrSuite},
		{protocol.ITS, other(func(m *protocol.Terms) { m.Suite = "" }), 80, protocol.ErrSuite},
		{protocol.ITS, other(func(m *protocol.Terms) { m.KeySize = 17 }), 80, nil},
		{protocol.ITS, other(func(m *protocol.Terms) { m.KeySize = 16 }), 80, protocol.ErrMalformed},
		{protocol.ITS, other(func(m *protocol.Terms) { m.KeySize = 33 }), 80, protocol.ErrMalformed},
		{protocol.ITS, other(func(m *protocol.Terms) { m.KeySize = 0 }), 48, protocol.ErrMalformed},
		{protocol.ITS, other(func(m *protocol.Terms) { m.KeySize = -1 }), 0, protocol.ErrMalformed},
		{protocol.ITS, other(func(m *protocol.Terms) { m.KeySize = 1<<63 - 1 }), 80, protocol.ErrMalformed},
		{protocol.ITS, other(func(m *protocol.Terms) { m.Threshold = 1 }), 80, protocol.ErrMalformed},
		{protocol.ITS, other(func(m *protocol.Terms) { m.Threshold = 2 }), 80, nil},
		{protocol.ITS, other(func(m *protocol.Terms) { m.Threshold = 254 }), 80, nil},
		{protocol.ITS, other(func(m *protocol.Terms) { m.Threshold = 255 }), 80, protocol.ErrMalformed},
		{protocol.ITS, other(func(m *protocol.Terms) { m.SecretTag = nil }), 80, protocol.ErrMalformed},
		{protocol.ITS, other(func(m *protocol.Terms) { m.SecretTag = m.SecretTag[1:] }), 80, protocol.ErrMalformed},
		{protocol.ITS, terms, 79, protocol.ErrMalformed},
		{protocol.ITS, terms, 0, protocol.ErrMalformed},
	} {
		if err := test.suite.CheckTerms(test.terms, test.size, 1); !errors.Is(err, test.want) {
			t.Errorf("%s: %+v with %d bytes is %v, want %v", test.suite.Name(), test.terms, test.size, err, test.want)
		}
	}
}
