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

// Suite is the cryptography of a network, and the rules that its messages must follow to keep it
// secure. Everything that differs between suites is here; hubs and clients do not know which suite
// they run. There are two suites, [Python] and [ITS], each in a file of its own.
type Suite interface {
	// Name is the name of the suite in messages and topologies.
	Name() string

	// Version is the version of the suite in messages; 0 if they have none.
	Version() int

	// Rules are what the suite requires of messages and of hubs.
	Rules() Rules

	// RequestContext and ResponseContext return what a signature covers besides the body.
	RequestContext(Request) Context
	ResponseContext(Response) Context

	// ComputeTag authenticates a message with a key of [SigningKeySize] bytes. The tag has TagSize
	// bytes, at most [MaxTagSize].
	ComputeTag(key []byte, context Context, body []byte) Tag
	TagSize() int

	// ShareSize returns the size of a share of a key of keySize bytes for a number of slaves, in
	// bytes; keySize is in bytes.
	ShareSize(keySize, slaves int) int

	// Split shares a key among hubs with these numbers. Any threshold of the shares can recover it
	// for each of the slaves. The result has one share per hub, for all slaves, in the order of
	// numbers.
	Split(key Secret, threshold int, numbers []int, slaves int, random io.Reader) ([]Share, error)

	// FromPads makes a key of keySize bytes from pads of ShareSize bytes, as many as the threshold.
	// The pads become the shares of the hubs with their indices. The returned shares are these,
	// followed by those of the hubs with the other numbers. It needs no source of random bytes. A
	// suite that cannot do this returns an [errors.ErrUnsupported].
	FromPads(pads []Share, others []int, keySize, slaves int) (Secret, []Share, error)

	// Pick returns the part of a share for the chosen slaves, which are counted from 0; slaves is
	// the number of slaves of the share. The value is a copy.
	Pick(share Share, slaves int, chosen ...int) (Share, error)

	// PartSize returns the size of what Pick returns for one slave, in bytes.
	PartSize(share Share) int

	// CheckTerms returns an error if a share of size bytes with these terms, for a number of
	// slaves, does not belong to this suite: an [ErrSuite] or an [ErrMalformed].
	CheckTerms(terms Terms, size, slaves int) error

	// ForgeryBound returns an upper bound on the probability that one of a number of messages with
	// wrong tags would have been accepted. bytes is the total size of their contexts and bodies. ok
	// is false if the suite has no bound.
	ForgeryBound(messages, bytes uint64) (bound Bound, ok bool)

	// NewSearch returns a search for a key that threshold shares for one slave agree on. random
	// must be unknown to liars.
	NewSearch(threshold int, random io.Reader) (Search, error)
}

// Context is what a signature covers besides the body: a text, in parts so that it need not be
// copied.
type Context [5]string

// Size returns the size of the text in bytes.
func (c Context) Size() int {
	size := 0
	for _, part := range c {
		size += len(part)
	}
	return size
}

// MaxTagSize is the maximum size in bytes of a tag in any suite.
const MaxTagSize = 32

// Tag is a tag, followed by zeros if it is shorter than [MaxTagSize].
type Tag [MaxTagSize]byte

// Rules are the measures of a suite against an adversary who owns the network. Each prevents an
// attack that succeeds without it.
type Rules struct {
	Purposes bool // pads and signing keys come from separate pools: a known pad cannot sign anything
	Slots    bool // a signing key is one whole slot of its pool
	Strict   bool // a request has one spelling, and only its first line, signature and body have a meaning
	Refusals bool // refusals are signed, and only then facts; a repeated request gets the same answer
	ByMaster bool // shares are kept by master client and key ID, so other clients' shares cannot block them
	Numbered bool // the index of a share is its hub's number in the network
	Sessions bool // bytes are used below marks that both ends store, if the hub keeps its state over a crash
}

// Search finds the key of the shares that a slave is given, some of which may be lies. It is not
// safe for concurrent use.
type Search interface {
	// Add takes a share and owns its value from then on. Of several shares with the same index the
	// first counts. An error says that the share is of no use.
	Add(share Share, suspect bool) error

	// AdmitSuspects lets Find use the shares of suspects, too.
	AdmitSuspects()

	// Find returns a copy of the key if the shares give it. It stops when ctx ends, and continues
	// from there when it is called again.
	Find(ctx context.Context) (Secret, error)

	// AtOdds returns the indices, ascending, of the shares so far that are at odds with the key
	// found.
	AtOdds() []int

	// Close clears the secrets of the search.
	Close()
}

// Recover finds the key that threshold of the shares agree on, even if other shares lie. All shares
// are for one slave. It also returns the positions of the shares that are at odds with the key. It
// neither changes nor keeps the shares.
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

// Suites are all suites, the default of a network first.
var Suites = []Suite{ITS, Python}

// SuiteNamed returns the suite of that name, or an error.
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

// ForgeryWarning is the probability of a forgery from which a hub warns.
const ForgeryWarning = its.ForgeryWarning

// Share is a hub's part of a key.
type Share struct {
	Index int // 0..MaxShareIndex
	Terms Terms
	Value Secret
}

// Terms are the parameters of a key, in the clear, and the same in all its shares.
type Terms struct {
	Suite     string `json:"suite,omitempty"` // none: that of the Python implementation
	Version   int    `json:"version,omitempty"`
	KeySize   int    `json:"key_size,omitempty"`   // bytes
	Threshold int    `json:"threshold,omitempty"`  // shares that recover the key
	SecretTag []byte `json:"secret_tag,omitempty"` // one tag for each slave, in their order
}

// Slaves returns the number of slaves of a share with these terms; 1 if they do not say.
func (t Terms) Slaves() int { return max(1, len(t.SecretTag)/its.TagSize) }

// Speaks returns the suite and its version as text.
func Speaks(s Suite) string {
	if s.Version() == 0 {
		return s.Name()
	}
	return fmt.Sprintf("%s version %d", s.Name(), s.Version())
}

// otherSuite is the error for a message of a suite or version other than s.
func otherSuite(s Suite) error {
	return fmt.Errorf("%w: this node speaks %s", ErrSuite, Speaks(s))
}

func sameTerms(a, b Terms) bool {
	return a.Suite == b.Suite && a.Version == b.Version && a.KeySize == b.KeySize && a.Threshold == b.Threshold &&
		bytes.Equal(a.SecretTag, b.SecretTag)
}
