package hub

import (
	"dske/node"
	"dske/protocol"
)

// smallStock is the size in bytes up to which the stock of a client does not count, unless the
// client is a stranger: large networks have many such clients.
const smallStock = 1 << 20

// checkStock returns a [protocol.ErrFull] if a stranger, or a client with much unused PSRD, asks
// for more and the hub has no room for it.
func (h *Hub) checkStock(p *peerClient, size int) error {
	if p.unused()+size <= smallStock && !h.isStranger(p.name) {
		return nil
	}
	unused := 0
	for _, c := range h.registered() {
		unused += c.unused()
	}
	if unused+size > protocol.MaxHubStock {
		return node.NewError(protocol.ErrFull, "client_name", p.name, "psrd_unused", unused, "limit", protocol.MaxHubStock)
	}
	return nil
}

// unused returns the size of the stock of a client, in bytes.
func (p *peerClient) unused() int {
	sum := 0
	for _, pool := range p.channel.Pools() {
		sum += pool.Total().Unused
	}
	return sum
}
