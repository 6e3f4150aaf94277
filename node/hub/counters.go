package hub

import (
	"sync/atomic"

	"dske/node"
)

// Counters is what a hub counts. See [node.Counters].
type Counters struct {
	node.Counters
	SharesTaken     atomic.Int64
	SharesHandedOut atomic.Int64 // once for each slave
}

// counted returns err, and counts the n shares that it is about if it is one. What cannot be read counts as 1.
func (h *Hub) counted(n int, err error) error {
	if err != nil {
		h.config.Counters.Refused.Add(err, n)
	}
	return err
}

// handedOut counts a response with n shares and why there are no others.
func (c *Counters) handedOut(n int, refusals []error) {
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
		if p.channel != nil {
			stock.Add(p.channel.Peer, p.channel.Own)
		}
	}
	return stock
}

// SharesWaiting returns for how many keys there is a share that waits to be fetched.
func (h *Hub) SharesWaiting() int {
	h.shares.mu.Lock()
	defer h.shares.mu.Unlock()
	return len(h.shares.shares)
}
