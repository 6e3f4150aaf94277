package node

import "time"

// What whoever reaches the port can use up is bounded. The bounds are here; in
// dske/protocol/limits.go, where both ends of an association have to agree on them; in
// dske/etsi/limits.go, where encryptors are told of them; and as MaxFaults in dske/sim/fault.
// README.md lists them all.

// Time. Everything has ended within three seconds of a signal, and a node has stopped within three
// of being told to.
const (
	// Grace is how long a node that stops goes on with the requests that are under way.
	Grace = 2 * time.Second

	// Farewell is how long a client that stops takes after that to tell its hubs.
	Farewell = 300 * time.Millisecond

	// LastWords is how long the answers of requests that were cut off may take on their way.
	LastWords = 250 * time.Millisecond

	// Patience is how long a request waits for its sender, and its answer for being read, besides
	// the time that they take at the SlowestRate.
	Patience = 10 * time.Second

	// SlowestRate is how slow a connection may be, in bytes per second.
	SlowestRate = 32 << 10

	// HeaderTimeout is how long the header of a request may take, or the handshake of TLS.
	HeaderTimeout = 10 * time.Second

	// IdleTimeout is how long a connection stays open without a request.
	IdleTimeout = 2 * time.Minute
)

// Memory of a client, in bytes of shares, for all its hubs together.
const (
	// MaxInMaking is how much a client has in the making at once. A batch that takes more is made
	// alone.
	MaxInMaking = 16 << 20

	// SmallBatch is up to which size a batch does not count, also for a [Bulk].
	SmallBatch = 64 << 10
)

// What a client remembers of keys that none of its hubs knows, so that who asks for them again
// costs no PSRD.
const (
	// UnknownFor is for how long.
	UnknownFor = time.Second

	// MaxUnknown is of how many.
	MaxUnknown = 1024
)

// What a network does for those who look at it.
const (
	// MaxExchanges is how many exchanges it makes at once.
	MaxExchanges = 8

	// MaxReaders is how many are told at once what happens, as it happens.
	MaxReaders = 32

	// MaxViewers is how many may watch besides: a class, and no place of them is one of the
	// readers'.
	MaxViewers = 128
)
