package sim

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"dske/node"
	"dske/node/hub"
	"dske/protocol"
)

// ErrNoSuchNode is the error for a node that the topology does not have.
var ErrNoSuchNode = errors.New("no such node")

// Start fills the place of a node, for example hub/hank, with a fresh one. A node that is running
// is left alone. If the node is just stopping, Start waits for that, for as long as ctx lasts.
func (n *Network) Start(ctx context.Context, name string) error {
	p, err := n.place(name)
	if err != nil {
		return err
	}
	return p.start(ctx)
}

// Stop empties the place of a node when its requests under way are done. A client first unregisters
// from its hubs. A node that is stopped is left alone. If ctx ends before the node has stopped,
// Stop fails, and the node stops all the same.
func (n *Network) Stop(ctx context.Context, name string) error {
	p, err := n.place(name)
	if err != nil {
		return err
	}
	return p.stop(ctx)
}

// Crash empties the place of a node at once: requests under way get no answer, and nobody is told.
func (n *Network) Crash(ctx context.Context, name string) error {
	p, err := n.place(name)
	if err != nil {
		return err
	}
	return p.empty(ctx, 0, func(member) {})
}

// Suspend is [Network.Crash] for a node that keeps its state until [Network.Start], as one does that has
// it on a disk.
func (n *Network) Suspend(ctx context.Context, name string) error {
	p, err := n.place(name)
	if err != nil {
		return err
	}
	return p.goAway(ctx)
}

// Leak returns the secrets of a hub, such as hub/hank, that is running in this process: what
// somebody finds who breaks into it. It is for experiments.
func (n *Network) Leak(name string) (hub.Leak, error) {
	p, err := n.place(name)
	if err != nil {
		return hub.Leak{}, err
	}
	switch m := p.member().(type) {
	case nil:
		return hub.Leak{}, node.Stopped(p.kind, p.name)
	case interface{ Leak() hub.Leak }:
		return m.Leak(), nil
	default:
		return hub.Leak{}, fmt.Errorf("%s is not a hub of this process", name)
	}
}

// SetBrokenInto says into which hubs, by their names without hub/, an attacker has broken, for who
// asks how the nodes are. Hubs that there are none of do not count.
func (n *Network) SetBrokenInto(hubs []string) {
	for _, h := range n.hubs {
		h.isBrokenInto.Store(slices.Contains(hubs, h.name))
	}
}

// LeakShares is the part of [Network.Leak] that is about one key.
func (n *Network) LeakShares(name string, key uuid.UUID) ([]protocol.LeakedShare, error) {
	p, err := n.place(name)
	if err != nil {
		return nil, err
	}
	m, isHub := p.member().(interface {
		LeakShares(uuid.UUID) []protocol.LeakedShare
	})
	if !isHub {
		return nil, fmt.Errorf("%s is not a hub of this process that runs", name)
	}
	return m.LeakShares(key), nil
}

func (n *Network) place(name string) (*place, error) {
	p := n.byPath[name]
	if p == nil {
		return nil, fmt.Errorf("%w: %s", ErrNoSuchNode, name)
	}
	return p, nil
}
