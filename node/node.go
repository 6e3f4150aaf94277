// Package node is what hubs and clients have in common: names, the router with its errors and
// observers, the management interface with the documentation, counters, the source of randomness,
// and ways to wait: Run waits for [Tasks] before it returns, callers wait in a [Line] with a
// context or for the next of several [Trips], and an [Alarm] calls a node that has data to forget.
//
// [hub.Hub] and [client.Client] are the nodes themselves. Each has a New that checks a Config and
// starts nothing, a Handler that serves HTTP, and a blocking Run for the background work.
//
// [hub.Hub]: dske/node/hub
// [client.Client]: dske/node/client
package node

import (
	"io"
	"strings"
	"time"

	"dske/protocol"
	"dske/psrd"
)

// DefaultHubTimeout is how long clients wait for the answer of a hub by default.
const DefaultHubTimeout = 5 * time.Second

// OvertakenAfter returns how long nodes keep the rest of a block of the peer's after later blocks
// have come into use, if clients wait for a hub for timeout. That is longer than a message can be
// under way: it may be sent, wait until its hub has PSRD for the answer, and be sent again. Only a
// message of megabytes on a very slow connection may arrive later, and is refused.
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

// Random returns the source of random bytes for a purpose. Purposes have separate sources so that a
// seeded run is reproducible whatever the scheduling of its goroutines. The readers must be safe
// for concurrent use. A nil Random is crypto/rand.
type Random func(purpose string) io.Reader

// For returns the source for a purpose of these words, of which the last may be empty.
func (r Random) For(purpose ...string) io.Reader {
	if r == nil {
		return inPieces{}
	}
	return r(strings.TrimSpace(strings.Join(purpose, " ")))
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

// StatusOf describes a pool. Its owner is "local" if this node owns it.
func StatusOf(pool *psrd.Pool) PoolStatus {
	owner := "peer"
	if pool.Owned() {
		owner = "local"
	}
	return PoolStatus{Owner: owner, Blocks: pool.Status()}
}

// AssociationStatus describes the pools of an association: those for pads, or for all PSRD in a
// suite without separate pools for keys, and those for keys. Local pools are those that this node
// owns.
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
