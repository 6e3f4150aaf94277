package client

import (
	"dske/node"
	"dske/protocol"
)

// Status describes a client without any secret.
type Status struct {
	Name           string      `json:"name"`
	EncryptorNames []string    `json:"encryptor_names"`
	PeerHubs       []HubStatus `json:"peer_hubs"`
}

// HubStatus describes the association with a hub.
type HubStatus struct {
	HubName    string          `json:"hub_name"`
	Registered bool            `json:"registered"`
	LocalPool  node.PoolStatus `json:"local_pool"`
	PeerPool   node.PoolStatus `json:"peer_pool"`
}

// Inspect returns a snapshot.
func (c *Client) Inspect() Status {
	status := Status{Name: c.config.Name, EncryptorNames: c.Encryptors()}
	for _, h := range c.hubs {
		channel := protocol.NewChannel(c.config.Suite) // two empty pools, to describe a hub without a session
		s := h.current()
		if s != nil {
			channel = s.channel
		}
		status.PeerHubs = append(status.PeerHubs, HubStatus{
			HubName:    h.Name,
			Registered: s != nil,
			LocalPool:  node.StatusOf(channel.Own),
			PeerPool:   node.StatusOf(channel.Peer),
		})
	}
	return status
}

// Levels returns for every hub, in their order, how many bytes the emptier of the two pools has to offer, and -1
// for a hub that the client is not registered with. It costs much less than [Client.Inspect].
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
