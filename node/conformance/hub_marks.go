package conformance

import (
	"bytes"
	"errors"
	"net/http"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/psrd"
)

// marksChecks are for hubs that keep their state over a crash.
var marksChecks = tied(protocol.ITS, []check[*hubSession]{
	{rule: marked, name: "marks of another boot or session, or with an old serial, are 409", run: withMarks(func(s *hubSession) error {
		for _, change := range []func(*protocol.Marks){
			func(m *protocol.Marks) { m.Boot = uuid.New() },
			func(m *protocol.Marks) { m.Session = uuid.New() },
			func(m *protocol.Marks) { m.Serial = s.master.serial },
		} {
			m := protocol.Marks{ClientName: s.Master.Name, Boot: s.master.boot, Session: s.master.session, Serial: s.master.serial + 1, Blocks: s.master.blocks}
			change(&m)
			a, err := s.as(s.Master, marksRequest(m))
			if err == nil {
				err = a.want(http.StatusConflict)
			}
			if err != nil {
				return err
			}
		}
		_, _, err := s.give()
		return err
	})},
	{rule: marked, name: "before a session, PSRD and in-band requests are 403", run: withMarks(func(s *hubSession) error {
		m, value := s.newShare()
		r, err := s.master.post(m, value)
		if err == nil {
			_, err = s.register(s.Master) // ends the session
		}
		if err == nil {
			_, err = s.master.refused(r, http.StatusForbidden)
		}
		if err == nil {
			_, err = s.master.refused(s.master.psrdRequest(protocol.OwnerClient, psrd.ForPads, 64), http.StatusForbidden)
		}
		return err
	})},
	{rule: marked, name: "a byte above its mark is not taken", run: withMarks(func(s *hubSession) error {
		block, err := s.master.fetch(protocol.OwnerClient, psrd.ForKeys) // its mark is not raised
		if err != nil {
			return err
		}
		_, err = s.master.refused(s.master.signWith(getting(s.ownWanted(uuid.New())), psrd.Fragment{Block: block.UUID, Size: protocol.SigningKeySize}),
			http.StatusNotFound, http.StatusServiceUnavailable)
		return err
	})},
	{rule: marked, name: "a block that the client does not name is dropped", run: withMarks(func(s *hubSession) error {
		dropped := s.master.blocks[0].UUID
		s.master.blocks = s.master.blocks[1:]
		if err := s.master.putMarks(false); err != nil {
			return err
		}
		a, err := s.as(s.Master, s.master.marks(true)) // only blocks that both have are left
		if err == nil {
			err = a.want(http.StatusOK)
		}
		if err == nil && bytes.Contains(a.body, []byte(dropped.String())) {
			err = errors.New("it is still there")
		}
		return err
	})},
	{rule: marked, name: "a share is given again until its delivery is confirmed, and not after that", run: withMarks(func(s *hubSession) error {
		m, value, err := s.give()
		for range 2 {
			if err == nil {
				err = s.fetches(m, value)
			}
		}
		if err != nil {
			return err
		}
		s.slave.serial++
		confirmed := protocol.DeliveredKeys{MasterSAE: s.Master.Encryptor, SlaveSAE: s.Slave.Encryptor, KeyIDs: []uuid.UUID{m.KeyID}}
		a, err := s.as(s.Slave, marksRequest(protocol.Marks{ClientName: s.Slave.Name, Boot: s.slave.boot, Session: s.slave.session, Serial: s.slave.serial,
			Blocks: s.slave.blocks, Delivered: []protocol.DeliveredKeys{confirmed}}))
		if err == nil {
			err = a.want(http.StatusOK)
		}
		if err != nil {
			return err
		}
		return s.hasNo(m)
	})},
	{rule: marked, name: "the same share in another message is 409, and the first one stays", run: withMarks(func(s *hubSession) error {
		m, value, err := s.give()
		if err == nil {
			err = s.refusesPost(m, value, http.StatusConflict)
		}
		if err != nil {
			return err
		}
		return s.fetches(m, value)
	})},
})

var marked = wire("Sessions and marks")

// withMarks limits a check to hubs that keep their state over a crash.
func withMarks(run func(*hubSession) error) func(*hubSession) error {
	return func(s *hubSession) error {
		if s.master.boot == uuid.Nil {
			return skip("the hub keeps nothing over a crash")
		}
		return run(s)
	}
}
