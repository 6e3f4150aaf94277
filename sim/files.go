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

// hubNames returns the names of all hubs, in the order of their numbers.
func (n *Network) hubNames() []string {
	names := make([]string, len(n.hubs))
	for i, h := range n.hubs {
		names[i] = h.name()
	}
	return names
}

// files returns what hubs need to make files.
func (n *Network) files() hub.Files {
	if !n.byHand() {
		return hub.Files{}
	}
	return hub.Files{Out: n.config.Topology.PSRD.Files, Threshold: n.config.Topology.Threshold, Hubs: n.hubNames()}
}

// files returns what the client needs to take files in, or nil if PSRD does not come in files.
func (c *clientPlace) files() (*client.Files, error) {
	if !c.network.byHand() {
		return nil, nil
	}
	identity, err := c.identity()
	return &client.Files{Identity: identity, Hubs: c.network.hubNames()}, err
}

// identityName is the name under which the store of a client has the key that opens its files. No
// hub has it.
const identityName = "identity of files"

// identity returns the key with which the client opens its files. It is drawn once, and stored.
func (p *place) identity() (parcel.Identity, error) {
	var kept store.Secret
	p.disk().store.View(func(s *store.State) { kept = s.Registrations[identityName].Token.Clone() })
	if text := kept.Reveal(); len(text) > 0 {
		defer clear(text)
		return parcel.ParseIdentity(text)
	}
	drawn, err := parcel.NewIdentity()
	if err != nil {
		return parcel.Identity{}, err
	}
	return drawn, p.disk().store.Commit(&store.Registration{Client: identityName, Token: store.NewSecret(drawn.Reveal())})
}

// recipientOf returns what hubs seal files for a client for: the recipient in the topology or, for
// a client that runs here, the recipient of its own identity.
func (n *Network) recipientOf(name, said string) (string, error) {
	p := n.at("client/" + name)
	if !n.byHand() || p == nil || p.apart != nil {
		return said, nil
	}
	identity, err := p.identity()
	if err == nil && said != "" && said != identity.Recipient() {
		err = fmt.Errorf("the recipient of client %q in the topology differs from that of its data here, which is %s", name, identity.Recipient())
	}
	return identity.Recipient(), err
}
