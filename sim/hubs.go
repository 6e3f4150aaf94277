package sim

import (
	"context"
	"net/http"
	"sync/atomic"

	"dske/node"
	"dske/node/client"
	"dske/node/hub"
	"dske/sim/adversary"
	"dske/sim/topology"
)

// hubPlace is the place of a hub, with the state that outlives the hubs in it.
type hubPlace struct {
	place
	counters hub.Counters
	liar     *adversary.Liar

	isBrokenInto atomic.Bool // as reported by an experiment; it does not change what the hub does
}

func newHubPlace(n *Network, name string, number int) *hubPlace {
	h := &hubPlace{place: newPlace(n, node.KindHub, name, number), liar: adversary.NewLiar(name, n.suite)}
	if n.IsDurable() {
		h.kept.counters = h.counters.Each
	}
	return h
}

// asKnown is what clients know of the hub. It is valid once the port is open.
func (h *hubPlace) asKnown() client.Hub {
	implementation := h.network.config.Topology.Hubs[h.number].Implementation
	return client.Hub{Name: h.name(), URL: h.base(), Number: h.number, Python: implementation == topology.ImplementationPython}
}

// newMember makes a hub.
func (h *hubPlace) newMember() (member, error) {
	config := h.network.config
	made, err := hub.New(hub.Config{
		Name:       h.name(),
		Suite:      h.network.suite,
		Number:     h.number,
		Directory:  h.network.directory,
		Certified:  h.network.identity,
		Transport:  h.network.wire.Transport(h.path()),
		ShareTTL:   config.ShareTTL,
		HubTimeout: config.HubTimeout,
		Random:     h.random(),
		Logger:     config.Logger.With(string(h.kind()), h.name()),
		Stop:       h.stopSoon,
		Bulk:       h.network.bulk,
		Counters:   &h.counters,
		Observer:   h.observer,
		Store:      h.disk().store,
		Files:      h.network.files(),
	})
	if err != nil {
		return nil, err
	}
	always := make(chan struct{})
	close(always)
	handler := h.liar.Around(made.Handler(), h.prefix(), made.LeakBlocks)
	return localHub{made, h.network.auditHub(&h.place, handler), always, make(chan struct{})}, nil
}

// localHub is a hub in this process. It needs nothing from others, and does nothing in the
// background.
type localHub struct {
	*hub.Hub
	handler http.Handler
	always  chan struct{} // closed
	ended   chan struct{} // closed when it has ended
}

func (h localHub) Handler() http.Handler { return h.handler }

func (h localHub) Begin(ctx context.Context) {
	go func() {
		defer close(h.ended)
		h.Run(ctx)
	}()
}

func (h localHub) End() { <-h.ended }

func (h localHub) Ready() <-chan struct{} { return h.always }

func (h localHub) WaitIdle(context.Context) error { return nil }

func (h localHub) Unregister(context.Context) {}

func (h localHub) Condition() condition {
	return condition{psrd: h.Stock(), sharesWaiting: h.SharesWaiting()}
}
