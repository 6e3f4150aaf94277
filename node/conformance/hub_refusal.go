package conformance

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/psrd"
)

var refusals = its("Refusals are signed")

// refusalChecks are for signed refusals and repeated requests.
var refusalChecks = []check[*hubSession]{
	{rule: refusals, name: "404 for an unknown key is signed", run: func(s *hubSession) error {
		return s.signsRefusal(s.slave, http.StatusNotFound, getting(s.wanted(uuid.New())))
	}},
	{rule: refusals, name: "403 for a share of another client is signed", run: func(s *hubSession) error {
		m, _, err := s.give()
		if err != nil {
			return err
		}
		q := s.wanted(m.KeyID)
		q.ClientName = s.Master.Name
		return s.signsRefusal(s.master, http.StatusForbidden, getting(q))
	}},
	{rule: refusals, name: "409 for a second share is signed", run: func(s *hubSession) error {
		m, value, err := s.give()
		if err != nil {
			return err
		}
		if m.SealedShare, err = s.master.seal(random(len(value))); err != nil {
			return err
		}
		return s.signsRefusal(s.master, http.StatusConflict, posting(protocol.PathKeyShare, m))
	}},
	{rule: refusals, name: "400 for a request that cannot be parsed is signed", run: func(s *hubSession) error {
		return s.signsRefusal(s.master, http.StatusBadRequest, request{method: http.MethodPost, path: protocol.PathKeyShare, body: []byte(`{"master_client_name":"` + s.Master.Name + `"}`)})
	}},
	{rule: refusals, name: "a request that was not verified gets an unsigned answer", run: func(s *hubSession) error {
		r := getting(s.ownWanted(uuid.New()))
		unknown := s.master.slot()
		unknown.Block = uuid.New()
		wrong := s.master.slot()
		for _, r := range []request{r, s.master.signWith(r, unknown), r.spelled(header(random(s.Suite.TagSize()), wrong)), r.spelled("nonsense")} {
			a, err := s.as(s.Master, r)
			if err == nil && (a.status < http.StatusBadRequest || a.header.Values(protocol.SignatureHeader) != nil) {
				err = fmt.Errorf("status %d, %s", a.status, a.signatures())
			}
			if err != nil {
				return err
			}
		}
		return nil
	}},
	{rule: refusals, name: "GET registration returns what the hub lacked for an answer", run: func(s *hubSession) error {
		return s.lacking(func(request, answer) error {
			seen, err := s.association()
			if want := (protocol.Lack{Purpose: psrd.ForKeys, Bytes: protocol.SigningKeySize}); err == nil && !slices.Contains(seen.Lacks, want) {
				err = fmt.Errorf("lacks are %+v", seen.Lacks)
			}
			return err
		})
	}},
	{rule: refusals, name: "a request that is repeated byte for byte gets the same answer", run: func(s *hubSession) error {
		m, value := s.newShare()
		post, err := s.master.post(m, value)
		if err != nil {
			return err
		}
		get, err := s.slave.sign(getting(s.wanted(m.KeyID)))
		if err != nil {
			return err
		}
		unknown, err := s.slave.sign(getting(s.wanted(uuid.New())))
		if err != nil {
			return err
		}
		for _, r := range []request{post, get, unknown} {
			first, err := s.as(s.Master, r)
			if err != nil {
				return err
			}
			second, err := s.as(s.Master, r)
			if err != nil {
				return err
			}
			if first.status != second.status || !bytes.Equal(first.body, second.body) || first.signatures() != second.signatures() {
				return fmt.Errorf("%s: %d %.100q%s, then %d %.100q%s", r.method, first.status, first.body, first.signatures(), second.status, second.body, second.signatures())
			}
		}
		return s.slave.opens(get, m, value)
	}},
}

// signsRefusal succeeds if a request is refused with a status and a signature.
func (s *hubSession) signsRefusal(p *peer, status int, r request) error {
	r, err := p.sign(r)
	if err != nil {
		return err
	}
	a, err := p.refused(r, status)
	if err == nil {
		_, err = p.verify(r, a)
	}
	return err
}

// lockOutChecks are for attempts to overload a hub or lock a client out.
var lockOutChecks = []check[*hubSession]{
	{rule: its("No lock-out"), name: "no client is refused because of wrong tags", run: func(s *hubSession) error {
		r := getting(s.ownWanted(uuid.New()))
		f := s.master.slot()
		for range 100 {
			if _, err := s.master.refused(r.spelled(header(random(s.Suite.TagSize()), f)), http.StatusUnauthorized); err != nil {
				return err
			}
		}
		m, value, err := s.give()
		if err != nil {
			return err
		}
		return s.fetches(m, value)
	}},
	{rule: its("No lock-out"), name: "a body over 4 MiB is 413", run: func(s *hubSession) error {
		r := request{method: http.MethodPost, path: protocol.PathKeyShare, body: bytes.Repeat([]byte(" "), 4<<20+1)}
		a, err := s.as(s.Master, r.spelled(header(random(s.Suite.TagSize()), s.master.slot())))
		if err != nil {
			return err
		}
		return a.want(http.StatusRequestEntityTooLarge)
	}},
	{rule: its("No lock-out"), name: "a GET over 16 KiB is refused", run: func(s *hubSession) error {
		r := getting(s.ownWanted(uuid.New()))
		r.query += "&color=" + strings.Repeat("b", 16<<10)
		_, err := s.master.refused(s.master.signWith(r, s.master.slot()), http.StatusRequestEntityTooLarge, http.StatusRequestURITooLong, http.StatusRequestHeaderFieldsTooLarge)
		return err
	}},
}
