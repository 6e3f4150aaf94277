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
	key  uuid.UUID
	size int // of the slave's part, in bytes
	*share
}

// findShares returns the shares that a client asks for, as many as fit into a response, and, for
// the other keys, the refusals and their errors.
func (h *Hub) findShares(p *peerClient, m protocol.GetShares) (found, []protocol.Refusal, []error) {
	var shares found
	refused := []protocol.Refusal{}
	var refusals []error
	for _, key := range m.KeyIDs {
		sh, err := h.findShare(p, m.One(key))
		if e, ok := errors.AsType[*node.Error](err); ok {
			refused = append(refused, protocol.Refusal{KeyID: key, Status: e.Status, Message: e.Message})
			refusals = append(refusals, err)
			continue
		}
		size := h.config.Suite.PartSize(sh.Share)
		if len(shares) == 0 || sh.Alike(shares[0].Share) && shares.size()+size <= protocol.MaxBatchSize {
			shares = append(shares, foundShare{key, size, sh})
		}
	}
	return shares, refused, refusals
}

// findShare returns the share that a client asks for if it is meant for an encryptor of that
// client.
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
		sum += s.size
	}
	return sum
}

// seal encrypts the slave's parts of the shares with the pad of a response.
func (f found) seal(out *protocol.Outgoing, parts []protocol.Share) (protocol.ShareBatch, error) {
	if len(f) == 0 {
		nothing := protocol.SealedShare{Pad: protocol.PadAllocation{Fragments: []psrd.Fragment{}}, Value: []byte{}}
		return protocol.ShareBatch{KeyIDs: protocol.KeyIDs{}, SealedShare: nothing}, nil
	}
	keys := make(protocol.KeyIDs, len(f))
	for i, s := range f {
		keys[i] = s.key
	}
	batch, values := protocol.NewShareBatch(keys, parts)
	defer clear(values.Reveal())
	var err error
	batch.SealedShare, err = out.Seal(values)
	return batch, err
}
