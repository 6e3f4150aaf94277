package hub

import (
	"dske/node"
	"dske/protocol"
)

// room is the room that the waiting shares of one master client take.
type room struct {
	shares int
	bytes  int // including shareOverhead
}

// shareOverhead is roughly the memory in bytes that a share takes besides its value, its secret tag
// and the names in it.
const shareOverhead = 200

// sizeOf returns the bytes that one of the shares of a message takes.
func sizeOf(m protocol.PostShares) int {
	return sharesSize(len(m.Value)/len(m.KeyIDs), len(m.SecretTags)/len(m.KeyIDs), m.MasterSAE, m.SlaveSAEs)
}

func (s *share) size() int {
	return sharesSize(s.Value.Size(), len(s.Terms.SecretTag), s.masterSAE, s.slaveSAEs)
}

func sharesSize(value, tag int, master string, slaves []string) int {
	size := shareOverhead + value + tag + len(master)
	for _, slave := range slaves {
		size += len(slave)
	}
	return size
}

// checkRoom returns a [protocol.ErrFull], which names the limit, if the shares of a message would
// be too many together with the waiting shares of the same client.
func (s *shareStore) checkRoom(m protocol.PostShares) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.taken[s.payer(m.ClientName)]
	if now.shares+len(m.KeyIDs) > protocol.MaxSharesWaiting {
		return node.NewError(protocol.ErrFull, "client_name", m.ClientName, "shares_waiting", now.shares, "limit", protocol.MaxSharesWaiting)
	}
	if now.bytes+len(m.KeyIDs)*sizeOf(m) > protocol.MaxBytesWaiting {
		return node.NewError(protocol.ErrFull, "client_name", m.ClientName, "bytes_waiting", now.bytes, "limit", protocol.MaxBytesWaiting)
	}
	return nil
}

// count adds a share to the room that its client takes (by = 1) or subtracts it (by = -1). The
// caller holds s.mu.
func (s *shareStore) count(sh *share, by int) {
	payer := s.payer(sh.client)
	r := s.taken[payer]
	r.shares += by
	r.bytes += by * sh.size()
	if s.taken[payer] = r; r.shares == 0 {
		delete(s.taken, payer)
	}
}

// payer returns the name under which the shares of a client are counted. All strangers share one
// name, since anybody can be many strangers.
func (s *shareStore) payer(client string) string {
	if s.isStranger != nil && s.isStranger(client) {
		return ""
	}
	return client
}
