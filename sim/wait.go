package sim

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// HubTimeout returns how long a client waits for a hub's answer to one message of usual size. It
// waits longer for a large one.
func (n *Network) HubTimeout() time.Duration { return n.config.HubTimeout }

// WaitReady waits until every client that runs in this process has registered with all its hubs and
// filled its pools. GET /sim/v1/ready waits for those in other processes, too.
func (n *Network) WaitReady(ctx context.Context) error {
	select {
	case <-n.started:
	case <-ctx.Done():
		return ctx.Err()
	}
	for _, p := range n.places {
		m := p.member()
		if m == nil {
			continue
		}
		select {
		case <-m.Ready():
		case <-ctx.Done():
			return fmt.Errorf("%s %s is not ready: %w", p.kind(), p.name(), ctx.Err())
		}
	}
	return nil
}

// WaitIdle waits until no running client, or none of the named ones, does anything in the
// background: hubs that a key did not need have answered too, and the pools are full. Clients that
// cannot reach a hub keep trying; between attempts they count as idle. It waits for other processes
// as a whole, unless they do not answer.
func (n *Network) WaitIdle(ctx context.Context, names ...string) error {
	if err := n.waitIdleHere(ctx, names...); err != nil {
		return err
	}
	for _, c := range n.clients {
		if c.apart != nil && (len(names) == 0 || slices.Contains(names, c.name())) {
			return n.waitElsewhere(ctx, "/idle")
		}
	}
	return nil
}

// waitIdleHere is [Network.WaitIdle] for the clients of this process.
func (n *Network) waitIdleHere(ctx context.Context, names ...string) error {
	for _, p := range n.places {
		m := p.member()
		if m == nil || len(names) > 0 && !slices.Contains(names, p.name()) {
			continue
		}
		if err := m.WaitIdle(ctx); err != nil {
			return fmt.Errorf("%s %s is not idle: %w", p.kind(), p.name(), err)
		}
	}
	return nil
}

// Ready returns how many of the clients of this process are running and ready, and how many clients
// it has.
func (n *Network) Ready() (ready, clients int) {
	for _, c := range n.local {
		clients++
		if m := c.member(); m != nil && isReady(m) {
			ready++
		}
	}
	return ready, clients
}
