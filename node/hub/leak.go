package hub

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/psrd"
)

// Leak is all the secrets of a hub: what an attacker who breaks into it finds.
type Leak struct {
	Blocks []psrd.LeakedBlock     // of all pools of each registered client
	Shares []protocol.LeakedShare // shares that wait to be fetched, sorted by key ID
}

// Leak returns a copy of the secrets that the hub holds now. It does not include what the hub has
// used or delivered before. It is for experiments with a compromised hub; nothing else may call it.
func (h *Hub) Leak() Leak {
	leak := Leak{Shares: h.shares.leak()}
	for _, p := range h.registered() {
		leak.Blocks = append(leak.Blocks, p.leak()...)
	}
	return leak
}

// LeakShares returns the part of [Hub.Leak] that is about one key.
func (h *Hub) LeakShares(key uuid.UUID) []protocol.LeakedShare {
	h.shares.mu.Lock()
	defer h.shares.mu.Unlock()
	return h.shares.leakOf(key)
}

// LeakBlocks returns the part of [Hub.Leak] that one client shares with the hub.
func (h *Hub) LeakBlocks(client string) []psrd.LeakedBlock {
	p, err := h.enter(client)
	if err != nil {
		return nil
	}
	defer p.leave()
	return p.leak()
}

func (p *peerClient) leak() []psrd.LeakedBlock {
	var blocks []psrd.LeakedBlock
	for _, pool := range p.channel.Pools() {
		blocks = append(blocks, pool.Leak()...)
	}
	return blocks
}

func (s *shareStore) leak() []protocol.LeakedShare {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]protocol.LeakedShare, 0, len(s.shares))
	for key := range s.shares {
		list = append(list, s.leakOf(key)...)
	}
	slices.SortFunc(list, func(a, b protocol.LeakedShare) int { return cmp.Compare(a.KeyID.String(), b.KeyID.String()) })
	return list
}

// leakOf returns copies of the shares of a key. The caller holds s.mu.
func (s *shareStore) leakOf(key uuid.UUID) []protocol.LeakedShare {
	var list []protocol.LeakedShare
	for _, sh := range s.shares[key] {
		leaked := protocol.LeakedShare{KeyID: key, Share: sh.Share}
		leaked.Value = protocol.NewSecret(bytes.Clone(sh.Value.Reveal()))
		list = append(list, leaked)
	}
	return list
}
