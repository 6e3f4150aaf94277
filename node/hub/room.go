package hub

import (
	"dske/node"
	"dske/protocol"
)

// room is what the shares of one master client take that wait to be fetched.
type room struct {
	shares int
	bytes  int // with shareOverhead
}

// shareOverhead is about what a share takes besides its value, its secret tag and the names in it,
// in bytes.
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

// checkRoom returns a [protocol.ErrFull], which says what there is too much of, if the shares of a
// message would be too many with those of the same client that wait.
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

// count adds a share to what its client takes, or takes it off with -1. The caller holds s.mu.
func (s *shareStore) count(sh *share, by int) {
	payer := s.payer(sh.client)
	r := s.taken[payer]
	r.shares += by
	r.bytes += by * sh.size()
	if s.taken[payer] = r; r.shares == 0 {
		delete(s.taken, payer)
	}
}

// payer returns under which name the shares of a client are counted: anybody can be many strangers,
// so they have one in common.
func (s *shareStore) payer(client string) string {
	if s.isStranger != nil && s.isStranger(client) {
		return ""
	}
	return client
}
