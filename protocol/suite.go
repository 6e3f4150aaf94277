package protocol

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"dske/protocol/its"
	"dske/protocol/shamir"
)

// Suite is the mathematics of a network: how messages are authenticated and how keys are shared. It is
// all that differs between the suites; hubs and clients don't know which one they run. There are two,
// [Python] and [ITS].
type Suite interface {
	// Name is what messages and topologies call the suite.
	Name() string

	// ShareSize returns the size of a share of a key of keySize bytes, in bytes.
	ShareSize(keySize int) int

	// Split shares a key among n hubs, any threshold of which can recover it.
	Split(key Secret, threshold, n int, random io.Reader) ([]Share, error)

	// FromPads makes a key of keySize bytes and its n shares, of which the pads, threshold of them and
	// each of ShareSize bytes, are the first. It needs no source of random bytes. A suite that cannot do
	// this returns an [errors.ErrUnsupported].
	FromPads(pads [][]byte, keySize, threshold, n int) (Secret, []Share, error)

	// Recover finds the key that threshold of the shares agree on, also when others lie, and the
	// positions in shares of those that are at odds with it.
	Recover(threshold int, shares []Share) (key Secret, atOdds []int, err error)

	// checkTerms returns why a share of size bytes with these terms is none of this suite.
	checkTerms(terms Terms, size int) error

	// computeTag authenticates a message with a key of SigningKeySize bytes.
	computeTag(key []byte, query string, body []byte) []byte

	// tagSize is the size of such a tag, in bytes.
	tagSize() int
}

// The suites.
var (
	// Python is the suite of the Python implementation: HMAC-SHA-256, and sharing over GF(2^8) with a
	// digest of 4 bytes.
	Python Suite = pythonSuite{}

	// ITS is the suite whose security is information-theoretic; see [its].
	ITS Suite = itsSuite{}
)

// Suites is all suites, the one that a network has by default first.
var Suites = []Suite{Python, ITS}

// SuiteNamed returns the suite of that name.
func SuiteNamed(name string) (Suite, error) {
	var names []string
	for _, s := range Suites {
		if s.Name() == name {
			return s, nil
		}
		names = append(names, s.Name())
	}
	return nil, fmt.Errorf("suite %.64q is not one of %s", name, strings.Join(names, ", "))
}

// Share is a hub's part of a key.
type Share struct {
	Index int // 0..MaxShareIndex
	Terms Terms
	Value Secret
}

// Terms are what a suite says in the clear with every share of a key, the same with all of them.
type Terms struct {
	Suite     string `json:"suite,omitempty"`     // none: that of the Python implementation
	KeySize   int    `json:"key_size,omitempty"`  // bytes
	Threshold int    `json:"threshold,omitempty"` // shares that recover the key
	SecretTag []byte `json:"secret_tag,omitempty"`
}

// otherSuite is the error for a message of another suite than s.
func otherSuite(s Suite) error {
	return fmt.Errorf("%w: this node speaks %s", ErrSuite, s.Name())
}

type pythonSuite struct{}

func (pythonSuite) Name() string { return SuitePython }

func (pythonSuite) ShareSize(keySize int) int { return keySize }

func (pythonSuite) Split(key Secret, threshold, n int, random io.Reader) ([]Share, error) {
	points, err := shamir.Split(key.Reveal(), threshold, n, random)
	shares := make([]Share, len(points))
	for i, p := range points {
		shares[i] = Share{Index: p.Index, Value: NewSecret(p.Value)}
	}
	return shares, err
}

func (s pythonSuite) FromPads([][]byte, int, int, int) (Secret, []Share, error) {
	return Secret{}, nil, fmt.Errorf("%w: keys from pads in suite %s", errors.ErrUnsupported, s.Name())
}

func (pythonSuite) Recover(threshold int, shares []Share) (Secret, []int, error) {
	points := make([]shamir.Share, len(shares))
	for i, s := range shares {
		points[i] = shamir.Share{Index: s.Index, Value: s.Value.Reveal()}
	}
	key, indices, err := shamir.Recover(threshold, points)
	if err != nil {
		return Secret{}, nil, err
	}
	return NewSecret(key), positions(shares, func(s Share) bool { return slices.Contains(indices, s.Index) }), nil
}

func (s pythonSuite) checkTerms(terms Terms, _ int) error {
	if terms.Suite != "" && terms.Suite != s.Name() {
		return otherSuite(s)
	}
	return nil
}

