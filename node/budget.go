package node

import "time"

// Resources that anybody who reaches the port can use up are limited. The limits are here; in
// dske/protocol/limits.go, where both ends of an association have to agree on them; in
// dske/etsi/limits.go, where encryptors are told of them; in dske/sim/fault, as MaxFaults;
// and in dske/sim/wire, as MaxEvents. README.md lists them all.

// Time. Everything has ended within three seconds of a signal, and a node has stopped within three
// seconds of the command.
const (
	// Grace is how long a stopping node continues with requests under way.
	Grace = 2 * time.Second

	// Farewell is how long a stopping client then takes to tell its hubs.
	Farewell = 300 * time.Millisecond

	// LastWords is how long the answers of aborted requests may take.
	LastWords = 250 * time.Millisecond

	// Patience is how long to wait for a request to arrive, and for its answer to be read, in
	// addition to the time that they take at the SlowestRate.
	Patience = 10 * time.Second

	// SlowestRate is the minimum rate of a connection, in bytes per second.
	SlowestRate = 32 << 10

	// HeaderTimeout is how long the header of a request may take, or the handshake of TLS.
	HeaderTimeout = 10 * time.Second

	// IdleTimeout is how long a connection stays open without a request.
	IdleTimeout = 2 * time.Minute
)

// Memory of a client in bytes of shares, for all its hubs together.
const (
	// MaxInMaking is how much a client has in the making at the same time. A larger batch is made
	// alone.
	MaxInMaking = 16 << 20

	// SmallBatch is the size up to which a batch does not count, for a [Bulk], too.
	SmallBatch = 64 << 10
)

// The keys without any hub that knows them which a client remembers, so that repeated requests for
// them cost no PSRD.
const (
	// UnknownFor is how long it remembers a key.
	UnknownFor = time.Second

	// MaxUnknown is the number of keys that it remembers.
	MaxUnknown = 1024
)

// The service of a network for observers.
const (
	// MaxExchanges is the number of exchanges that it makes at the same time.
	MaxExchanges = 8

	// MaxReaders is the number of live event streams of operators at the same time.
	MaxReaders = 32

	// MaxViewers is the number of other viewers, such as a class. They do not take the places of
	// the readers.
	MaxViewers = 128
)
