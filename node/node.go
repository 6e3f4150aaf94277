// Package node is what hubs and clients have in common: names, the router with its errors and those
// who observe it, the management interface with the documentation, what is counted, the source of
// randomness, and how they wait: [Tasks] are waited for before Run returns, in a [Line] one waits
// with a context, and an [Alarm] wakes a node that has something to forget.
//
// [hub.Hub] and [client.Client] are the nodes themselves. Both are made by a New that checks a
// Config and starts nothing, serve HTTP with their Handler, and do their background work in a
// blocking Run.
//
// [hub.Hub]: dske/node/hub
// [client.Client]: dske/node/client
package node

import (
	"crypto/rand"
	"io"
	"time"

	"dske/protocol"
	"dske/psrd"
)

// DefaultHubTimeout is how long clients wait for the answer of a hub, if nothing else is said.
const DefaultHubTimeout = 5 * time.Second

// OvertakenAfter returns when nodes give up what is left of a block of the peer's because later
// ones are in use, if clients wait for a hub for timeout. It is longer than a message can be under
// way, which may be sent, wait until its hub has got PSRD for the answer, and be sent again; only a
// message of megabytes that crawls may come later, and is refused.
func OvertakenAfter(timeout time.Duration) time.Duration { return 3 * timeout }

// Kind is hub or client.
type Kind string

// The kinds of nodes.
const (
	KindHub    Kind = "hub"
	KindClient Kind = "client"
)

// Prefix returns the start of the path of every URL of a node: /hub/NAME or /client/NAME.
func Prefix(kind Kind, name string) string { return "/" + string(kind) + "/" + name }

// Random gives the source of random bytes for one purpose. Purposes are kept apart so that a seeded
// run is reproducible however its goroutines are scheduled. The readers it returns may be used by
// several goroutines. A nil Random is crypto/rand.
type Random func(purpose string) io.Reader

// For returns the source for a purpose.
func (r Random) For(purpose string) io.Reader {
	if r == nil {
		return inPieces{rand.Reader}
	}
	return r(purpose)
}

// PoolStatus describes a pool without any of its bytes.
type PoolStatus struct {
	Owner  string             `json:"owner"` // local or peer
	Blocks []psrd.BlockStatus `json:"blocks"`
}

// Unused returns the number of unallocated bytes.
func (s PoolStatus) Unused() int {
	sum := 0
	for _, b := range s.Blocks {
		sum += b.Unused
	}
	return sum
}

// StatusOf describes a pool. Local means that this node owns it.
func StatusOf(pool *psrd.Pool) PoolStatus {
	owner := "peer"
	if pool.Owned() {
		owner = "local"
	}
	return PoolStatus{Owner: owner, Blocks: pool.Status()}
}

// AssociationStatus describes the pools of an association: those of pads, or of all PSRD in a suite
// that does not tell pads and signing keys apart, and those of keys. Local means that this node
// owns the pool.
type AssociationStatus struct {
	LocalPool    PoolStatus  `json:"local_pool"`
	PeerPool     PoolStatus  `json:"peer_pool"`
	LocalKeyPool *PoolStatus `json:"local_key_pool,omitempty"`
	PeerKeyPool  *PoolStatus `json:"peer_key_pool,omitempty"`
}

// StatusOfAssociation describes the pools of a channel.
func StatusOfAssociation(c *protocol.Channel) AssociationStatus {
	s := AssociationStatus{LocalPool: StatusOf(c.Own), PeerPool: StatusOf(c.Peer)}
	if c.Own != c.OwnKeys {
		local, peer := StatusOf(c.OwnKeys), StatusOf(c.PeerKeys)
		s.LocalKeyPool, s.PeerKeyPool = &local, &peer
	}
	return s
}
