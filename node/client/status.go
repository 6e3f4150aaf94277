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
