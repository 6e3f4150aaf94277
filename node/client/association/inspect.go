package association

import (
	"math"

	"dske/node"
	"dske/protocol"
	"dske/psrd"
)

// Inspection describes an association without any secret.
type Inspection struct {
	HubName    string `json:"hub_name"`
	Registered bool   `json:"registered"`
	node.AssociationStatus
}

// Inspect returns a snapshot.
func (a *Association) Inspect() Inspection {
	s := a.current()
	i := Inspection{HubName: a.hub.Name, Registered: s != nil}
	if s == nil {
		s = a.emptySession()
	}
	i.AssociationStatus = node.StatusOfAssociation(&s.channel)
	return i
}

// Available returns the number of bytes available in the emptiest pool, for a lazy client in the
// emptiest one in use, and whether the client is registered. It returns 0 if not.
func (a *Association) Available() (least int, registered bool) {
	s := a.current()
	if s == nil {
		return 0, false
	}
	least = math.MaxInt
	for _, to := range a.supplies() {
		if !a.isWaiting(s, to) {
			least = min(least, stockOf(s.pool(to)))
		}
	}
	if least == math.MaxInt { // it needs none
		return 0, true
	}
	return least, true
}

// Capacity returns how many shares of shareSize bytes the hub can be given with the PSRD at hand.
// Each share costs a pad and a signing key of the client's, and a signing key of the hub's for the
// response. PSRD that a lazy client fetches with the first request counts as if it were there.
func (a *Association) Capacity(shareSize int) int {
	s := a.current()
	if s == nil {
		if !a.isLazy() || a.hasMet() {
			return 0
		}
		s = a.emptySession()
	}
	available := func(owner protocol.PoolOwner, purpose psrd.Purpose) int {
		to := supply{owner, purpose}
		if a.isWaiting(s, to) {
			return max(stockOf(s.pool(to)), a.config.PSRD.HighWater)
		}
		return stockOf(s.pool(to))
	}
	if !a.config.Suite.Rules().Purposes {
		own, peer := available(protocol.OwnerClient, psrd.ForAll), available(protocol.OwnerHub, psrd.ForAll)
		return min(own/(shareSize+protocol.SigningKeySize), peer/protocol.SigningKeySize)
	}
	keys := min(available(protocol.OwnerClient, psrd.ForKeys), available(protocol.OwnerHub, psrd.ForKeys))
	return min(available(protocol.OwnerClient, psrd.ForPads)/shareSize, keys/protocol.SigningKeySize)
}

// AddTo adds the pools to stock if the client is registered.
func (a *Association) AddTo(stock *node.Stock) {
	if s := a.current(); s != nil {
		stock.Add(s.channel.OwnPools(), s.channel.PeerPools())
	}
}
