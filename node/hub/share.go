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
	protocol.Share // for all slaves
	client         string
	masterSAE      string
	slaveSAEs      []string // slaves that it is meant for, in the order of their parts in the share
	slaveOwners    []string // clients that served the slaves when the share arrived
	delivered      []string // slaves that have fetched it and, with sessions, confirmed that
	sent           []string // slaves that were given it and have not confirmed
	expires        time.Time
	unkept         bool // not on disk yet, although it must be
}

// keyShare is a share of a key.
type keyShare struct {
	key uuid.UUID
	*share
}

// part returns what a slave gets of the share, as a copy.
func (s *share) part(suite protocol.Suite, slave string) (protocol.Share, error) {
	return suite.Pick(s.Share, len(s.slaveSAEs), slices.Index(s.slaveSAEs, slave))
}

// shareStore is the shares of a hub, by key ID. If the suite says so, the shares of each master
// client are separate from those of other clients.
type shareStore struct {
	suite   protocol.Suite
	ttl     time.Duration
	alarm   *node.Alarm // is set for when shares expire
	journal journal
	mu      sync.Mutex
	shares  map[uuid.UUID][]*share
	taken   map[string]room // by master client, with one entry for all strangers

	isStranger func(client string) bool // nil: there are no strangers
}

func newShareStore(suite protocol.Suite, ttl time.Duration, alarm *node.Alarm, j journal) *shareStore {
	return &shareStore{suite: suite, ttl: ttl, alarm: alarm, journal: j, shares: map[uuid.UUID][]*share{}, taken: map[string]room{}}
}

// recall adds shares from the store.
func (s *shareStore) recall(kept map[uuid.UUID][]*share) {
	s.shares = kept
	for _, shares := range kept {
		for _, sh := range shares {
			s.count(sh, 1)
			s.alarm.By(sh.expires)
		}
	}
}

// put adds shares of keys that have no share yet, all of them or none. It stores them first.
func (s *shareStore) put(shares []keyShare) error {
	if err := s.place(shares); err != nil {
		return err
	}
	if err := s.journal.addShares(shares); err != nil {
		s.remove(shares)
		return err
	}
	if s.journal.keeps() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, sh := range shares {
			sh.unkept = false
		}
	}
	return nil
}

// place reserves the places of shares. Nobody finds them until they are stored.
func (s *shareStore) place(shares []keyShare) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	byMaster := s.suite.Rules().ByMaster
	for _, sh := range shares {
		if slices.ContainsFunc(s.live(sh.key), func(other *share) bool { return other.client == sh.client || !byMaster }) {
			return node.NewError(protocol.ErrDuplicateKey, "key_id", sh.key)
		}
	}
	expires := time.Now().Add(s.ttl)
	for _, sh := range shares {
		sh.expires, sh.unkept = expires, s.journal.keeps()
		s.shares[sh.key] = append(s.shares[sh.key], sh.share)
		s.count(sh.share, 1)
	}
	s.alarm.By(expires)
	return nil
}

// remove removes shares that could not be stored. The caller still owns their values.
func (s *shareStore) remove(shares []keyShare) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sh := range shares {
		s.drop(sh.key, func(other *share) bool { return other == sh.share })
	}
}

// live returns the shares of a key that have not expired. They must not be changed. The caller
// holds s.mu.
func (s *shareStore) live(key uuid.UUID) []*share {
	shares := s.shares[key]
	if !slices.ContainsFunc(shares, (*share).expired) {
		return shares
	}
	return slices.DeleteFunc(slices.Clone(shares), (*share).expired)
}

func (s *share) expired() bool { return !time.Now().Before(s.expires) }

// drop clears and forgets the shares of a key for which done returns true, and returns their
// number. The caller holds s.mu.
func (s *shareStore) drop(key uuid.UUID, done func(*share) bool) int {
	before := s.shares[key]
	if !slices.ContainsFunc(before, done) {
		return 0
	}
	var kept []*share
	for _, sh := range before {
		if done(sh) {
			s.count(sh, -1)
			clear(sh.Value.Reveal())
		} else {
			kept = append(kept, sh)
		}
	}
	if s.shares[key] = kept; len(kept) == 0 {
		delete(s.shares, key)
	}
	return len(before) - len(kept)
}

