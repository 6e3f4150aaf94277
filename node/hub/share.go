package hub

import (
	"sync"
	"time"

	"github.com/google/uuid"

	"dske/node"
	"dske/protocol"
)

// share is a share that waits to be fetched.
type share struct {
	index     int
	value     protocol.Secret
	masterSAE string
	slaveSAE  string
	expires   time.Time
}

// shareStore is the shares of a hub, by the ID of their key.
type shareStore struct {
	ttl    time.Duration
	mu     sync.Mutex
	shares map[uuid.UUID]*share
}

// put adds the share of a key that has none there.
func (s *shareStore) put(key uuid.UUID, sh *share) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.shares[key]; old != nil && time.Now().Before(old.expires) {
		return node.NewError(protocol.ErrDuplicateKey, "key_id", key)
	}
	sh.expires = time.Now().Add(s.ttl)
	s.shares[key] = sh
	return nil
}

// find returns the share that a slave asks for, and leaves it there.
func (s *shareStore) find(m protocol.GetShare) (*share, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sh := s.shares[m.KeyID]
	if sh == nil || !time.Now().Before(sh.expires) {
		return nil, node.NewError(protocol.ErrUnknownKey, "key_id", m.KeyID)
	}
	if sh.slaveSAE != m.SlaveSAE || sh.masterSAE != m.MasterSAE {
		return nil, node.NewError(protocol.ErrNotMeantForCaller, "key_id", m.KeyID)
	}
	return sh, nil
}

// remove forgets a share that was found, and reports whether it was still there.
func (s *shareStore) remove(key uuid.UUID, sh *share) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shares[key] != sh {
		return false
	}
	delete(s.shares, key)
	return true
}

// dropExpired forgets shares that nobody fetched in time and returns how many.
func (s *shareStore) dropExpired() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for key, sh := range s.shares {
		if !time.Now().Before(sh.expires) {
			delete(s.shares, key)
			n++
		}
	}
	return n
}
