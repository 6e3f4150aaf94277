package client

import (
	"errors"
	"sync/atomic"

	"dske/node"
	"dske/protocol"
)

// Counters is what a client counts. See [node.Counters]; a share that a hub cannot be given or does not give is
// refused.
type Counters struct {
	node.Counters
	KeysMade        atomic.Int64 // and given to a master
	KeysDelivered   atomic.Int64 // to a slave
	SharesScattered atomic.Int64 // that hubs have taken
	SharesGathered  atomic.Int64 // that hubs have given
	SharesAtOdds    atomic.Int64 // with the key that the others gave: a hub lies, or was lied to
}

// scattered counts n shares for one hub, and returns err, which says why they are not there.
func (c *Counters) scattered(n int, err error) error {
	if err != nil {
		c.Refused.Add(err, n)
	} else {
		c.SharesScattered.Add(int64(n))
	}
	return err
}

// gathered counts the share of one hub, or why there is none.
func (c *Counters) gathered(err error) {
	if err != nil {
		c.Refused.Add(err, 1)
	} else {
		c.SharesGathered.Add(1)
	}
}

// verified counts err, the outcome of verifying a response, if the signature was wrong.
func (c *Counters) verified(err error) {
	if errors.Is(err, protocol.ErrSignature) {
		c.FailedVerifications.Add(1)
	}
}

// Stock returns how much PSRD the client has, over all the hubs that it is registered with.
func (c *Client) Stock() node.Stock {
	stock := c.config.Counters.Stock()
	for _, h := range c.hubs {
		if s := h.current(); s != nil {
			stock.Add(s.channel.Own, s.channel.Peer)
		}
	}
	return stock
}

// Levels returns the number of bytes available in the emptier pool of each association, in the order of the
// hubs; -1 where the client is not registered.
func (c *Client) Levels() []int {
	levels := make([]int, len(c.hubs))
	for i, h := range c.hubs {
		levels[i] = -1
		if s := h.current(); s != nil {
			levels[i] = min(s.channel.Own.Available(), s.channel.Peer.Available())
		}
	}
	return levels
}
