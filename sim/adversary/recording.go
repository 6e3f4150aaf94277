package adversary

import "github.com/google/uuid"

// maxRecorded is how many bytes of messages are kept.
const maxRecorded = 128 << 20

// overhead is the approximate size of a recorded message besides its bytes.
const overhead = 512

// recording has the shares seen on the wire.
type recording struct {
	limit int
	size  int
	order []uuid.UUID // the key of every share, oldest first
	byKey map[uuid.UUID][]sealedShare
}

func newRecording(limit int) recording {
	return recording{limit: limit, byKey: map[uuid.UUID][]sealedShare{}}
}

// add records a share and forgets the oldest ones if there are too many bytes.
func (r *recording) add(s sealedShare) {
	key := s.keyID()
	r.order = append(r.order, key)
	r.byKey[key] = append(r.byKey[key], s)
	r.size += s.size()
	for r.size > r.limit {
		r.dropOldest()
	}
}

func (r *recording) dropOldest() {
	key := r.order[0]
	r.order = r.order[1:]
	shares := r.byKey[key]
	r.size -= shares[0].size()
	shares[0] = sealedShare{} // the array may stay in memory
	if r.byKey[key] = shares[1:]; len(shares) == 1 {
		delete(r.byKey, key)
	}
}

// size returns the approximate memory of a share in bytes: its part of the body, and a part of that
// again for what was parsed from it.
func (s sealedShare) size() int {
	size := overhead + 2*len(s.body())/len(s.batch.KeyIDs) + len(s.request.Query)
	for _, header := range s.signature {
		size += len(header)
	}
	return size
}
