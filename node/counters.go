package node

import (
	"errors"
	"sync/atomic"

	"dske/psrd"
)

// Counters are the counters that hubs and clients have in common. They belong to the place of a
// node in its network: they continue when another node of that name takes the place.
type Counters struct {
	FailedVerifications atomic.Int64 // messages with a missing or wrong signature
	Refused             Refusals     // shares that were not taken, or not handed out
	ClientOwned         atomic.Int64 // bytes consumed in pools that clients own
	HubOwned            atomic.Int64 // bytes consumed in pools that hubs own
	RolledBack          atomic.Int64 // how often a peer turned out to have an old copy of its state
}

// Each calls f with every counter and its name. The names are keys in the store, so they must not
// change.
func (c *Counters) Each(f func(name string, count *atomic.Int64)) {
	f("failed_verifications", &c.FailedVerifications)
	f("client_owned", &c.ClientOwned)
	f("hub_owned", &c.HubOwned)
	f("rolled_back", &c.RolledBack)
	for i := range c.Refused.counts {
		f("refused "+reasonNamed(i), &c.Refused.counts[i])
	}
}

// Watch counts the bytes consumed in the pools of a new association.
func (c *Counters) Watch(clientOwned, hubOwned []*psrd.Pool) {
	for _, pool := range clientOwned {
		pool.CountConsumed(&c.ClientOwned)
	}
	for _, pool := range hubOwned {
		pool.CountConsumed(&c.HubOwned)
	}
}

// Refusals counts refusals by reason. The reasons are a fixed set: a word for each error in the
// contract of the DSKE interface, and "other". The zero value is ready to use. It is safe for
// concurrent use.
type Refusals struct {
	counts [len(statuses) + 1]atomic.Int64 // the last one is for "other"
}

// Refusal is a reason and its count.
type Refusal struct {
	Reason string `json:"reason"`
	Count  int64  `json:"count"`
}

// Add counts n refusals for the reason of err.
func (r *Refusals) Add(err error, n int) {
	r.counts[reasonOf(err)].Add(int64(n))
}

// reasonOf returns the index in statuses of the reason of err, or len(statuses) for "other".
func reasonOf(err error) int {
	for i, row := range statuses {
		if errors.Is(err, row.err) {
			return i
		}
	}
	return len(statuses)
}

// Reasons returns the words of all reasons, in a fixed order.
func Reasons() []string {
	var all []string
	for _, row := range statuses {
		all = append(all, row.reason)
	}
	return append(all, "other")
}

// List returns the reasons with a count above 0, in a fixed order.
func (r *Refusals) List() []Refusal {
	list := []Refusal{}
	for i := range r.counts {
		if n := r.counts[i].Load(); n > 0 {
			list = append(list, Refusal{reasonNamed(i), n})
		}
	}
	return list
}

// reasonNamed returns the word for the reason with index i.
func reasonNamed(i int) string {
	if i < len(statuses) {
		return statuses[i].reason
	}
	return "other"
}
