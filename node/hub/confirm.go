package hub

import (
	"slices"

	"github.com/google/uuid"

	"dske/node/store"
	"dske/protocol"
)

// eachConfirmed calls f for every share whose delivery a client has confirmed, if the share is kept
// for the slave. The caller holds s.mu.
func (s *shareStore) eachConfirmed(client string, delivered []protocol.DeliveredKeys, f func(uuid.UUID, *share, string)) {
	for _, d := range delivered {
		for _, key := range d.KeyIDs {
			for _, sh := range slices.Clone(s.shares[key]) {
				if sh.masterSAE == d.MasterSAE && sh.isFor(d.SlaveSAE, client) && !sh.unkept && !slices.Contains(sh.delivered, d.SlaveSAE) {
					f(key, sh, d.SlaveSAE)
				}
			}
		}
	}
}

// confirmations returns the records of the deliveries that a client confirms.
func (s *shareStore) confirmations(client string, delivered []protocol.DeliveredKeys) (records []store.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.eachConfirmed(client, delivered, func(key uuid.UUID, sh *share, slave string) {
		records = append(records, &store.Confirmed{ShareID: sh.id(key), Slave: slave})
	})
	return records
}

// confirm forgets shares that were delivered, unless another slave needs them.
func (s *shareStore) confirm(client string, delivered []protocol.DeliveredKeys) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.eachConfirmed(client, delivered, s.settle)
}

// sentTo returns the records that say that a client no longer needs the shares that it was given
// and has not confirmed.
func (s *shareStore) sentTo(client string) (records []store.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, shares := range s.shares {
		for _, sh := range shares {
			for _, slave := range sh.sent {
				if sh.isFor(slave, client) && !slices.Contains(sh.delivered, slave) {
					records = append(records, &store.Confirmed{ShareID: sh.id(key), Slave: slave})
				}
			}
		}
	}
	return records
}

// forget applies the records of sentTo in memory.
func (s *shareStore) forget(records []store.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range records {
		c, _ := r.(*store.Confirmed)
		for _, sh := range slices.Clone(s.shares[c.KeyID]) {
			if sh.client == c.MasterClient && !slices.Contains(sh.delivered, c.Slave) {
				s.settle(c.KeyID, sh, c.Slave)
			}
		}
	}
}

// expired returns the records that forget shares that nobody fetched in time. If another share has
// taken the place of an expired one, its record has been written already.
func (s *shareStore) expired() (records []store.Record) {
	if !s.journal.keeps() {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, shares := range s.shares {
		for _, sh := range shares {
			replaced := slices.ContainsFunc(s.live(key), func(other *share) bool { return other.client == sh.client })
			if sh.expired() && !sh.unkept && !replaced {
				records = append(records, &store.Forgotten{ShareID: sh.id(key)})
			}
		}
	}
	return records
}
