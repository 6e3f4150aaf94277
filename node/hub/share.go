package hub

import (
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"dske/node"
	"dske/protocol"
)

// share is a share that waits to be fetched.
type share struct {
	protocol.Share
	masterSAE string
	slaveSAEs []string // that it is meant for
	delivered []string // that have fetched it
	expires   time.Time
}

// shareStore is the shares of a hub, by the ID of their key.
type shareStore struct {
	ttl    time.Duration
	alarm  *node.Alarm // is set to when shares expire
	mu     sync.Mutex
	shares map[uuid.UUID]*share
}

// put adds shares of keys that have none there, all of them or none.
func (s *shareStore) put(shares map[uuid.UUID]*share) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key := range shares {
		if s.live(key) != nil {
			return node.NewError(protocol.ErrDuplicateKey, "key_id", key)
		}
	}
	expires := time.Now().Add(s.ttl)
	for key, sh := range shares {
		sh.expires = expires
		s.shares[key] = sh
	}
	s.alarm.By(expires)
	return nil
}

// live returns the share of a key, or nil if there is none or it has expired. The caller holds s.mu.
func (s *shareStore) live(key uuid.UUID) *share {
	sh := s.shares[key]
	if sh == nil || !time.Now().Before(sh.expires) {
		return nil
	}
	return sh
}

// find returns the share that a slave asks for, and leaves it there.
func (s *shareStore) find(m protocol.GetShare) (*share, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sh := s.live(m.KeyID)
	if sh == nil || sh.masterSAE == m.MasterSAE && slices.Contains(sh.delivered, m.SlaveSAE) {
		return nil, node.NewError(protocol.ErrUnknownKey, "key_id", m.KeyID)
	}
	if sh.masterSAE != m.MasterSAE || !slices.Contains(sh.slaveSAEs, m.SlaveSAE) {
		return nil, node.NewError(protocol.ErrNotMeantForCaller, "key_id", m.KeyID)
	}
	return sh, nil
}

// deliver marks shares that were found as delivered to a slave, and forgets those for which that was the
// last one. It fails and changes nothing if another request was faster with one of them.
func (s *shareStore) deliver(shares found, slave string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sh := range shares {
		if s.shares[sh.key] != sh.share || slices.Contains(sh.delivered, slave) {
			return node.NewError(protocol.ErrUnknownKey, "key_id", sh.key)
		}
	}
	for _, sh := range shares {
		sh.delivered = append(sh.delivered, slave)
		if len(sh.delivered) == len(sh.slaveSAEs) {
			delete(s.shares, sh.key)
		}
	}
	return nil
}

// dropExpired forgets shares that nobody fetched in time. It returns how many, and when the next one expires.
func (s *shareStore) dropExpired() (n int, next time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for key, sh := range s.shares {
		if now.Before(sh.expires) {
			next = node.Earlier(next, sh.expires)
			continue
		}
		delete(s.shares, key)
		n++
	}
	return n, next
}
