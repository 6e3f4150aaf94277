package protocol

import (
	"context"
	"fmt"
	"io"
	"strconv"

	"dske/protocol/its"
)

// ITS is the suite whose security is information-theoretic; see [its].
var ITS Suite = itsSuite{}

type itsSuite struct{}

func (itsSuite) Name() string { return SuiteITS }

func (itsSuite) Version() int { return 2 }

func (itsSuite) Rules() Rules {
	return Rules{Purposes: true, Slots: true, Strict: true, Refusals: true, ByMaster: true, Numbered: true, Sessions: true}
}

func (itsSuite) RequestContext(r Request) Context {
	if r.Query == "" {
		return Context{r.Method, " ", r.Path}
	}
	return Context{r.Method, " ", r.Path, "?", r.Query}
}

func (itsSuite) ResponseContext(r Response) Context {
	if r.Status == 200 { // as usually
		return Context{"200 ", r.To}
	}
	return Context{strconv.Itoa(r.Status), " ", r.To}
}

func (itsSuite) ComputeTag(key []byte, context Context, body []byte) (tag Tag) {
	copy(tag[:], its.MAC(key, context[:], body))
	return tag
}

func (itsSuite) TagSize() int { return its.TagSize }

func (itsSuite) ShareSize(keySize, slaves int) int { return its.ShareSize(keySize, slaves) }

func (s itsSuite) Split(key Secret, threshold int, numbers []int, slaves int, random io.Reader) ([]Share, error) {
	points, tags, err := its.Split(key.Reveal(), threshold, numbers, slaves, random)
	return s.shares(points, key.Size(), threshold, tags), err
}

func (s itsSuite) FromPads(pads []Share, others []int, keySize, slaves int) (Secret, []Share, error) {
	points := make([]its.Share, len(pads))
	for i, p := range pads {
		points[i] = its.Share{Index: p.Index, Value: p.Value.Reveal()}
	}
	key, points, tags, err := its.FromPads(points, others, keySize, slaves)
	return NewSecret(key), s.shares(points, keySize, len(pads), tags), err
}

func (s itsSuite) shares(points []its.Share, keySize, threshold int, tags [][]byte) []Share {
	terms := Terms{Suite: s.Name(), Version: s.Version(), KeySize: keySize, Threshold: threshold}
	for _, tag := range tags {
		terms.SecretTag = append(terms.SecretTag, tag...)
	}
	shares := make([]Share, len(points))
	for i, p := range points {
		shares[i] = Share{p.Index, terms, NewSecret(p.Value)}
	}
	return shares
}

func (itsSuite) Pick(share Share, slaves int, chosen ...int) (Share, error) {
	value, err := its.Pick(share.Value.Reveal(), slaves, chosen...)
	if err != nil {
		return Share{}, err
	}
	var tag []byte
	for _, j := range chosen {
		tag = append(tag, share.Terms.SecretTag[j*its.TagSize:(j+1)*its.TagSize]...)
	}
	share.Value, share.Terms.SecretTag = NewSecret(value), tag
	return share, nil
}

func (itsSuite) PartSize(share Share) int { return its.ShareSize(share.Terms.KeySize, 1) }

func (s itsSuite) CheckTerms(terms Terms, size, slaves int) error {
	switch {
	case terms.Suite != s.Name() || terms.Version != s.Version():
		return otherSuite(s)
	case terms.Threshold < 2 || terms.Threshold > MaxHubs:
		return fmt.Errorf("%w: threshold is missing or out of range", ErrMalformed)
	case its.ShareSize(terms.KeySize, slaves) == 0:
		return fmt.Errorf("%w: key_size is missing or out of range", ErrMalformed)
	case len(terms.SecretTag) != slaves*its.TagSize:
		return fmt.Errorf("%w: secret tags of %d bytes for %d slaves", ErrMalformed, len(terms.SecretTag), slaves)
	case size != its.ShareSize(terms.KeySize, slaves):
		return fmt.Errorf("%w: a share of %d bytes for a key of %d and %d slaves", ErrMalformed, size, terms.KeySize, slaves)
	}
	return nil
}

func (itsSuite) ForgeryBound(messages, bytes uint64) (its.Bound, bool) {
	return its.AttemptsBound(messages, bytes), true
}

func (s itsSuite) NewSearch(threshold int, random io.Reader) (Search, error) {
	search, err := its.NewSearch(threshold, random)
	return &itsSearch{search, s, threshold}, err
}

type itsSearch struct {
	*its.Search
	suite     itsSuite
	threshold int
}

// Add takes only shares with this threshold. With shares of a smaller threshold that they made
// themselves, too few hubs could agree on a wrong key.
func (s *itsSearch) Add(share Share, suspect bool) error {
	a := its.Answer{
		Index:     share.Index,
		KeySize:   share.Terms.KeySize,
		SecretTag: share.Terms.SecretTag,
		Value:     share.Value.Reveal(),
		Suspect:   suspect,
	}
	if t := share.Terms; t.Threshold != s.threshold || t.Suite != s.suite.Name() || t.Version != s.suite.Version() {
		a.Value = nil // so it counts as a lie
	}
	return s.Search.Add(a)
}

func (s *itsSearch) Find(ctx context.Context) (Secret, error) {
	key, err := s.Search.Find(ctx)
	return NewSecret(key), err
}
