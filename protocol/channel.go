package protocol

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"

	"dske/psrd"
)

// Channel is one end of the association of a client with a hub. Its methods may be called by several
// goroutines.
type Channel struct {
	Own  *psrd.Pool // this side chooses pads and signing keys from it
	Peer *psrd.Pool // the other side does

	suite Suite
}

// NewChannel returns a channel with two empty pools, for messages of one suite.
func NewChannel(suite Suite) *Channel {
	return &Channel{Own: psrd.NewPool(true), Peer: psrd.NewPool(false), suite: suite}
}

// CheckTerms returns why a share of size bytes with these terms is none of the channel's suite: an
// [ErrSuite] or an [ErrMalformed].
func (c *Channel) CheckTerms(terms Terms, size int) error { return c.suite.checkTerms(terms, size) }

// Reserve sets aside the PSRD for one message: a pad of padSize bytes, none if that is 0, and a
// signing key. It takes both or none, and fails with a [psrd.ExhaustedError] that names the bytes
// needed for both. The caller has to end the reservation with [Outgoing.Release].
func (c *Channel) Reserve(padSize int) (*Outgoing, error) {
	sizes := []int{padSize, SigningKeySize}
	if padSize == 0 {
		sizes = sizes[1:]
	}
	allocations, err := c.Own.AllocateEach(sizes...)
	if err != nil {
		return nil, fmt.Errorf("reserving for a message: %w", err)
	}
	o := &Outgoing{suite: c.suite, padSize: padSize, key: allocations[len(allocations)-1]}
	if padSize > 0 {
		o.pad = allocations[0]
	}
	return o, nil
}

// Outgoing is a message in the making: its pad and its signing key.
type Outgoing struct {
	suite   Suite
	padSize int              // bytes
	pad     *psrd.Allocation // nil if the message has no share
	key     *psrd.Allocation
	taken   Secret // the value of the pad, after TakePad
}

// TakePad returns the value of the pad, for a share that is to be made of it: a key that is taken from
// PSRD needs no other source of random bytes. The caller must not change it. The message can still be
// sealed, once; the encrypted share is zero then.
func (o *Outgoing) TakePad() (Secret, error) {
	if o.pad == nil {
		return Secret{}, errors.New("taking the pad of a message without one")
	}
	pad, err := o.pad.Consume()
	if err != nil {
		return Secret{}, fmt.Errorf("taking a pad: %w", err)
	}
	o.taken = NewSecret(pad)
	return o.taken, nil
}

// PadFragments returns where the pad is. The caller owns the slice.
func (o *Outgoing) PadFragments() []psrd.Fragment { return o.pad.Fragments() }

// Seal one-time-pads a share, which has to be as long as the pad that was reserved, and spends the pad.
func (o *Outgoing) Seal(share Secret) (SealedShare, error) {
	if o.pad == nil || share.Size() != o.padSize {
		return SealedShare{}, fmt.Errorf("sealing a share of %d bytes with a pad of %d", share.Size(), o.padSize)
	}
	value := slices.Clone(o.taken.Reveal()) // the pad, which others may have
	o.taken = Secret{}
	if value == nil {
		var err error
		if value, err = o.pad.Consume(); err != nil {
			return SealedShare{}, fmt.Errorf("sealing a share: %w", err)
		}
	}
	subtle.XORBytes(value, value, share.Reveal())
	return SealedShare{Pad: PadAllocation{o.pad.Fragments()}, Value: value}, nil
}

// Sign returns the [SignatureHeader] for a message of exactly these bytes, and spends the signing key.
func (o *Outgoing) Sign(query string, body []byte) (string, error) {
	key, err := o.key.Consume()
	if err != nil {
		return "", fmt.Errorf("signing a message: %w", err)
	}
	defer clear(key)
	return signature{o.key.Fragments(), o.suite.computeTag(key, query, body)}.String(), nil
}

// Release gives back what was reserved and not spent.
func (o *Outgoing) Release() {
	for _, a := range []*psrd.Allocation{o.pad, o.key} {
		if a != nil {
			a.Deallocate()
		}
	}
}

// Verify checks the signature of a received message, which came with these [SignatureHeader] values, and
// spends nothing. It fails with [ErrSignature] if the signature is missing or wrong, with
// [ErrMalformed] if it cannot be read, with [ErrSuite] if it is one of another suite, and with the errors
// of [psrd.Pool.Take] if its key cannot be had: a replayed message fails with [psrd.ErrUsed].
func (c *Channel) Verify(headers []string, query string, body []byte) (*Incoming, error) {
	if len(headers) == 0 {
		return nil, ErrSignature
	}
	if len(headers) > 1 {
		return nil, fmt.Errorf("%w: more than one %s", ErrMalformed, SignatureHeader)
	}
	s, err := parseSignature(headers[0])
	if err != nil {
		return nil, err
	}
	if size := len(s.tag); size != c.suite.tagSize() && (size == Python.tagSize() || size == ITS.tagSize()) {
		return nil, otherSuite(c.suite)
	}
	key, err := c.Peer.Copy(s.fragments)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	if subtle.ConstantTimeCompare(s.tag, c.suite.computeTag(key, query, body)) != 1 {
		return nil, ErrSignature
	}
	return &Incoming{peer: c.Peer, key: s.fragments}, nil
}

// Incoming is a message whose signature was found right. Unless it is accepted or opened, it has
// spent nothing and can come again.
type Incoming struct {
	peer *psrd.Pool
	key  []psrd.Fragment
}

// Accept spends the signing key, so that the message cannot come again. The errors are those of
// [psrd.Pool.Take].
func (i *Incoming) Accept() error {
	key, err := i.peer.Take(i.key)
	clear(key)
	return err
}

// Open spends the signing key and the pad of the share that the message carries, both or none, and
// returns the share in the clear. The errors are those of [psrd.Pool.Take], and [ErrMalformed] for a pad
// that is not as long as the share.
func (i *Incoming) Open(sealed SealedShare) (Secret, error) {
	if err := sealed.check(); err != nil {
		return Secret{}, err
	}
	value, err := i.peer.Take(append(i.key[:len(i.key):len(i.key)], sealed.Pad.Fragments...))
	if err != nil {
		return Secret{}, err
	}
	clear(value[:SigningKeySize])
	share := value[SigningKeySize:]
	subtle.XORBytes(share, share, sealed.Value)
	return NewSecret(share), nil
}
