package client

import (
	"sync/atomic"

	"dske/node"
)

// Counters are the counters of a client. See [node.Counters]. A share counts as refused if a hub
// does not take it or does not give it.
type Counters struct {
	node.Counters
	KeysMade        atomic.Int64 // keys made and given to a master
	KeysDelivered   atomic.Int64 // keys given to a slave
	SharesScattered atomic.Int64 // shares that hubs have taken
	SharesGathered  atomic.Int64 // shares that hubs have given
	SharesAtOdds    atomic.Int64 // shares that contradict the key: the hub lies, or got a false share
}

// Each is like [node.Counters.Each], and includes the counters of clients.
func (c *Counters) Each(f func(name string, count *atomic.Int64)) {
	c.Counters.Each(f)
	f("keys_made", &c.KeysMade)
	f("keys_delivered", &c.KeysDelivered)
	f("shares_scattered", &c.SharesScattered)
	f("shares_gathered", &c.SharesGathered)
	f("shares_at_odds", &c.SharesAtOdds)
}

// countScattered counts n shares for one hub. The hub has taken the given number of them; if it is
// less than n, err is the reason.
func (c *Counters) countScattered(n, taken int, err error) {
	c.SharesScattered.Add(int64(taken))
	if err != nil {
		c.Refused.Add(err, n-taken)
	}
}

// countGathered counts the share of one hub, or the reason why there is none.
func (c *Counters) countGathered(err error) {
	if err != nil {
		c.Refused.Add(err, 1)
	} else {
		c.SharesGathered.Add(1)
	}
}
