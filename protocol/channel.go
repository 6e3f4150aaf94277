package protocol

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"

	"dske/psrd"
)

// Channel is one end of the association of a client with a hub. It is safe for concurrent use.
type Channel struct {
	Own  *psrd.Pool // this side chooses pads from it
	Peer *psrd.Pool // the other side does

	// Signing keys come from these pools. In a suite without separate pools for keys they are the
	// same as the pools for pads.
	OwnKeys, PeerKeys *psrd.Pool

	suite Suite
	pools [4]psrd.Pool // all of the above, in one piece: there may be a million associations
}

// NewChannel returns a channel with empty pools, for messages of one suite.
func NewChannel(suite Suite) *Channel {
	c := new(Channel)
	c.Init(suite)
	return c
}

// Init makes c, which was not used before, a channel with empty pools, for messages of one suite. It
// is for channels that are part of another value, and must not be copied.
func (c *Channel) Init(suite Suite) {
	rules := suite.Rules()
	pads, keys := psrd.ForPads, psrd.ForKeys
	if !rules.Purposes {
		pads = psrd.ForAll
	}
	if !rules.Slots {
		keys = psrd.ForAll
	}
	c.suite = suite
	c.pools = [4]psrd.Pool{
		psrd.EmptyPool(pads, true), psrd.EmptyPool(pads, false), psrd.EmptyPool(keys, true), psrd.EmptyPool(keys, false),
	}
	c.Own, c.Peer, c.OwnKeys, c.PeerKeys = &c.pools[0], &c.pools[1], &c.pools[2], &c.pools[3]
	if !rules.Purposes {
		c.OwnKeys, c.PeerKeys = c.Own, c.Peer
	}
}

// Suite returns the suite of the channel's messages.
func (c *Channel) Suite() Suite { return c.suite }

// Pool returns the pool for a purpose: the one that this side owns, or else the one that its peer
// owns.
func (c *Channel) Pool(own bool, purpose psrd.Purpose) *psrd.Pool {
	switch {
	case own && purpose == psrd.ForKeys:
		return c.OwnKeys
	case own:
		return c.Own
	case purpose == psrd.ForKeys:
		return c.PeerKeys
	default:
		return c.Peer
	}
}

// OwnPools returns the pools that this side owns, and PeerPools those that its peer owns: one or
// two each, in the order of [PurposesOf].
func (c *Channel) OwnPools() []*psrd.Pool { return different(c.Own, c.OwnKeys) }

// PeerPools is like OwnPools, for the peer.
func (c *Channel) PeerPools() []*psrd.Pool { return different(c.Peer, c.PeerKeys) }

// Pools returns all of them: two or four.
func (c *Channel) Pools() []*psrd.Pool {
	if c.Own == c.OwnKeys {
		return []*psrd.Pool{c.Own, c.Peer}
	}
	return []*psrd.Pool{c.Own, c.OwnKeys, c.Peer, c.PeerKeys}
}

func different(pads, keys *psrd.Pool) []*psrd.Pool {
	if pads == keys {
		return []*psrd.Pool{pads}
	}
	return []*psrd.Pool{pads, keys}
}

// PurposesOf returns the purposes for which an association of a suite has pools, on each side.
func PurposesOf(suite Suite) []psrd.Purpose {
	if suite.Rules().Purposes {
		return []psrd.Purpose{psrd.ForPads, psrd.ForKeys}
	}
	return []psrd.Purpose{psrd.ForAll}
}

// Close zeroes what is left in the pools. Nothing can be sent or received after that.
func (c *Channel) Close() {
	for _, pool := range c.Pools() {
		pool.Close()
	}
}

// Reserve sets aside the PSRD for one message: a pad of padSize bytes (none if 0) and a signing
// key. It takes both or none. It fails with a [psrd.ExhaustedError] about the pool that lacks
// bytes. The caller must call [Outgoing.Release].
func (c *Channel) Reserve(padSize int) (*Outgoing, error) {
	o := &Outgoing{suite: c.suite, padSize: padSize}
	var err error
	switch {
	case padSize == 0:
		o.key, err = c.OwnKeys.AllocateIn(&o.room[0], SigningKeySize)
	case c.Own == c.OwnKeys:
		var both []*psrd.Allocation
		if both, err = c.Own.AllocateEach(padSize, SigningKeySize); err == nil {
			o.pad, o.key = both[0], both[1]
		}
	default:
		if o.pad, err = c.Own.AllocateIn(&o.room[1], padSize); err != nil {
			break
		}
		if o.key, err = c.OwnKeys.AllocateIn(&o.room[0], SigningKeySize); err != nil {
			o.pad.Deallocate()
		}
	}
	if err != nil {
		return nil, fmt.Errorf("reserving for a message: %w", err)
	}
	return o, nil
}

// Outgoing is a message in the making: its pad and its signing key.
type Outgoing struct {
	suite   Suite
	padSize int              // bytes
	pad     *psrd.Allocation // nil if the message has no share
	key     *psrd.Allocation
	room    [2]psrd.Allocation // for these
	taken   Secret             // the value of the pad, after TakePad
	sealed  bool
}

// TakePad returns the value of the pad, so that a share can be made of it: a key that is made from
// PSRD needs no other source of random bytes. The caller must not change the value, and
// [Outgoing.Release] clears it. The message can still be sealed, once; its encrypted share is then
// zero.
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

// PadFragments returns the fragments of the pad. The caller owns the slice.
func (o *Outgoing) PadFragments() []psrd.Fragment { return o.pad.Fragments() }

// Seal encrypts a share with the pad and spends the pad. The share must be as long as the reserved
// pad.
func (o *Outgoing) Seal(share Secret) (SealedShare, error) {
	if o.pad == nil || share.Size() != o.padSize {
		return SealedShare{}, fmt.Errorf("sealing a share of %d bytes with a pad of %d", share.Size(), o.padSize)
	}
	var value []byte
	if !o.sealed {
		value = slices.Clone(o.taken.Reveal()) // a copy, since callers of TakePad may hold the pad
	}
	if value == nil {
		var err error
		if value, err = o.pad.Consume(); err != nil {
			return SealedShare{}, fmt.Errorf("sealing a share: %w", err)
		}
	}
	o.sealed = true
	subtle.XORBytes(value, value, share.Reveal())
	return SealedShare{Pad: PadAllocation{o.pad.Fragments()}, Value: value}, nil
}

// SignRequest returns the [SignatureHeader] for exactly this request, and spends the signing key.
func (o *Outgoing) SignRequest(r Request) (string, error) {
	return sign(o.suite, o.key, o.suite.RequestContext(r), r.Body)
}

// SignResponse is like [Outgoing.SignRequest], for a response.
func (o *Outgoing) SignResponse(r Response) (string, error) {
	return sign(o.suite, o.key, o.suite.ResponseContext(r), r.Body)
}

// sign spends a slot for a signature.
func sign(suite Suite, slot *psrd.Allocation, context Context, body []byte) (string, error) {
	key, err := slot.Consume()
	if err != nil {
		return "", fmt.Errorf("signing a message: %w", err)
	}
	defer clear(key)
	tag := suite.ComputeTag(key, context, body)
	var room [2]psrd.Fragment // usually enough
	return signature{slot.Append(room[:0]), tag[:suite.TagSize()]}.String(), nil
}

// Release gives back what was reserved and not spent, and clears the pad that was taken.
func (o *Outgoing) Release() {
	clear(o.taken.Reveal())
	o.taken = Secret{}
	for _, a := range []*psrd.Allocation{o.pad, o.key} {
		if a != nil {
			a.Deallocate()
		}
	}
}
