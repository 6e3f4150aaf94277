package protocol

import (
	"crypto/subtle"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"dske/psrd"
)

// PairSize is the number of PSRD bytes that one request about marks and its answer spend where both
// go in band: two slots.
const PairSize = 2 * psrd.SlotSize

// Control authenticates messages about marks between a client and a hub where nothing goes out of
// band. It is one of the two ends. It has a block of pairs of slots for that. The client uses the
// pairs in their order: the first slot of a pair signs its request, and the second the answer.
//
// The client chooses the slot of the answer because an old copy of the hub's state may have been
// put back: the hub signs only with a slot whose first use it has seen since its last start. If an
// old copy of a client's state was put back, the client may sign two requests with one slot; but
// the hub has stored that it took one and takes no other. So each end can believe the other's
// marks, and the marks of an end that was put back are lower. See wire.md.
//
// It is safe for concurrent use.
type Control struct {
	suite Suite
	slots *psrd.Pool
}

// NewControl returns the end of the client or of the hub, with the rest of a block of pairs from
// mark on. size and mark are in bytes; mark is a multiple of [PairSize]. NewControl copies what it
// needs of tail and zeroes tail.
func NewControl(suite Suite, isClient bool, block uuid.UUID, size, mark int, tail []byte) (*Control, error) {
	if size%PairSize != 0 || mark%PairSize != 0 {
		return nil, &psrd.FragmentError{Fragment: psrd.Fragment{Block: block, Start: mark, Size: size}, Err: psrd.ErrNotSlot}
	}
	c := &Control{suite, psrd.NewPeerPool(psrd.ForKeys)}
	if isClient {
		c.slots = psrd.NewOwnPool(psrd.ForKeys)
	}
	b, err := psrd.OpenBlock(block, size, mark, tail)
	if err != nil {
		return nil, err
	}
	if err := c.slots.Add(b); err != nil {
		return nil, err
	}
	return c, c.slots.Raise(block, size)
}

// Close zeroes what is left.
func (c *Control) Close() { c.slots.Close() }

// Pair holds the two slots of a request and its answer, at one of the two ends.
type Pair struct {
	suite           Suite
	request, answer *psrd.Allocation
	to              string // the signature of the request
}

// Reserve takes the next pair of the client. It fails with a [psrd.ExhaustedError] if none is left.
func (c *Control) Reserve() (*Pair, error) {
	both, err := c.slots.AllocateEach(psrd.SlotSize, psrd.SlotSize)
	if err != nil {
		return nil, fmt.Errorf("reserving for marks: %w", err)
	}
	return &Pair{suite: c.suite, request: both[0], answer: both[1]}, nil
}

// Discard spends the unspent slots of the pair.
func (p *Pair) Discard() {
	for _, slot := range []*psrd.Allocation{p.request, p.answer} {
		_ = slot.Spend() // it may be spent already
	}
}

// End returns the block of the pair and the position in bytes where the pair ends, which is the
// block's mark once the pair is used. The caller must store that mark before it sends anything.
func (p *Pair) End() (block uuid.UUID, end int) {
	f := p.request.Fragments()[0]
	return f.Block, f.Start + PairSize
}

// SignRequest returns the [SignatureHeader] for exactly this request.
func (p *Pair) SignRequest(r Request) (string, error) {
	var err error
	p.to, err = sign(p.suite, p.request, p.suite.RequestContext(r), r.Body)
	return p.to, err
}

// VerifyResponse checks that the hub has given this answer to the request. It succeeds once. It
// fails like [Channel.VerifyResponse].
func (p *Pair) VerifyResponse(headers []string, status int, body []byte) error {
	s, err := parseHeaders(headers, new(room))
	if err != nil {
		return err
	}
	if !slices.Equal(s.fragments, p.answer.Fragments()) {
		return fmt.Errorf("%w: not signed with the slot for the answer", ErrSignature)
	}
	key, err := p.answer.Consume()
	if err != nil {
		return err
	}
	defer clear(key)
	return checkTag(p.suite, key, s.tag, p.suite.ResponseContext(Response{To: p.to, Status: status, Body: body}), body)
}

// VerifyRequest checks the signature of a request that the hub received, like
// [Channel.VerifyRequest], and spends the slot if the signature is valid.
func (c *Control) VerifyRequest(headers []string, r Request) (*Pair, error) {
	s, err := parseHeaders(headers, new(room))
	if err != nil {
		return nil, err
	}
	first := s.fragments[0]
	if len(s.fragments) != 1 || first.Start%PairSize != 0 {
		return nil, &psrd.FragmentError{Fragment: first, Err: psrd.ErrNotSlot}
	}
	key, err := c.slots.Copy(s.fragments)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	if err := checkTag(c.suite, key, s.tag, c.suite.RequestContext(r), r.Body); err != nil {
		return nil, err
	}
	p := &Pair{suite: c.suite, to: headers[0]}
	if p.request, err = c.slots.Claim(s.fragments); err != nil {
		return nil, err
	}
	second := psrd.Fragment{Block: first.Block, Start: first.Start + psrd.SlotSize, Size: psrd.SlotSize}
	if p.answer, err = c.slots.Claim([]psrd.Fragment{second}); err != nil {
		return nil, err
	}
	return p, p.request.Spend()
}

// SignResponse returns the [SignatureHeader] for exactly this answer to the request.
func (p *Pair) SignResponse(status int, body []byte) (string, error) {
	return sign(p.suite, p.answer, p.suite.ResponseContext(Response{To: p.to, Status: status, Body: body}), body)
}

// checkTag returns a [WrongTagError] unless the tag is valid.
func checkTag(suite Suite, key, tag []byte, context Context, body []byte) error {
	want := suite.ComputeTag(key, context, body)
	if subtle.ConstantTimeCompare(tag, want[:suite.TagSize()]) != 1 {
		return &WrongTagError{Context: context.Size(), Body: len(body)}
	}
	return nil
}

// BlockOf returns the block of the signing key that a signature names, so that the caller can find
// its [Control].
func BlockOf(headers []string) (uuid.UUID, error) {
	s, err := parseHeaders(headers, new(room))
	if err != nil {
		return uuid.Nil, err
	}
	return s.fragments[0].Block, nil
}
