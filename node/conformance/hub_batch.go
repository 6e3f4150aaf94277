package conformance

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"dske/protocol"
)

// batchChecks are for messages about several keys, or for several slaves.
var batchChecks = []check[*hubSession]{
	{inBand, "key-shares: a message carries several keys in each direction", nil, pythonLacks, func(s *hubSession) error {
		m, values, err := s.giveBatch(3)
		if err != nil {
			return err
		}
		return s.fetchesAll(m.KeyIDs, m.KeyIDs, values)
	}},
	{inBand, "key-shares: missing keys are refused one by one, and the others are delivered", nil, pythonLacks, func(s *hubSession) error {
		m, values, err := s.giveBatch(2)
		if err != nil {
			return err
		}
		asked := append(slices.Clone(m.KeyIDs), uuid.New())
		return s.fetchesAll(asked, m.KeyIDs, values)
	}},
	{inBand, "key-shares: all are stored or none", nil, pythonLacks, func(s *hubSession) error {
		taken, _, err := s.give()
		if err != nil {
			return err
		}
		m, values := s.newBatch(2, 1)
		m.KeyIDs[1] = taken.KeyID
		r, err := s.master.postBatch(m, values)
		if err == nil {
			_, err = s.master.refused(r, http.StatusConflict)
		}
		if err != nil {
			return err
		}
		alone := taken
		alone.KeyID = m.KeyIDs[0]
		return s.hasNo(alone)
	}},
	{inBand, "key-shares: a repeated key ID, none, or more than 128 are 400", nil, pythonLacks, malformedBatches},
	{inBand, "key-shares: no slave, more than 32, or a repeated slave is 400", nil, pythonLacks, func(s *hubSession) error {
		var many []string
		for i := range protocol.MaxSlaves + 1 {
			many = append(many, fmt.Sprintf("conformance-%d", i))
		}
		for _, slaves := range [][]string{{}, many, {s.Slave.Encryptor, s.Slave.Encryptor}} {
			m, values := s.newBatch(1, min(max(1, len(slaves)), protocol.MaxSlaves))
			m.SlaveSAEs = slaves
			r, err := s.master.postBatch(m, values)
			if err == nil {
				_, err = s.master.refused(r, http.StatusBadRequest)
			}
			if err != nil {
				return fmt.Errorf("%d slaves: %w", len(slaves), err)
			}
		}
		return nil
	}},
	{its("Several slaves"), "each slave gets its own part of a share, and its own tag", protocol.ITS, "", ownParts},
}

// newBatch returns shares of new keys for a number of slaves, all of them the same slave, and their
// values.
func (s *hubSession) newBatch(keys, slaves int) (protocol.PostShares, []byte) {
	m := protocol.PostShares{ClientName: s.Master.Name, MasterSAE: s.Master.Encryptor, SlaveSAEs: []string{s.Slave.Encryptor}}
	m.ShareIndex, m.Terms = s.number, s.terms(keySize, slaves)
	m.SecretTag = nil
	for range keys {
		m.KeyIDs = append(m.KeyIDs, uuid.New())
		m.SecretTags = append(m.SecretTags, s.terms(keySize, slaves).SecretTag...)
	}
	return m, random(keys * s.Suite.ShareSize(keySize, slaves))
}

func (p *peer) postBatch(m protocol.PostShares, values []byte) (request, error) {
	var err error
	if m.SealedShare, err = p.seal(values); err != nil {
		return request{}, err
	}
	return p.sign(posting(protocol.PathKeyShares, m))
}

func (s *hubSession) giveBatch(keys int) (protocol.PostShares, []byte, error) {
	m, values := s.newBatch(keys, 1)
	r, err := s.master.postBatch(m, values)
	if err == nil {
		_, _, err = s.master.accepted(r)
	}
	return m, values, err
}

// gettingBatch returns the unsigned request for shares of several keys.
func (s *hubSession) gettingBatch(ids protocol.KeyIDs) request {
	m := protocol.GetShares{ClientName: s.Slave.Name, MasterSAE: s.Master.Encryptor, SlaveSAE: s.Slave.Encryptor, KeyIDs: ids}
	return request{method: http.MethodGet, path: protocol.PathKeyShares, query: m.Query()}
}

