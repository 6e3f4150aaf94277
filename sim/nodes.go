package sim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"dske/node"
	"dske/node/hub"
	"dske/protocol"
)

// ErrNoSuchNode is the error for a node that is not in the topology.
var ErrNoSuchNode = errors.New("no such node")

// Start fills the place of a node, for example hub/hank, with a new one. It does nothing if the
// node is running. If the node is stopping, Start waits for that until ctx ends.
func (n *Network) Start(ctx context.Context, name string) error {
	p, err := n.place(name)
	switch {
	case err != nil:
		return err
	case p.apart != nil:
		return p.apart.start(ctx)
	}
	return p.start(ctx)
}

// Stop empties the place of a node after its requests under way have been answered. A client first
// unregisters from its hubs. It does nothing if the node is stopped. If ctx ends before the node
// has stopped, Stop fails, but the node still stops.
func (n *Network) Stop(ctx context.Context, name string) error {
	p, err := n.place(name)
	switch {
	case err != nil:
		return err
	case p.apart != nil:
		return p.apart.stop(ctx)
	}
	return p.stop(ctx)
}

// Crash empties the place of a node as a crash of its machine does: at once and without notice to
// others. What the node had not synced to its disk is lost, except on a real disk, where it is as
// if the process had been killed. Without a disk everything is lost.
func (n *Network) Crash(ctx context.Context, name string) error {
	p, err := n.here(name)
	if err != nil {
		return err
	}
	return p.crash(ctx)
}

// Copy makes a copy of a node's disk, for [Network.Restore]. It replaces the previous copy.
func (n *Network) Copy(ctx context.Context, name string) error {
	p, err := n.here(name)
	if err != nil {
		return err
	}
	return onDisk(name, p.save(ctx))
}

// Restore puts back the copy of a node's disk. The node must not be running.
func (n *Network) Restore(ctx context.Context, name string) error {
	p, err := n.here(name)
	if err != nil {
		return err
	}
	return onDisk(name, p.restore(ctx))
}

// onDisk wraps an error about the disk of a node.
func onDisk(name string, err error) error {
	if err == nil {
		return nil
	}
	return &node.Error{Status: http.StatusConflict, Message: "The operation on the disk of the node failed.",
		Details: map[string]any{"node": name, "reason": err.Error()}}
}

// Leak returns the secrets of a hub, such as hub/hank, that is running in this process, as an
// attacker who breaks into it finds them. It is for experiments.
func (n *Network) Leak(name string) (hub.Leak, error) {
	p, err := n.here(name)
	if err != nil {
		return hub.Leak{}, err
	}
	switch m := p.member().(type) {
	case nil:
		return hub.Leak{}, node.Stopped(p.kind(), p.name())
	case interface{ Leak() hub.Leak }:
		return m.Leak(), nil
	default:
		return hub.Leak{}, fmt.Errorf("%s is not a hub of this process", name)
	}
}

// SetBrokenInto records the hubs, by their names without hub/, that an attacker has broken into.
// Snapshots show it. Unknown hubs are ignored.
func (n *Network) SetBrokenInto(hubs []string) {
	for _, h := range n.hubs {
		h.isBrokenInto.Store(slices.Contains(hubs, h.name()))
	}
}

// LeakShares is the part of [Network.Leak] about one key.
func (n *Network) LeakShares(name string, key uuid.UUID) ([]protocol.LeakedShare, error) {
	p, err := n.place(name)
	if err != nil {
		return nil, err
	}
	m, isHub := p.member().(interface {
		LeakShares(uuid.UUID) []protocol.LeakedShare
	})
	if !isHub {
		return nil, fmt.Errorf("%s is not a running hub of this process", name)
	}
	return m.LeakShares(key), nil
}

// here is place for operations that are possible only on nodes of this process.
func (n *Network) here(name string) (*place, error) {
	p, err := n.place(name)
	if err == nil && p.apart != nil {
		err = p.apart.notHere("that is possible only in the process that runs the node")
	}
	return p, err
}

// at returns the place of a node, such as hub/hank, or nil.
func (n *Network) at(path string) *place {
	if i := n.byPath.Find(path); i >= 0 {
		return n.placeAt(i)
	}
	return nil
}

func (n *Network) place(name string) (*place, error) {
	p := n.at(name)
	if p == nil {
		return nil, fmt.Errorf("%w: %s", ErrNoSuchNode, name)
	}
	return p, nil
}
