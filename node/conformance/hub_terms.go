package conformance

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"dske/protocol"
)

// termsChecks are for the terms of shares in suite its.
var termsChecks = []check[*hubSession]{
	{rule: its("On the wire"), name: "the answer to PUT registration names suite its, version 2", run: func(s *hubSession) error {
		var registered protocol.Registered
		a, err := s.register(s.Master)
		if err == nil {
			err = errors.Join(a.want(http.StatusOK), a.read(&registered))
		}
		if err != nil {
			return err
		}
		return registered.CheckSuite(s.Suite)
	}},
	{rule: its("On the wire"), name: "a share comes with the terms with which it was deposited", run: func(s *hubSession) error {
		m, _, err := s.give()
		if err != nil {
			return err
		}
		reply, err := s.asksFor(m)
		if t := reply.Terms; err == nil && (t.Suite != m.Suite || t.Version != m.Version || t.KeySize != m.KeySize || t.Threshold != m.Threshold || !bytes.Equal(t.SecretTag, m.SecretTag)) {
			err = fmt.Errorf("they are %+v, not %+v", t, m.Terms)
		}
		return err
	}},
	{rule: its("On the wire"), name: "a message of another suite or version is 400", run: func(s *hubSession) error {
		return s.refusesTerms(
			func(m *protocol.PostShare) { m.Suite = protocol.SuitePython },
			func(m *protocol.PostShare) { m.Suite = "" },
			func(m *protocol.PostShare) { m.Version = 1 },
			func(m *protocol.PostShare) { m.Version = 3 })
	}},
	{rule: its("On the wire"), name: "a tag with the size of the other suite is 400", run: func(s *hubSession) error {
		r := getting(s.ownWanted(uuid.New()))
		_, err := s.master.refused(r.spelled(header(random(protocol.Python.TagSize()), s.master.slot())), http.StatusBadRequest)
		return err
	}},
	{rule: its("Shares"), name: "terms that do not fit the share are 400", run: func(s *hubSession) error {
		return s.refusesTerms(
			func(m *protocol.PostShare) { m.KeySize = 0 },
			func(m *protocol.PostShare) { m.KeySize = 16 },
			func(m *protocol.PostShare) { m.Threshold = 1 },
			func(m *protocol.PostShare) { m.SecretTag = m.SecretTag[:15] },
			func(m *protocol.PostShare) { m.SecretTag = nil })
	}},
	{rule: its("Shares"), name: "a share_index other than the hub's number is 400", run: func(s *hubSession) error {
		return s.refusesTerms(func(m *protocol.PostShare) { m.ShareIndex = (s.number + 1) % protocol.MaxHubs })
	}},
	{rule: its("Key from the pads"), name: "a share of another client with the same key ID does not block a share", run: sharesByMaster},
}

// refusesTerms succeeds if a share that is changed in any of these ways is 400 and not kept.
func (s *hubSession) refusesTerms(changes ...func(*protocol.PostShare)) error {
	for _, change := range changes {
		m, value := s.newShare()
		change(&m)
		if err := s.refusesPost(m, value, http.StatusBadRequest); err != nil {
			return fmt.Errorf("index %d, %+v: %w", m.ShareIndex, m.Terms, err)
		}
		if err := s.hasNo(m); err != nil {
			return err
		}
	}
	return nil
}

// sharesByMaster succeeds if both clients can give the hub a share with the same key ID, and each
// gets the share of the other.
func sharesByMaster(s *hubSession) error {
	m, value, err := s.give()
	if err != nil {
		return err
	}
	back, other := s.newShare()
	back.ClientName, back.MasterSAE, back.SlaveSAE, back.KeyID = s.Slave.Name, s.Slave.Encryptor, s.Master.Encryptor, m.KeyID
	r, err := s.slave.post(back, other)
	if err == nil {
		_, _, err = s.slave.accepted(r)
	}
	if err != nil {
		return err
	}
	if err := s.fetches(m, value); err != nil {
		return err
	}
	if r, err = s.master.sign(getting(s.ownWanted(m.KeyID))); err != nil {
		return err
	}
	return s.master.opens(r, back, other)
}
