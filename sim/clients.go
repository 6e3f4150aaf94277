package sim

import (
	"context"
	"net"
	"slices"
	"sync/atomic"

	"dske/node"
	"dske/node/client"
	"dske/sim/topology"
)

// clientPlace is the place of a client, with the state that outlives the clients in it.
type clientPlace struct {
	place
	own      *ownPorts                  // nil: none; set before any node runs
	lasting  atomic.Pointer[lasting]    // nil: there has been no client
	couriers map[string]*client.Courier // by hub; nil: PSRD comes over the network
}

// ownPorts are the ports that serve one client only.
type ownPorts struct {
	kmeURL    string       // URL of the port for ETSI GS QKD 014; "": none
	streams   net.Listener // for ETSI GS QKD 004; nil: none
	streamsAt string       // its host and port
}

// ports returns the ports of the client.
func (c *clientPlace) ports() ownPorts {
	if c.own == nil {
		return ownPorts{}
	}
	return *c.own
}

// newPorts returns the ports of the client, to add one.
func (c *clientPlace) newPorts() *ownPorts {
	if c.own == nil {
		c.own = &ownPorts{}
	}
	return c.own
}

// lasting is what outlives the clients in a place.
type lasting struct {
	counters  client.Counters
	delivered client.Delivered
}

// prepare makes c the place of a client of the network. It is empty.
func (c *clientPlace) prepare(n *Network, number int) {
	c.place = newPlace(n, node.KindClient, n.config.Topology.Clients[number].Name, number)
	if n.IsDurable() {
		c.kept.counters = c.remembered().counters.Each
	}
}

// topology returns the client in the topology.
func (c *clientPlace) topology() *topology.Client {
	return &c.network.config.Topology.Clients[c.number]
}

// remembered returns what outlives the clients in the place. It is made for the first of them.
func (c *clientPlace) remembered() *lasting {
	if c.lasting.Load() == nil {
		c.lasting.CompareAndSwap(nil, &lasting{})
	}
	return c.lasting.Load()
}

// clientsSleep reports whether clients do nothing until they get a request. Hubs of the other
// implementation know only clients that have registered.
func clientsSleep(t *topology.Topology) bool {
	isPython := func(h topology.Hub) bool { return h.Implementation == topology.ImplementationPython }
	return t.PSRD.Lazy && t.PSRD.Courier == nil && t.PSRD.Files == 0 && !slices.ContainsFunc(t.Hubs, isPython)
}

// newMember makes a client.
func (c *clientPlace) newMember() (member, error) {
	config := c.network.config
	t := config.Topology
	files, err := c.files()
	if err != nil {
		return nil, err
	}
	kept := c.remembered()
	made, err := client.New(client.Config{
		Name:       c.name(),
		Encryptors: c.encryptors(),
		Systems:    c.network.systems,
		Hubs:       c.hubs(),
		Threshold:  t.Threshold,
		Token:      c.network.directory.Client(c.name()).Token(),
		Directory:  c.network.directory,
		OnDemand:   c.sleeps(),
		Single:     config.Single || config.Virtual, // in virtual time sharing would depend on scheduling
		PSRD:       client.PSRD{BlockSize: t.PSRD.BlockSize, LowWater: t.PSRD.LowWater, HighWater: t.PSRD.HighWater, Lazy: t.PSRD.Lazy},
		Couriers:   c.couriers,

		Suite:        c.network.suite,
		KeysFromPSRD: t.KeySource == topology.KeysFromPSRD,

		HubTimeout: config.HubTimeout,
		KeyTTL:     config.ShareTTL,

		RequestTimeout: config.RequestTimeout,
		Strict:         config.Strict,

		Transport: c.network.auditClient(&c.place, c.network.wire.Transport(c.path())),
		Random:    c.random(),
		Logger:    config.Logger.With(string(c.kind()), c.name()),
		Stop:      c.stopSoon,
		Bulk:      c.network.bulk,
		Workers:   &c.network.workers,
		Counters:  &kept.counters,
		Delivered: &kept.delivered,
		Observer:  c.observer,
		Routes:    c.network.routes,
		Store:     c.disk().store,
		Files:     files,
	})
	return localClient{made}, err
}

// localClient is a client in this process.
type localClient struct{ *client.Client }

func (localClient) Announce(context.Context) {}

func (c localClient) Condition() condition { return condition{psrd: c.Stock(), levels: c.Levels()} }

func (c *clientPlace) encryptors() []string { return c.topology().SAEs() }

func (c *clientPlace) hubs() []client.Hub {
	hubs := make([]client.Hub, len(c.topology().Hubs))
	for i, name := range c.topology().Hubs {
		known := c.network.known
		hubs[i] = known[slices.IndexFunc(known, func(h client.Hub) bool { return h.Name == name })]
	}
	return hubs
}
