package sim

import (
	"context"
	"net/http"

	"dske/node"
)

// member is what fills a place: a node that runs. The network asks it, and does not look at what it
// is made of.
type member interface {
	// Handler serves the node's URLs.
	Handler() http.Handler

	// Run runs the node until ctx ends. It is called once.
	Run(ctx context.Context) error

	// Started is closed when Run has begun.
	Started() <-chan struct{}

	// Ready is closed when the node has all that it needs of others.
	Ready() <-chan struct{}

	// WaitIdle waits until the node does nothing in the background.
	WaitIdle(ctx context.Context) error

	// Announce tells others that the node has started, where another one was before it. It may take
	// until ctx ends.
	Announce(ctx context.Context)

	// Unregister tells others that the node stops. It may take until ctx ends.
	Unregister(ctx context.Context)

	// Condition returns how the node is now.
	Condition() condition
}

// condition is how a member is. What it counts outlives it, and so is kept by its place.
type condition struct {
	psrd          node.Stock
	sharesWaiting int   // of a hub: to be fetched
	levels        []int // of a client: bytes available in the emptier pool of each of its hubs; -1: not registered
}

// isReady reports whether a member has all that it needs of others.
func isReady(m member) bool {
	select {
	case <-m.Ready():
		return true
	default:
		return false
	}
}
