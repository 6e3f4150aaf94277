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
	channel := protocol.NewChannel(a.config.Suite) // empty pools, to describe a hub without a session
	s := a.current()
	if s != nil {
		channel = s.channel
	}
	return Inspection{
		HubName:           a.hub.Name,
		Registered:        s != nil,
		AssociationStatus: node.StatusOfAssociation(channel),
	}
}

// Available returns the number of bytes available in the emptiest pool, and whether the client is
// registered. It returns 0 if not.
func (a *Association) Available() (least int, registered bool) {
	s := a.current()
	if s == nil {
		return 0, false
	}
	least = math.MaxInt
	for _, pools := range [][]*psrd.Pool{s.channel.OwnPools(), s.channel.PeerPools()} {
		for _, pool := range pools {
			least = min(least, stockOf(pool))
		}
	}
	return least, true
}

// Capacity returns how many shares of shareSize bytes the hub can be given with the PSRD at hand.
// Each share costs a pad and a signing key of the client's, and a signing key of the hub's for the
// response. PSRD that a lazy client fetches with the first request counts as if it were there.
func (a *Association) Capacity(shareSize int) int {
	s := a.current()
	isUnused := a.isUnused(s)
	if s == nil {
		if !isUnused {
			return 0
		}
		s = &session{channel: protocol.NewChannel(a.config.Suite)}
	}
	available := func(pool *psrd.Pool) int {
		if isUnused {
			return max(stockOf(pool), a.config.PSRD.HighWater)
		}
		return stockOf(pool)
	}
	c := s.channel
	peer := available(c.PeerKeys) / protocol.SigningKeySize
	if c.Own == c.OwnKeys {
		return min(available(c.Own)/(shareSize+protocol.SigningKeySize), peer)
	}
	return min(available(c.Own)/shareSize, available(c.OwnKeys)/protocol.SigningKeySize, peer)
}

// AddTo adds the pools to stock if the client is registered.
func (a *Association) AddTo(stock *node.Stock) {
	if s := a.current(); s != nil {
		stock.Add(s.channel.OwnPools(), s.channel.PeerPools())
	}
}
