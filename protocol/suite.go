package protocol

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"slices"
	"strings"

	"dske/protocol/its"
)

// Suite is the mathematics of a network, and the rules that its messages have to keep so that it
// holds. It is all that differs between the suites; hubs and clients don't know which one they run.
// There are two, [Python] and [ITS], each in a file of its own.
type Suite interface {
	// Name is what messages and topologies call the suite.
	Name() string

	// Version is the version of the suite that messages name; 0 if they name none.
	Version() int

	// Rules is what the suite asks of messages, and of those who keep shares.
	Rules() Rules

	// RequestContext and ResponseContext return what a signature covers of a message beside its
	// body.
	RequestContext(Request) string
	ResponseContext(Response) string

	// ComputeTag authenticates a message with a key of [SigningKeySize] bytes. The tag has TagSize
	// bytes.
	ComputeTag(key []byte, context string, body []byte) []byte
	TagSize() int

	// ShareSize returns the size of a share of a key of keySize bytes for so many slaves, in bytes.
	ShareSize(keySize, slaves int) int

	// Split shares a key among hubs with these numbers, any threshold of which can recover it for
	// each of the slaves. The shares are for all slaves, and in the order of the numbers.
	Split(key Secret, threshold int, numbers []int, slaves int, random io.Reader) ([]Share, error)

	// FromPads makes a key of keySize bytes of pads of ShareSize bytes, as many as it takes to
	// recover it. They are the shares of the hubs with their indices; the shares that are returned
	// are these, and then those of the hubs with the other numbers. It needs no source of random
	// bytes. A suite that cannot do this returns an [errors.ErrUnsupported].
	FromPads(pads []Share, others []int, keySize, slaves int) (Secret, []Share, error)

	// Pick returns, of a share for a number of slaves, that for those chosen, who count from 0. The
	// value is a copy.
	Pick(share Share, slaves int, chosen ...int) (Share, error)

	// PartSize returns the size of what Pick returns for one slave, in bytes.
	PartSize(share Share) int

	// CheckTerms returns why a share of size bytes with these terms does not belong to this suite
	// for so many slaves: an [ErrSuite] or an [ErrMalformed].
	CheckTerms(terms Terms, size, slaves int) error

	// ForgeryBound returns how likely it is at most that one of so many messages with wrong tags,
	// whose contexts and bodies have so many bytes together, would have been accepted; ok says
	// whether the suite has a bound.
	ForgeryBound(messages, bytes uint64) (bound Bound, ok bool)

	// NewSearch returns a search for a key that threshold shares for one slave agree on. It draws
	// from random what liars must not know.
	NewSearch(threshold int, random io.Reader) (Search, error)
}

// Rules are the measures of a suite against those who own the network. Each is there for an attack
// that succeeds without it.
type Rules struct {
	Purposes bool // pads and signing keys come from pools of their own: who knows a pad can sign nothing with it
	Slots    bool // a signing key is a slot of its pool, in one piece
	Strict   bool // a request has one spelling, and nothing means anything but its first line, signature and body
	Refusals bool // refusals are signed, and facts only then; a request that comes again gets the same answer
	ByMaster bool // shares are kept by master client and key ID: nobody else's stand in the way
	Numbered bool // the index of a share is its hub's number in the network
	Sessions bool // bytes are used below marks that both ends keep, if the hub keeps anything over a crash
}

// Search finds the key that a slave is given shares of, some of which may be lies. It may be used
// by one goroutine at a time.
type Search interface {
	// Add takes a share, whose value it owns from then on. The first one of an index counts. An
	// error says that the share is of no use.
	Add(share Share, suspect bool) error

	// AdmitSuspects lets Find use the shares of suspects too.
	AdmitSuspects()

	// Find returns the key, a copy, if the shares give it. It ends with ctx, and goes on where it
	// was when it is called again.
	Find(ctx context.Context) (Secret, error)

	// AtOdds returns the indices, ascending, of the shares so far that are at odds with the key
	// that was found.
	AtOdds() []int

	// Close clears what the search holds.
	Close()
}

// Recover finds the key that threshold of the shares, all of them for one slave, agree on, also
// when others lie, and the positions in shares of those that are at odds with it. The shares are
// neither changed nor kept.
func Recover(suite Suite, threshold int, shares []Share) (key Secret, atOdds []int, err error) {
	search, err := suite.NewSearch(threshold, rand.Reader)
	if err != nil {
		return Secret{}, nil, err
	}
	defer search.Close()
	refused := make([]bool, len(shares))
	for i, s := range shares {
		s.Value = NewSecret(bytes.Clone(s.Value.Reveal()))
		refused[i] = search.Add(s, false) != nil
	}
	if key, err = search.Find(context.Background()); err != nil {
		return Secret{}, nil, err
	}
	lies := search.AtOdds()
	for i, s := range shares {
		if refused[i] || slices.Contains(lies, s.Index) {
			atOdds = append(atOdds, i)
		}
	}
	return key, atOdds, nil
}

// Suites is all suites, the one that a network has by default first.
var Suites = []Suite{ITS, Python}

// SuiteNamed returns the suite of that name.
func SuiteNamed(name string) (Suite, error) {
	for _, s := range Suites {
		if s.Name() == name {
			return s, nil
		}
	}
	return nil, fmt.Errorf("suite %.64q is not one of %s", name, strings.Join(SuiteNames(), ", "))
}

// Bound is an upper bound on a probability; see [its.Bound].
type Bound = its.Bound

// ForgeryWarning is the chance of forgeries from which a hub warns.
const ForgeryWarning = its.ForgeryWarning

// Share is a hub's part of a key.
type Share struct {
	Index int // 0..MaxShareIndex
	Terms Terms
	Value Secret
}

// Terms are what a suite says in the clear with every share of a key, the same with all of them.
type Terms struct {
	Suite     string `json:"suite,omitempty"` // none: that of the Python implementation
	Version   int    `json:"version,omitempty"`
	KeySize   int    `json:"key_size,omitempty"`   // bytes
	Threshold int    `json:"threshold,omitempty"`  // shares that recover the key
	SecretTag []byte `json:"secret_tag,omitempty"` // of each slave that the share is for, in their order
}

// Slaves returns how many slaves a share with these terms is for, as far as they tell.
func (t Terms) Slaves() int { return max(1, len(t.SecretTag)/its.TagSize) }

// Speaks returns the suite and its version in words.
func Speaks(s Suite) string {
	if s.Version() == 0 {
		return s.Name()
	}
	return fmt.Sprintf("%s version %d", s.Name(), s.Version())
}

// otherSuite is the error for a message of another suite, or version of it, than s.
func otherSuite(s Suite) error {
	return fmt.Errorf("%w: this node speaks %s", ErrSuite, Speaks(s))
}

func sameTerms(a, b Terms) bool {
	return a.Suite == b.Suite && a.Version == b.Version && a.KeySize == b.KeySize && a.Threshold == b.Threshold &&
		bytes.Equal(a.SecretTag, b.SecretTag)
}
