package node

import (
	"math"

	"dske/psrd"
)

// Stock is the pre-shared random data of a node, in bytes, over all its associations.
type Stock struct {
	Associations int    `json:"associations"`
	Least        int    `json:"least_available"` // in the emptiest pool; 0 without associations
	ClientOwned  Levels `json:"client_owned"`    // in pools that clients own
	HubOwned     Levels `json:"hub_owned"`       // in pools that hubs own
}

// Levels is the number of bytes in each state.
type Levels struct {
	Available int   `json:"available"`
	Allocated int   `json:"allocated"` // allocated and not consumed
	Consumed  int64 `json:"consumed"`  // in total, without bytes that were given up or lost with their node
}

// Add adds the pools of an association.
func (s *Stock) Add(clientOwned, hubOwned []*psrd.Pool) {
	least := min(s.ClientOwned.add(clientOwned), s.HubOwned.add(hubOwned))
	if s.Associations == 0 || least < s.Least {
		s.Least = least
	}
	s.Associations++
}

// add adds the pools, and returns the bytes available in the emptiest of them.
func (l *Levels) add(pools []*psrd.Pool) int {
	least := math.MaxInt
	for _, pool := range pools {
		available, allocated := pool.Levels()
		l.Available += available
		l.Allocated += allocated
		least = min(least, available)
	}
	return least
}

// Stock returns the stock of a node with the consumed bytes so far and no associations yet.
func (c *Counters) Stock() Stock {
	return Stock{
		ClientOwned: Levels{Consumed: c.ClientOwned.Load()},
		HubOwned:    Levels{Consumed: c.HubOwned.Load()},
	}
}