// fetchesAll returns an error unless the slave gets the shares of all existing keys, in as many
// answers as needed, and a refusal for every other key that it asks for.
func (s *hubSession) fetchesAll(asked, there protocol.KeyIDs, values []byte) error {
	size := len(values) / len(there)
	for left := slices.Clone(asked); len(left) > 0; {
		r, err := s.slave.sign(s.gettingBatch(left))
		if err != nil {
			return err
		}
		a, incoming, err := s.slave.accepted(r)
		if err != nil {
			return err
		}
		reply, err := protocol.ParseSharesReply(a.body)
		if err != nil {
			return err
		}
		settled := slices.Clone(reply.KeyIDs)
		if len(reply.KeyIDs) > 0 {
			opened, err := incoming.Open(reply.SealedShare)
			if err != nil {
				return err
			}
			for i, share := range reply.Shares(opened) {
				at := slices.Index(there, reply.KeyIDs[i])
				if at < 0 || !bytes.Equal(share.Value.Reveal(), values[at*size:(at+1)*size]) {
					return fmt.Errorf("key %v: another share than was given", reply.KeyIDs[i])
				}
			}
		}
		for _, refused := range reply.Refused {
			if slices.Contains(there, refused.KeyID) || refused.Status != http.StatusNotFound {
				return fmt.Errorf("key %v is refused with %d %s", refused.KeyID, refused.Status, refused.Message)
			}
			settled = append(settled, refused.KeyID)
		}
		before := len(left)
		left = slices.DeleteFunc(left, func(id uuid.UUID) bool { return slices.Contains(settled, id) })
		if len(left) == before {
			return errors.New("an answer settles none of the keys")
		}
	}
	return nil
}

func malformedBatches(s *hubSession) error {
	whole, values := s.newBatch(2, 1)
	twice, few, many := whole, whole, whole
	twice.KeyIDs = protocol.KeyIDs{whole.KeyIDs[0], whole.KeyIDs[0]}
	few.KeyIDs = protocol.KeyIDs{}
	many.KeyIDs = nil
	for range protocol.MaxBatch + 1 {
		many.KeyIDs = append(many.KeyIDs, uuid.New())
	}
	for _, m := range []protocol.PostShares{twice, few, many} {
		r, err := s.master.postBatch(m, values)
		if err == nil {
			_, err = s.master.refused(r, http.StatusBadRequest)
		}
		if err != nil {
			return fmt.Errorf("POST: %w", err)
		}
		if r, err = s.slave.sign(s.gettingBatch(m.KeyIDs)); err == nil {
			_, err = s.slave.refused(r, http.StatusBadRequest)
		}
		if err != nil {
			return fmt.Errorf("GET: %w", err)
		}
	}
	return nil
}

// ownParts succeeds if, of a share for two slaves (the slave and the master's own encryptor), each
// gets its own three elements, those of the key, and its tag.
func ownParts(s *hubSession) error {
	m, value := s.newBatch(1, 2)
	m.SlaveSAEs = append(m.SlaveSAEs, s.Master.Encryptor)
	r, err := s.master.postBatch(m, value)
	if err == nil {
		_, _, err = s.master.accepted(r)
	}
	if err != nil {
		return err
	}
	const own = 3 * 16 // bytes of C, D and E
	for i, p := range []*peer{s.slave, s.master} {
		q := s.wanted(m.KeyIDs[0])
		q.ClientName, q.SlaveSAE = p.Name, m.SlaveSAEs[i]
		r, err := p.sign(getting(q))
		if err != nil {
			return err
		}
		share := protocol.PostShare{ShareIndex: m.ShareIndex}
		part := slices.Concat(value[i*own:(i+1)*own], value[2*own:])
		if err := p.opens(r, share, part); err != nil {
			return fmt.Errorf("slave %d: %w", i+1, err)
		}
		reply := s.lastBody()
		if tag := encoded(m.SecretTags[i*16 : (i+1)*16]); !strings.Contains(reply, tag) {
			return fmt.Errorf("slave %d: the secret tag is not %s", i+1, tag)
		}
	}
	return nil
}
