package sim

import (
	"time"

	"dske/protocol"
	"dske/sim/topology"
)

// Forecast says how long PSRD lasts under a demand.
type Forecast struct {
	PerKey   int           // bytes that a key takes of the most used pool of an association, at either client
	RunsDry  time.Duration // until a full pool is empty if it is not filled
	Interval time.Duration // the longest interval between couriers that bring a full pool that still suffices; 0: none
}

// ForecastOf returns the forecast for a valid topology in which each client makes, or fetches, a
// key of the given size in bits once per every, with all its hubs. It is arithmetic, and ignores
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
		load = c.Size // 0: nobody brings more
	}
	f.RunsDry = time.Duration(full/f.PerKey) * every
	f.Interval = time.Duration(load/f.PerKey) * every
	return f, nil
}

// Lasts returns after how long the emptiest pool of a client is empty if it is used at the average
// rate so far and not filled; 0 if the pools have not been used.
func (n *Network) Lasts(c ClientSnapshot) time.Duration {
	pools := 2 * len(protocol.PurposesOf(n.suite)) * c.PSRD.Associations
	used := c.PSRD.ClientOwned.Consumed + c.PSRD.HubOwned.Consumed
	if used == 0 || pools == 0 {
		return 0
	}
	const longest = 100 * 365 * 24 * time.Hour
	return time.Duration(min(float64(c.PSRD.Least)*float64(pools)/float64(used)*float64(time.Since(n.began)), float64(longest)))
}
