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

// ErrNoSuchNode is the error for a node that the topology does not have.
var ErrNoSuchNode = errors.New("no such node")

// Start fills the place of a node, for example hub/hank, with a fresh one. A node that is running
// is left alone. If the node is just stopping, Start waits for that, for as long as ctx lasts.
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

// Stop empties the place of a node when its requests under way are done. A client first unregisters
// from its hubs. A node that is stopped is left alone. If ctx ends before the node has stopped,
// Stop fails, and the node stops all the same.
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

// Crash empties the place of a node as a crash of its machine does: at once, without a word to
// others, and what the node had not synced to its disk is lost. A real disk cannot be told to lose
// that; there it is as if the process were killed. Without a disk all is lost.
func (n *Network) Crash(ctx context.Context, name string) error {
	p, err := n.here(name)
	if err != nil {
		return err
	}
	return p.crash(ctx)
}

// Copy makes a copy of what a node has on its disk, for [Network.Restore]. It takes the place of
// one that was made before.
func (n *Network) Copy(ctx context.Context, name string) error {
	p, err := n.here(name)
	if err != nil {
		return err
	}
	return onDisk(name, p.save(ctx))
}

// Restore puts the copy back that was made of the disk of a node, which must not be running.
func (n *Network) Restore(ctx context.Context, name string) error {
	p, err := n.here(name)
	if err != nil {
		return err
	}
	return onDisk(name, p.restore(ctx))
}

// onDisk says what was wrong with the disk of a node.
func onDisk(name string, err error) error {
	if err == nil {
		return nil
	}
	return &node.Error{Status: http.StatusConflict, Message: "That cannot be done with the disk of the node.",
		Details: map[string]any{"node": name, "reason": err.Error()}}
}

// Leak returns the secrets of a hub, such as hub/hank, that is running in this process: what
// somebody finds who breaks into it. It is for experiments.
func (n *Network) Leak(name string) (hub.Leak, error) {
	p, err := n.here(name)
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

// here is place for what is done to nodes of this process alone.
func (n *Network) here(name string) (*place, error) {
	p, err := n.place(name)
	if err == nil && p.apart != nil {
		err = p.apart.notHere("that can be done in the process that runs it, and not over the network")
	}
	return p, err
}

func (n *Network) place(name string) (*place, error) {
	p := n.byPath[name]
	if p == nil {
		return nil, fmt.Errorf("%w: %s", ErrNoSuchNode, name)
	}
	return p, nil
}
