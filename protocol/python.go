package protocol

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"

	"dske/protocol/its"
	"dske/protocol/shamir"
)

// Python is the suite of the Python implementation: HMAC-SHA-256, and sharing over GF(2^8) with a
// digest of 4 bytes. It has none of the [Rules]: an attacker who owns the network and is a client
// can read and replace the keys of others.
var Python Suite = pythonSuite{}

type pythonSuite struct{}

func (pythonSuite) Name() string { return SuitePython }

func (pythonSuite) Version() int { return 0 }

func (pythonSuite) Rules() Rules { return Rules{} }

func (pythonSuite) RequestContext(r Request) Context { return Context{r.Query} }

func (pythonSuite) ResponseContext(Response) Context { return Context{} }

// ComputeTag computes HMAC-SHA-256 (RFC 2104).
func (pythonSuite) ComputeTag(key []byte, context Context, body []byte) Tag {
	mac := hmac.New(sha256.New, key)
	for _, part := range context {
		io.WriteString(mac, part)
	}
	mac.Write(body)
	return Tag(mac.Sum(nil))
}

func (pythonSuite) TagSize() int { return sha256.Size }

func (pythonSuite) ShareSize(keySize, _ int) int { return keySize }

// Split gives the shares the indices 0, 1 and so on, whatever numbers the hubs have: each hub is
// told its index.
func (pythonSuite) Split(key Secret, threshold int, numbers []int, _ int, random io.Reader) ([]Share, error) {
	points, err := shamir.Split(key.Reveal(), threshold, len(numbers), random)
	shares := make([]Share, len(points))
	for i, p := range points {
		shares[i] = Share{Index: p.Index, Value: NewSecret(p.Value)}
	}
	return shares, err
}

func (s pythonSuite) FromPads([]Share, []int, int, int) (Secret, []Share, error) {
	return Secret{}, nil, fmt.Errorf("%w: keys from pads in suite %s", errors.ErrUnsupported, s.Name())
}

func (pythonSuite) Pick(share Share, _ int, _ ...int) (Share, error) {
	share.Value = NewSecret(slices.Clone(share.Value.Reveal()))
	return share, nil
}

func (pythonSuite) PartSize(share Share) int { return share.Value.Size() }

func (s pythonSuite) CheckTerms(terms Terms, _, _ int) error {
	if terms.Suite != "" && terms.Suite != s.Name() {
		return otherSuite(s)
	}
	return nil
}

func (pythonSuite) ForgeryBound(uint64, uint64) (its.Bound, bool) { return 1, false }

func (pythonSuite) NewSearch(threshold int, _ io.Reader) (Search, error) {
	return &pythonSearch{threshold: threshold}, nil
}

// pythonSearch tries the shares again whenever one is added.
type pythonSearch struct {
	threshold int
	shares    []shamir.Share
	key       []byte
	proof     []shamir.Share // the shares that gave the key, except one
	atOdds    []int
}

func (s *pythonSearch) Add(share Share, _ bool) error {
	p := shamir.Share{Index: share.Index, Value: share.Value.Reveal()}
	s.shares = append(s.shares, p)
	if s.key == nil {
		return nil
	}
	// If an index came twice, too few shares are left to judge by, since either of the two may lie.
	_, _, err := shamir.Recover(s.threshold, append(slices.Clone(s.proof), p))
	if err != nil && len(s.proof) == s.threshold-1 {
		s.atOdds = append(s.atOdds, p.Index)
		slices.Sort(s.atOdds)
	}
	return nil
}

func (*pythonSearch) AdmitSuspects() {}

func (s *pythonSearch) Find(context.Context) (Secret, error) {
	if s.key != nil {
		return NewSecret(slices.Clone(s.key)), nil
	}
	key, atOdds, err := shamir.Recover(s.threshold, s.shares)
	if err != nil {
		return Secret{}, err
	}
	s.key, s.atOdds = key, atOdds
	for _, p := range s.shares {
		if len(s.proof) < s.threshold-1 && !slices.Contains(atOdds, p.Index) {
			s.proof = append(s.proof, p)
		}
	}
	return NewSecret(slices.Clone(key)), nil
}

func (s *pythonSearch) AtOdds() []int { return slices.Clone(s.atOdds) }

func (s *pythonSearch) Close() {
	for _, p := range s.shares {
		clear(p.Value)
	}
	clear(s.key)
	*s = pythonSearch{}
}
