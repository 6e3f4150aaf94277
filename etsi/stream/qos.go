package stream

import (
	"encoding/binary"
	"time"
)

// JSON is the MIME type of the metadata that is served.
const JSON = "application/json"

// Limits of streams that are served.
const (
	MinChunkSize = 8       // bytes
	MaxChunkSize = 4096    // bytes
	maxTimeout   = 60_000  // ms
	maxTTL       = 60 * 60 // s, as long as keys wait in the network
)

// QoS is the quality of service of a stream, in the order of the standard.
type QoS struct {
	ChunkSize uint32 // bytes of a chunk
	MaxBps    uint32 // bit/s; not enforced
	MinBps    uint32 // bit/s; not guaranteed
	Jitter    uint32 // bit/s; not guaranteed
	Priority  uint32 // without effect
	Timeout   uint32 // ms that a call may take; 0: the server decides
	TTL       uint32 // s that the stream outlives its last call; 0: the server decides

	// MIME is the type of the metadata: at most 255 bytes, without NUL; empty: the server decides.
	MIME string
}

const numbersSize = 28 // size of the seven numbers, in bytes

func (q *QoS) numbers() []*uint32 {
	return []*uint32{&q.ChunkSize, &q.MaxBps, &q.MinBps, &q.Jitter, &q.Priority, &q.Timeout, &q.TTL}
}

func (q *QoS) appendNumbers(to []byte) []byte {
	for _, n := range q.numbers() {
		to = binary.BigEndian.AppendUint32(to, *n)
	}
	return to
}

// parseNumbers reads the numbers; data must have their size.
func (q *QoS) parseNumbers(data []byte) {
	for i, n := range q.numbers() {
		*n = binary.BigEndian.Uint32(data[4*i:])
	}
}

// served returns the QoS closest to q that can be served.
func (q QoS) served() QoS {
	q.ChunkSize = min(max(q.ChunkSize, MinChunkSize), MaxChunkSize)
	q.Timeout = min(q.Timeout, maxTimeout)
	q.TTL = min(q.TTL, maxTTL)
	if q.MIME != "" {
		q.MIME = JSON
	}
	return q
}

func (q QoS) timeout() time.Duration { return orMost(q.Timeout, maxTimeout, time.Millisecond) }

func (q QoS) ttl() time.Duration { return orMost(q.TTL, maxTTL, time.Second) }

func orMost(n, most uint32, unit time.Duration) time.Duration {
	if n == 0 {
		n = most
	}
	return time.Duration(n) * unit
}
