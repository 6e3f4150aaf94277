package client

import (
	"dske/node"
	"dske/node/client/association"
)

// Inspection describes a client without any secret.
type Inspection struct {
	Name           string                   `json:"name"`
	EncryptorNames []string                 `json:"encryptor_names"`
	PeerHubs       []association.Inspection `json:"peer_hubs"`
}

// Inspect returns a snapshot.
func (c *Client) Inspect() Inspection {
	inspection := Inspection{Name: c.config.Name, EncryptorNames: c.Encryptors()}
	for _, h := range c.hubs {
		inspection.PeerHubs = append(inspection.PeerHubs, h.Inspect())
	}
	return inspection
}

// Stock returns how much PSRD the client has, over all the hubs that it is registered with.
func (c *Client) Stock() node.Stock {
	stock := c.config.Counters.Stock()
	for _, h := range c.hubs {
		h.AddTo(&stock)
	}
	return stock
}

// Levels returns the number of bytes available in the emptiest pool of each association, in the
// order of the hubs; -1 where the client is not registered.
func (c *Client) Levels() []int {
	levels := make([]int, len(c.hubs))
	for i, h := range c.hubs {
		levels[i] = -1
		if least, registered := h.Available(); registered {
			levels[i] = least
		}
	}
	return levels
}
