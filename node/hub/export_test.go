package hub

import (
	"github.com/google/uuid"

	"dske/node"
	"dske/protocol"
	"dske/psrd"
)

// Everybody is a directory without clients that lets any client register.
var Everybody, _ = node.NewDirectory(true, nil)

// AddZeros puts a block of zeros, of any size, into the pool that a registered client owns. The
// block is not sent.
func (h *Hub) AddZeros(client string, size int) error {
	p, err := h.enter(client)
	if err != nil {
		return err
	}
	defer p.leave()
	return p.channel.Peer.Add(psrd.NewBlock(uuid.New(), make([]byte, size)))
}

// HasRoom reports whether a share of a client can wait.
func (h *Hub) HasRoom(client string) bool {
	m := protocol.PostShares{ClientName: client, ShareBatch: protocol.ShareBatch{KeyIDs: make(protocol.KeyIDs, 1)}}
	return h.shares.checkRoom(m) == nil
}

// Fill makes a number of shares, of this size in bytes, wait as if the client had deposited them.
func (h *Hub) Fill(client string, shares, bytes int) {
	h.shares.taken[h.shares.payer(client)] = room{shares, bytes}
}

// Watched returns how many clients the hub will have to look after.
func (h *Hub) Watched() int {
	h.watched.mu.Lock()
	defer h.watched.mu.Unlock()
	return len(h.watched.due)
}
