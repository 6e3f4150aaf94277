package adversary

import (
	"bytes"
	"crypto/subtle"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/psrd"
)

// maxPSRD is how many bytes of PSRD are learnt from one hub.
const maxPSRD = 256 << 20

// knowledge is what is known from a compromised hub.
type knowledge struct {
	// The PSRD is that of both pools with each client. Only bytes that were consumed before they
	// could be learnt count as consumed here: reading a message spends nothing.
	channel *protocol.Channel
	room    int // bytes of PSRD that may still be learnt
	shares  map[uuid.UUID]protocol.LeakedShare
	spare   map[spareKind][]psrd.Fragment // bytes that he may use
	bytes   map[psrd.Fragment][]byte      // values of spare bytes that are in no block
}

func newKnowledge(suite protocol.Suite) *knowledge {
	return &knowledge{
		channel: protocol.NewChannel(indifferent{suite}),
		room:    maxPSRD,
		shares:  map[uuid.UUID]protocol.LeakedShare{},
		spare:   map[spareKind][]psrd.Fragment{},
		bytes:   map[psrd.Fragment][]byte{},
	}
}

// learnBlock adds a block. A known block adds nothing, since its bytes only get fewer.
func (k *knowledge) learnBlock(b psrd.LeakedBlock) {
	pool := k.channel.Peer
	if len(b.Data) > k.room || pool.Add(psrd.NewBlock(b.UUID, bytes.Clone(b.Data))) != nil {
		return
	}
	k.room -= len(b.Data)
	pool.Take(b.Consumed)
}

func (k *knowledge) learnShare(s protocol.LeakedShare) {
	s.Value = protocol.NewSecret(bytes.Clone(s.Value.Reveal()))
	k.shares[s.KeyID] = s
}

// open decrypts a share if every byte of its message's pad is known.
func (k *knowledge) open(s sealedShare) (protocol.Share, bool) {
	value, err := k.channel.Peer.Copy(s.batch.Pad.Fragments)
	if err != nil {
		return protocol.Share{}, false
	}
	subtle.XORBytes(value, value, s.batch.Value)
	return s.batch.Shares(protocol.NewSecret(value))[s.at], true
}

// verifies reports whether the signature of a message is right.
func (k *knowledge) verifies(s sealedShare) bool {
	var incoming *protocol.Incoming
	var err error
	if s.response != nil {
		incoming, err = k.channel.VerifyResponse(s.signature, *s.response)
	} else {
		incoming, err = k.channel.VerifyRequest(s.signature, s.request)
	}
	if err == nil {
		incoming.Release()
	}
	return err == nil
}

// indifferent is a suite without its rules: an adversary ignores the purpose of bytes.
type indifferent struct{ protocol.Suite }

func (indifferent) Rules() protocol.Rules { return protocol.Rules{} }