// computeTag is HMAC-SHA-256 (RFC 2104).
func (pythonSuite) computeTag(key []byte, query string, body []byte) []byte {
	mac := hmac.New(sha256.New, key)
	io.WriteString(mac, query)
	mac.Write(body)
	return mac.Sum(nil)
}

func (pythonSuite) tagSize() int { return sha256.Size }

type itsSuite struct{}

func (itsSuite) Name() string { return SuiteITS }

func (itsSuite) ShareSize(keySize int) int { return its.ShareSize(keySize, 1) }

func (s itsSuite) Split(key Secret, threshold, n int, random io.Reader) ([]Share, error) {
	points, tags, err := its.Split(key.Reveal(), threshold, numbers(0, n), 1, random)
	if err != nil {
		return nil, err
	}
	return s.shares(points, Terms{s.Name(), key.Size(), threshold, tags[0]}), nil
}

func (s itsSuite) FromPads(pads [][]byte, keySize, threshold, n int) (Secret, []Share, error) {
	if len(pads) != threshold {
		return Secret{}, nil, fmt.Errorf("%w: %d pads for a threshold of %d", its.ErrShares, len(pads), threshold)
	}
	if threshold > n {
		return Secret{}, nil, fmt.Errorf("%w, not %d of %d", its.ErrThreshold, threshold, n)
	}
	points := make([]its.Share, len(pads))
	for i, pad := range pads {
		points[i] = its.Share{Index: i, Value: pad}
	}
	key, points, tags, err := its.FromPads(points, numbers(threshold, n), keySize, 1)
	if err != nil {
		return Secret{}, nil, err
	}
	return NewSecret(key), s.shares(points, Terms{s.Name(), keySize, threshold, tags[0]}), nil
}

// numbers returns those from <= i < to.
func numbers(from, to int) []int {
	var list []int
	for i := from; i < to; i++ {
		list = append(list, i)
	}
	return list
}

func (itsSuite) shares(points []its.Share, terms Terms) []Share {
	shares := make([]Share, len(points))
	for i, p := range points {
		shares[i] = Share{p.Index, terms, NewSecret(p.Value)}
	}
	return shares
}

// Recover combines only shares of the same terms, and of those only terms with this threshold: with a
// smaller one of their own making, fewer hubs than it takes could agree on a wrong key.
func (s itsSuite) Recover(threshold int, shares []Share) (Secret, []int, error) {
	search, err := its.NewSearch(threshold, rand.Reader)
	if err != nil {
		return Secret{}, nil, err
	}
	defer search.Close()
	refused := map[int]bool{}
	for i, share := range shares {
		refused[i] = share.Terms.Threshold != threshold || share.Terms.Suite != s.Name() || search.Add(its.Answer{
			Index: share.Index, KeySize: share.Terms.KeySize, SecretTag: share.Terms.SecretTag, Value: bytes.Clone(share.Value.Reveal())}) != nil
	}
	key, err := search.Find(context.Background())
	if err != nil {
		return Secret{}, nil, err
	}
	atOdds := search.AtOdds()
	var list []int
	for i, share := range shares {
		if refused[i] || slices.Contains(atOdds, share.Index) {
			list = append(list, i)
		}
	}
	return NewSecret(key), list, nil
}

func sameTerms(a, b Terms) bool {
	return a.Suite == b.Suite && a.KeySize == b.KeySize && a.Threshold == b.Threshold && slices.Equal(a.SecretTag, b.SecretTag)
}

func (s itsSuite) checkTerms(terms Terms, size int) error {
	switch {
	case terms.Suite != s.Name():
		return otherSuite(s)
	case terms.KeySize < 1 || terms.Threshold < 2 || terms.Threshold > MaxHubs || len(terms.SecretTag) != its.TagSize:
		return fmt.Errorf("%w: key_size, threshold or secret_tag is missing or out of range", ErrMalformed)
	case size != its.ShareSize(terms.KeySize, 1):
		return fmt.Errorf("%w: a share of %d bytes for a key of %d", ErrMalformed, size, terms.KeySize)
	}
	return nil
}

func (itsSuite) computeTag(key []byte, query string, body []byte) []byte {
	return its.MAC(key, query, body)
}

func (itsSuite) tagSize() int { return its.TagSize }

// positions returns where in shares those are that pick chooses.
func positions(shares []Share, pick func(Share) bool) []int {
	var list []int
	for i, s := range shares {
		if pick(s) {
			list = append(list, i)
		}
	}
	return list
}
