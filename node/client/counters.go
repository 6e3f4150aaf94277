package client

import (
	"sync/atomic"

	"dske/node"
)

// Counters is what a client counts. See [node.Counters]; a share that a hub cannot be given or does
// not give is refused.
type Counters struct {
	node.Counters
	KeysMade        atomic.Int64 // and given to a master
	KeysDelivered   atomic.Int64 // to a slave
	SharesScattered atomic.Int64 // that hubs have taken
	SharesGathered  atomic.Int64 // that hubs have given
	SharesAtOdds    atomic.Int64 // with the key that the others gave: a hub lies, or was lied to
}

// Each is that of [node.Counters], with the counts of clients.
func (c *Counters) Each(f func(name string, count *atomic.Int64)) {
	c.Counters.Each(f)
	f("keys_made", &c.KeysMade)
	f("keys_delivered", &c.KeysDelivered)
	f("shares_scattered", &c.SharesScattered)
	f("shares_gathered", &c.SharesGathered)
	f("shares_at_odds", &c.SharesAtOdds)
}

// countScattered counts n shares for one hub, which has taken some of them, and if not all, then
// because of err.
func (c *Counters) countScattered(n, taken int, err error) {
	c.SharesScattered.Add(int64(taken))
	if err != nil {
		c.Refused.Add(err, n-taken)
	}
}

// countGathered counts the share of one hub, or why there is none.
func (c *Counters) countGathered(err error) {
	if err != nil {
		c.Refused.Add(err, 1)
	} else {
		c.SharesGathered.Add(1)
	}
}
