package association

import (
	"dske/node"
	"dske/protocol"
)

// Inspection describes an association without any secret.
type Inspection struct {
	HubName    string          `json:"hub_name"`
	Registered bool            `json:"registered"`
	LocalPool  node.PoolStatus `json:"local_pool"`
	PeerPool   node.PoolStatus `json:"peer_pool"`
}

// Inspect returns a snapshot.
func (a *Association) Inspect() Inspection {
	channel := protocol.NewChannel(a.config.Suite) // two empty pools, to describe a hub without a session
	s := a.current()
	if s != nil {
		channel = s.channel
	}
	return Inspection{
		HubName:    a.hub.Name,
		Registered: s != nil,
		LocalPool:  node.StatusOf(channel.Own),
		PeerPool:   node.StatusOf(channel.Peer),
	}
}

// Available returns the number of bytes available in the client's own pool and in that of the hub, and whether
// the client is registered; otherwise there are none.
func (a *Association) Available() (own, peer int, registered bool) {
	s := a.current()
	if s == nil {
		return 0, 0, false
	}
	return s.channel.Own.Available(), s.channel.Peer.Available(), true
}

// AddTo adds the pools to the stock of the client, if it is registered.
func (a *Association) AddTo(stock *node.Stock) {
	if s := a.current(); s != nil {
		stock.Add(s.channel.Own, s.channel.Peer)
	}
}