// isFor reports whether the share is meant for a slave, and arrived while that client served it.
func (s *share) isFor(slave, client string) bool {
	i := slices.Index(s.slaveSAEs, slave)
	return i >= 0 && s.slaveOwners[i] == client
}

// find returns the share that a slave asks for, and keeps it.
func (s *shareStore) find(m protocol.GetShare) (*share, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	shares := s.live(m.KeyID)
	i := slices.IndexFunc(shares, func(sh *share) bool { return sh.masterSAE == m.MasterSAE && !sh.unkept })
	switch {
	case len(shares) == 0, i < 0 && s.suite.Rules().ByMaster, i >= 0 && slices.Contains(shares[i].delivered, m.SlaveSAE):
		return nil, node.NewError(protocol.ErrUnknownKey, "key_id", m.KeyID)
	case i < 0, !shares[i].isFor(m.SlaveSAE, m.ClientName):
		return nil, node.NewError(protocol.ErrNotMeantForCaller, "key_id", m.KeyID)
	}
	return shares[i], nil
}

// readyToSend returns an error if no share can be given out: without sessions, giving a share must
// be stored first.
func (s *shareStore) readyToSend() error {
	if s.journal.hasSessions() {
		return nil
	}
	return s.journal.ready()
}

// deliver marks shares that were found as delivered to a slave, and forgets those for which that
// was the last slave. With sessions it forgets them only when the slave's client confirms. It
// returns the slave's part of each share. If another request took one of them first, it fails and
// changes nothing.
func (s *shareStore) deliver(shares found, slave string) ([]protocol.Share, error) {
	if err := s.journal.keepSent(shares, slave); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	parts := make([]protocol.Share, len(shares))
	for i, sh := range shares {
		if sh.expired() || !slices.Contains(s.shares[sh.key], sh.share) || slices.Contains(sh.delivered, slave) {
			clearParts(parts[:i])
			return nil, &goneError{sh.key}
		}
		var err error
		if parts[i], err = sh.part(s.suite, slave); err != nil {
			return nil, err
		}
	}
	for _, sh := range shares {
		if s.journal.hasSessions() {
			if !slices.Contains(sh.sent, slave) {
				sh.sent = append(sh.sent, slave)
			}
			continue
		}
		s.settle(sh.key, sh.share, slave)
	}
	return parts, nil
}

// settle notes that a slave no longer needs a share, and forgets the share if that was the last
// slave. The caller holds s.mu.
func (s *shareStore) settle(key uuid.UUID, sh *share, slave string) {
	sh.delivered = append(sh.delivered, slave)
	if len(sh.delivered) == len(sh.slaveSAEs) {
		s.drop(key, func(other *share) bool { return other == sh })
	}
}

// goneError says that another request took the share of a key first, or that the share has expired
// meanwhile.
type goneError struct{ key uuid.UUID }

func (*goneError) Error() string { return protocol.ErrUnknownKey.Error() }

func (e *goneError) Unwrap() error { return node.NewError(protocol.ErrUnknownKey, "key_id", e.key) }

func (e *goneError) refusal() protocol.Refusal {
	said := node.NewError(e)
	return protocol.Refusal{KeyID: e.key, Status: said.Status, Message: said.Message}
}

func clearParts(parts []protocol.Share) {
	for _, part := range parts {
		clear(part.Value.Reveal())
	}
}

// dropExpired forgets shares that nobody fetched in time. It returns their number and the time when
// the next share expires. If they cannot be forgotten on disk it fails, and must be called again.
func (s *shareStore) dropExpired() (n int, next time.Time, err error) {
	if err := s.journal.keep(s.expired()...); err != nil {
		return 0, time.Time{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for key := range s.shares {
		n += s.drop(key, (*share).expired)
		for _, sh := range s.shares[key] {
			next = node.Earlier(next, sh.expires)
		}
	}
	return n, next, nil
}

// waiting returns the number of shares.
func (s *shareStore) waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, shares := range s.shares {
		n += len(shares)
	}
	return n
}
