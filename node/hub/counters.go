package hub

import (
	"sync/atomic"

	"dske/node"
	"dske/protocol"
)

// Counters are the counters of a hub. See [node.Counters].
type Counters struct {
	node.Counters
	SharesTaken     atomic.Int64
	SharesHandedOut atomic.Int64 // once for each slave

	forgeries forgeries // messages with wrong tags in the names of all clients
}

// Each is like [node.Counters.Each], and includes the counters of hubs.
func (c *Counters) Each(f func(name string, count *atomic.Int64)) {
	c.Counters.Each(f)
	f("shares_taken", &c.SharesTaken)
	f("shares_handed_out", &c.SharesHandedOut)
}

// ForgeryChance returns an upper bound on the probability that one of the messages with wrong tags
// so far would have been accepted. ok is false if the suite has no such bound.
func (c *Counters) ForgeryChance(suite protocol.Suite) (chance protocol.Bound, ok bool) {
	return c.forgeries.bound(suite)
}

// countHandedOut counts a response with n shares, and the refusals in it.
func (c *Counters) countHandedOut(n int, refusals []error) {
	c.SharesHandedOut.Add(int64(n))
	for _, err := range refusals {
		c.Refused.Add(err, 1)
	}
}

// Stock returns how much PSRD the hub has, over all registered clients.
func (h *Hub) Stock() node.Stock {
	stock := h.config.Counters.Stock()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, p := range h.clients {
		if p.registered {
			stock.Add(p.channel.PeerPools(), p.channel.OwnPools())
		}
	}
	return stock
}

// SharesWaiting returns how many shares wait to be fetched.
func (h *Hub) SharesWaiting() int { return h.shares.waiting() }
