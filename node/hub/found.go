package hub

import (
	"errors"
	"slices"

	"github.com/google/uuid"

	"dske/node"
	"dske/protocol"
	"dske/psrd"
)

// found is the shares that a response carries.
type found []foundShare

type foundShare struct {
	key uuid.UUID
	*share
}

// findShares returns the shares that a client asks for, as many as fit into a response, and why there
// is none of the others.
func (h *Hub) findShares(p *peerClient, m protocol.GetShares) (found, []protocol.Refusal, []error) {
	var shares found
	refused := []protocol.Refusal{}
	var refusals []error
	for _, key := range m.KeyIDs {
		sh, err := h.findShare(p, m.One(key))
		var e *node.Error
		if errors.As(err, &e) {
			refused = append(refused, protocol.Refusal{KeyID: key, Status: e.Status, Message: e.Message})
			refusals = append(refusals, err)
			continue
		}
		if len(shares) == 0 || shares.size()+sh.Value.Size() <= protocol.MaxBatchSize {
			shares = append(shares, foundShare{key, sh})
		}
	}
	return shares, refused, refusals
}

// findShare returns the share that a client asks for, if it is meant for an encryptor of that client.
func (h *Hub) findShare(p *peerClient, m protocol.GetShare) (*share, error) {
	if !slices.Contains(p.encryptors, m.SlaveSAE) {
		return nil, node.NewError(protocol.ErrEncryptorNotRegistered, "encryptor_name", m.SlaveSAE)
	}
	return h.shares.find(m)
}

// size returns the number of bytes of all the shares.
func (f found) size() int {
	sum := 0
	for _, s := range f {
		sum += s.Value.Size()
	}
	return sum
}

// seal puts the values of the shares, one after the other, under the pad of a response.
func (f found) seal(out *protocol.Outgoing) (protocol.SealedShare, error) {
	if len(f) == 0 {
		return protocol.SealedShare{Pad: protocol.PadAllocation{Fragments: []psrd.Fragment{}}, Value: []byte{}}, nil
	}
	values := make([]byte, 0, f.size())
	defer clear(values[:cap(values)])
	for _, s := range f {
		values = append(values, s.Value.Reveal()...)
	}
	return out.Seal(protocol.NewSecret(values))
}

// places says where in the sealed value the shares are.
func (f found) places() []protocol.BatchedShare {
	places := make([]protocol.BatchedShare, len(f))
	for i, s := range f {
		places[i] = protocol.BatchedShare{KeyID: s.key, ShareIndex: s.Index, Size: s.Value.Size(), Terms: s.Terms}
	}
	return places
}
