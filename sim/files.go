package sim

import (
	"fmt"

	"dske/node/client"
	"dske/node/hub"
	"dske/node/parcel"
	"dske/node/store"
)

// byHand reports whether PSRD comes in files, and nothing goes out of band.
func (n *Network) byHand() bool { return n.config.Topology.PSRD.Files > 0 }

// hubNames returns the names of all hubs, each at the place of its number.
func (n *Network) hubNames() []string {
	names := make([]string, len(n.hubs))
	for i, h := range n.hubs {
		names[i] = h.name
	}
	return names
}

// files returns what hubs have to know to make files.
func (n *Network) files() hub.Files {
	if !n.byHand() {
		return hub.Files{}
	}
	return hub.Files{Out: n.config.Topology.PSRD.Files, Threshold: n.config.Topology.Threshold, Hubs: n.hubNames()}
}

// files returns what the client has to know to take files in; nil: it gets none.
func (c *clientPlace) files() (*client.Files, error) {
	if !c.network.byHand() {
		return nil, nil
	}
	identity, err := c.identity()
	return &client.Files{Identity: identity, Hubs: c.network.hubNames()}, err
}

// identityName is the name under which the store of a client keeps what it opens files with. No hub
// has it.
const identityName = "identity of files"

// identity returns what the client opens its files with. It is drawn once, and kept.
func (c *clientPlace) identity() (parcel.Identity, error) {
	var kept store.Secret
	c.disk.store.View(func(s *store.State) { kept = s.Registrations[identityName].Token.Clone() })
	if text := kept.Reveal(); len(text) > 0 {
		defer clear(text)
		return parcel.ParseIdentity(text)
	}
	drawn, err := parcel.NewIdentity()
	if err != nil {
		return parcel.Identity{}, err
	}
	return drawn, c.disk.store.Commit(&store.Registration{Client: identityName, Token: store.NewSecret(drawn.Reveal())})
}

// recipientOf returns what hubs seal files for a client for: what the topology says or, of a client
// that runs here, what that opens.
func (n *Network) recipientOf(name, said string) (string, error) {
	if !n.byHand() {
		return said, nil
	}
	for _, c := range n.local {
		if c.name != name {
			continue
		}
		identity, err := c.identity()
		if err == nil && said != "" && said != identity.Recipient() {
			err = fmt.Errorf("the recipient of client %q in the topology is not that of its data here, which is %s", name, identity.Recipient())
		}
		return identity.Recipient(), err
	}
	return said, nil
}
