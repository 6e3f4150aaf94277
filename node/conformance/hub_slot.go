package conformance

import (
	"net/http"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/psrd"
)

// slotChecks are for the signing keys of suite its.
var slotChecks = []check[*hubSession]{
	{rule: its("Signing keys"), name: "a key block that does not consist of whole slots is 400", run: func(s *hubSession) error {
		a, err := s.as(s.Master, s.master.psrdRequest(protocol.OwnerClient, psrd.ForKeys, 33))
		if err != nil {
			return err
		}
		return a.want(http.StatusBadRequest)
	}},
	{rule: its("Signing keys"), name: "a signing key that is in pieces, or starts between slots, is 400", run: func(s *hubSession) error {
		f := s.master.take(protocol.OwnerClient, psrd.ForKeys, 64)
		part := func(start, size int) psrd.Fragment {
			return psrd.Fragment{Block: f.Block, Start: f.Start + start, Size: size}
		}
		for _, key := range [][]psrd.Fragment{{part(0, 16), part(16, 16)}, {part(16, 32)}, {part(1, 32)}} {
			if err := s.refusesKey(http.StatusBadRequest, key...); err != nil {
				return err
			}
		}
		return nil
	}},
	{rule: its("Signing keys"), name: "a valid tag spends the slot whatever else is wrong", run: func(s *hubSession) error {
		malformed := request{method: http.MethodPost, path: protocol.PathKeyShare, body: []byte(`{"master_client_name": "` + s.Master.Name + `"}`)}
		for _, r := range []request{getting(s.ownWanted(uuid.New())), malformed} {
			f := s.master.slot()
			if _, err := s.master.refused(s.master.signWith(r, f), http.StatusNotFound, http.StatusBadRequest); err != nil {
				return err
			}
			if err := s.refusesKey(http.StatusConflict, f); err != nil {
				return err
			}
		}
		return nil
	}},
	{rule: its("Signing keys"), name: "503 gives the slot back: the same bytes are taken when there is PSRD", run: func(s *hubSession) error {
		return s.lacking(func(r request, _ answer) error {
			if _, err := s.master.fetch(protocol.OwnerHub, psrd.ForKeys); err != nil {
				return err
			}
			if err := s.master.raise(); err != nil {
				return err
			}
			_, _, err := s.master.accepted(r)
			return err
		})
	}},
}

// lacking posts a share when the hub has no PSRD of its own for an answer, and passes the message
// and the answer, 503, to then.
func (s *hubSession) lacking(then func(request, answer) error) error {
	if err := s.master.enter(); err != nil {
		return err
	}
	for _, purpose := range protocol.PurposesOf(s.Suite) {
		if _, err := s.master.fetch(protocol.OwnerClient, purpose); err != nil {
			return err
		}
	}
	if err := s.master.raise(); err != nil {
		return err
	}
	m, value := s.newShare()
	r, err := s.master.post(m, value)
	if err != nil {
		return err
	}
	a, err := s.master.refused(r, http.StatusServiceUnavailable)
	if err != nil {
		return err
	}
	return then(r, a)
}
