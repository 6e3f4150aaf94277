package sim

import (
	"time"

	"dske/protocol"
	"dske/sim/topology"
)

// Forecast is how long PSRD lasts at a demand.
type Forecast struct {
	PerKey   int           // bytes of its fullest used pool that a key takes at an association, at either client
	RunsDry  time.Duration // after which a full pool is empty if nobody brings more
	Interval time.Duration // the longest between couriers that bring a full pool; 0: there is none
}

// ForecastOf returns the forecast for a valid topology of which each client makes, or fetches, a
// key of so many bits every so often, with all its hubs. It is arithmetic, and does not know of
// outages.
func ForecastOf(t *topology.Topology, bits int, every time.Duration) (Forecast, error) {
	suite, err := protocol.SuiteNamed(t.Suite)
	if err != nil {
		return Forecast{}, err
	}
	p, err := PlanOf(t)
	if err != nil {
		return Forecast{}, err
	}
	f := Forecast{PerKey: suite.ShareSize(bits/8, 1) + protocol.SigningKeySize}
	if suite.Rules().Purposes {
		f.PerKey = max(suite.ShareSize(bits/8, 1), protocol.SigningKeySize)
	}
	full, load := p.PoolSize, p.PoolSize
	if c := t.PSRD.Courier; c != nil {
		full = t.PSRD.First()
		load = c.Size // 0: there is nobody who brings more
	}
	f.RunsDry = time.Duration(full/f.PerKey) * every
	f.Interval = time.Duration(load/f.PerKey) * every
	return f, nil
}

// Lasts returns after how long the emptiest pool of a client is empty at the rate at which its
// pools have been used on average so far, if nobody fills it; 0 if they have not been used.
func (n *Network) Lasts(c ClientSnapshot) time.Duration {
	pools := 2 * len(protocol.PurposesOf(n.suite)) * c.PSRD.Associations
	used := c.PSRD.ClientOwned.Consumed + c.PSRD.HubOwned.Consumed
	if used == 0 || pools == 0 {
		return 0
	}
	const longest = 100 * 365 * 24 * time.Hour
	return time.Duration(min(float64(c.PSRD.Least)*float64(pools)/float64(used)*float64(time.Since(n.began)), float64(longest)))
}
