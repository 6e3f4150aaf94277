package sim

import (
	"context"
	"net/http"

	"dske/node"
)

// member is a running node that fills a place. The network uses only this interface, not the
// concrete type.
type member interface {
	// Handler serves the node's URLs.
	Handler() http.Handler

	// Begin lets the node work in the background until ctx ends. It is called once.
	Begin(ctx context.Context)

	// End waits until that work has ended, with the context of Begin.
	End()

	// Ready is closed when the node has everything that it needs from others.
	Ready() <-chan struct{}

	// WaitIdle waits until the node does nothing in the background.
	WaitIdle(ctx context.Context) error

	// Announce tells others that the node has started in the place of an earlier one. It may take
	// until ctx ends.
	Announce(ctx context.Context)

	// Unregister tells others that the node stops. It may take until ctx ends.
	Unregister(ctx context.Context)

	// Condition returns the current state of the node.
	Condition() condition
}

// condition is the state of a member. Its counters outlive it, and so are kept by its place.
type condition struct {
	psrd          node.Stock
	sharesWaiting int   // of a hub: shares that have not been fetched yet
	levels        []int // of a client: bytes available in the emptier pool of each of its hubs; -1: not registered
}

// isReady reports whether a member has everything that it needs from others.
func isReady(m member) bool {
	select {
	case <-m.Ready():
		return true
	default:
		return false
	}
}
