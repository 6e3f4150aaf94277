package protocol

import (
	"crypto/subtle"
	"fmt"
	"slices"

	"dske/psrd"
)

// Request is what the signature of a request can cover; the suite decides.
type Request struct {
	Method string
	Path   string // below the name of the node, such as [PathKeyShare]
	Query  string // as sent, without the question mark
	Body   []byte
}

// Response is what the signature of a response can cover; the suite decides.
type Response struct {
	To     string // the [SignatureHeader] of the request that it answers
	Status int    // HTTP
	Body   []byte
}

// VerifyRequest checks the signature of a received request; headers are its [SignatureHeader]
// values. It spends nothing. It fails with [ErrSignature] if the signature is missing or wrong,
// with [ErrMalformed] if it cannot be parsed, with [ErrSuite] if it is of another suite, and with
// the errors of [psrd.Pool.Take] if its key is not available: a replayed message fails with
// [psrd.ErrUsed].
//
// From then on the request has a claim on its signing key: another copy of it fails with
// [psrd.ErrUsed] until the caller ends the claim, by spending the key or with [Incoming.Release].
func (c *Channel) VerifyRequest(headers []string, r Request) (*Incoming, error) {
	return c.verify(headers, c.suite.RequestContext(r), r.Body)
}

// VerifyResponse is like [Channel.VerifyRequest], for a response.
func (c *Channel) VerifyResponse(headers []string, r Response) (*Incoming, error) {
	return c.verify(headers, c.suite.ResponseContext(r), r.Body)
}

func (c *Channel) verify(headers []string, context Context, body []byte) (*Incoming, error) {
	var room room
	s, err := parseHeaders(headers, &room)
	if err != nil {
		return nil, err
	}
	size := c.suite.TagSize()
	isTheirs := func(other Suite) bool { return len(s.tag) == other.TagSize() }
	if len(s.tag) != size && slices.ContainsFunc(Suites, isTheirs) {
		return nil, otherSuite(c.suite)
	}
	key, err := c.PeerKeys.Copy(s.fragments)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	if len(s.tag) != size && c.suite.Rules().Strict {
		return nil, fmt.Errorf("%w: a tag of %d bytes in %s", ErrMalformed, len(s.tag), SignatureHeader)
	}
	if err := checkTag(c.suite, key, s.tag, context, body); err != nil {
		return nil, err
	}
	i := &Incoming{channel: c}
	if _, err := c.PeerKeys.ClaimIn(&i.claim, s.fragments); err != nil {
		return nil, err
	}
	return i, nil
}

// WrongTagError says that a tag is wrong, and how large the message is: each such message is an
// attempt at forgery. It wraps [ErrSignature].
type WrongTagError struct {
	Context int // bytes
	Body    int // bytes
}

func (*WrongTagError) Error() string { return ErrSignature.Error() }

func (*WrongTagError) Unwrap() error { return ErrSignature }

// Incoming is a message with a valid signature. Until it is accepted or opened it has spent
// nothing, and the message can come again once it is released. It is not safe for concurrent use.
type Incoming struct {
	channel  *Channel
	claim    psrd.Allocation // of the signing key
	accepted bool
}

// Release ends the claim on the signing key if the key was not spent.
func (i *Incoming) Release() { i.claim.Deallocate() }

// Accept spends the signing key, so that the message cannot be accepted again. After a success,
// further calls do nothing. It fails with [psrd.ErrUsed] if the claim on the key has ended.
func (i *Incoming) Accept() error {
	if i.accepted {
		return nil
	}
	err := i.claim.Spend()
	i.accepted = err == nil
	return err
}

// Open accepts the message, spends the pad of its share, and returns the share in the clear. The
// signing key is spent even if the pad is bad, since the tag is valid. A bad pad fails with the
// errors of [psrd.Pool.Take], or with [ErrMalformed] if it is not as long as the share.
func (i *Incoming) Open(sealed SealedShare) (Secret, error) {
	if err := i.Accept(); err != nil {
		return Secret{}, err
	}
	if err := sealed.check(); err != nil {
		return Secret{}, err
	}
	share, err := i.channel.Peer.Take(sealed.Pad.Fragments)
	if err != nil {
		return Secret{}, err
	}
	subtle.XORBytes(share, share, sealed.Value)
	return NewSecret(share), nil
}
