package conformance

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"dske/protocol"
)

// Registration.
var registrationChecks = []check[*hubSession]{
	{outOfBand, "PUT registration is answered with the name of the hub", nil, "", func(s *hubSession) error {
		var registered protocol.Registered
		a, err := s.register(s.Master)
		if err == nil {
			err = errors.Join(a.want(http.StatusOK), a.read(&registered))
		}
		if err == nil && registered.HubName != s.name() {
			err = fmt.Errorf("hub_name is %q", registered.HubName)
		}
		return err
	}},
	{outOfBand, "a client that registers again starts again with empty pools, and shares stay", nil, pythonStatuses, func(s *hubSession) error {
		return s.endsPools(func() error { return s.master.enter() })
	}},
	{outOfBand, "DELETE registration ends the pools, and shares stay", nil, pythonLacks, func(s *hubSession) error {
		return s.endsPools(func() error {
			a, err := s.as(s.Master, unregistering(s.Master.Name))
			if err != nil {
				return err
			}
			return a.want(http.StatusOK)
		})
	}},
	{outOfBand, "without encryptor_names a client has one encryptor with its own name", nil, "hubs of dske-python want that member", withoutEncryptors},
	{outOfBand, "a registration that cannot be parsed, or has invalid names, is 400", nil, "hubs of dske-python answer with 422, and take any name", malformedRegistrations},
	{outOfBand, "GET registration returns the hub's view of the association", nil, pythonLacks, seesAssociation},
	{outOfBand, "GET encryptors returns the client that serves an encryptor; a 404 has a message", nil, pythonLacks, func(s *hubSession) error {
		a, err := s.as(s.Master, encryptor(s.Slave.Encryptor))
		var e protocol.Encryptor
		if err == nil {
			err = errors.Join(a.want(http.StatusOK), a.read(&e))
		}
		if err == nil && e != (protocol.Encryptor{EncryptorName: s.Slave.Encryptor, ClientName: s.Slave.Name}) {
			err = fmt.Errorf("got %+v", e)
		}
		if err != nil {
			return err
		}
		a, err = s.as(s.Master, encryptor("conformance-nobody"))
		if err == nil {
			err = a.want(http.StatusNotFound)
		}
		if err == nil && a.message() == "" {
			err = errors.New("it has none")
		}
		return err
	}},
}

func encryptor(name string) request {
	return request{method: http.MethodGet, path: protocol.PathEncryptors + "/" + url.PathEscape(name)}
}

// endsPools succeeds if, after end, nothing that was signed for the old pools of the master counts,
// and a share that was given before is still there.
func (s *hubSession) endsPools(end func() error) error {
	m, value, err := s.give()
	if err != nil {
		return err
	}
	more, moreValue := s.newShare()
	r, err := s.master.post(more, moreValue)
	if err == nil {
		err = end()
	}
	if err == nil {
		_, err = s.master.refused(r, http.StatusNotFound, http.StatusForbidden)
	}
	if err != nil {
		return err
	}
	return s.fetches(m, value)
}

func withoutEncryptors(s *hubSession) error {
	if !s.open {
		return skip("takes a hub with which anybody may register")
	}
	defer s.as(s.other, unregistering(s.other.Name))
	body, _ := json.Marshal(protocol.Registration{ClientName: s.other.Name})
	a, err := s.as(s.other, request{method: http.MethodPut, path: protocol.PathRegistration, body: body})
	if err == nil {
		err = a.want(http.StatusOK)
	}
	if err == nil {
		a, err = s.as(s.other, encryptor(s.other.Name))
	}
	var e protocol.Encryptor
	if err == nil {
		err = errors.Join(a.want(http.StatusOK), a.read(&e))
	}
	if err == nil && e.ClientName != s.other.Name {
		err = fmt.Errorf("it is of %q", e.ClientName)
	}
	return err
}

func malformedRegistrations(s *hubSession) error {
	for _, body := range []string{
		`{`, `[]`, `{}`, `{"client_name": 7}`,
		`{"client_name": "Conformance"}`, `{"client_name": "` + strings.Repeat("c", 64) + `"}`, `{"client_name": "-c"}`,
		`{"client_name": "` + s.Master.Name + `", "encryptor_names": [""]}`,
		`{"client_name": "` + s.Master.Name + `", "encryptor_names": ["a\u0001b"]}`,
		`{"client_name": "` + s.Master.Name + `", "encryptor_names": ["` + strings.Repeat("e", protocol.MaxSAE+1) + `"]}`,
	} {
		a, err := s.as(s.Master, request{method: http.MethodPut, path: protocol.PathRegistration, body: []byte(body)})
		if err == nil {
			err = a.want(http.StatusBadRequest, http.StatusRequestEntityTooLarge)
		}
		if err != nil {
			return fmt.Errorf("%.80s: %w", body, err)
		}
	}
	return nil
}

// association asks for the hub's view of the association with the master.
func (s *hubSession) association() (seen protocol.Association, err error) {
	a, err := s.as(s.Master, asking(s.Master.Name))
	if err == nil {
		err = errors.Join(a.want(http.StatusOK), a.read(&seen))
	}
	return seen, err
}

func seesAssociation(s *hubSession) error {
	if _, _, err := s.give(); err != nil {
		return err
	}
	seen, err := s.association()
	if err != nil {
		return err
	}
	if want := 2 * len(protocol.PurposesOf(s.Suite)); !seen.Registered || len(seen.Blocks) != want {
		return fmt.Errorf("registered is %v, with %d blocks, not %d", seen.Registered, len(seen.Blocks), want)
	}
	for _, b := range seen.Blocks {
		if s.master.data[b.UUID] == nil || b.Size != blockSize || b.Unused > b.Size || b.Owner != protocol.OwnerClient && b.Owner != protocol.OwnerHub {
			return fmt.Errorf("of a block it says %+v", b)
		}
		pool := s.master.channel.Pool(b.Owner == protocol.OwnerClient, b.Purpose)
		if there := pool.Status(); len(there) != 1 || there[0].UUID != b.UUID || there[0].Unused != b.Unused {
			return fmt.Errorf("of the %s-owned block for %q it says %+v, and here is %+v", b.Owner, b.Purpose, b, there)
		}
	}
	if _, err := s.as(s.Master, unregistering(s.Master.Name)); err != nil {
		return err
	}
	if seen, err = s.association(); err == nil && (seen.Registered || len(seen.Blocks) > 0) {
		err = fmt.Errorf("after the end it says %+v", seen)
	}
	return err
}

// ownWanted returns a request for a key of the master's own, whose answer is not needed.
func (s *hubSession) ownWanted(key uuid.UUID) protocol.GetShare {
	return protocol.GetShare{ClientName: s.Master.Name, MasterSAE: s.Slave.Encryptor, SlaveSAE: s.Master.Encryptor, KeyID: key}
}

// hasNo returns an error unless the hub has no share of a key for the slave.
func (s *hubSession) hasNo(m protocol.PostShare) error {
	r, err := s.slave.sign(getting(s.wanted(m.KeyID)))
	if err == nil {
		_, err = s.slave.refused(r, http.StatusNotFound)
	}
	if err != nil {
		return fmt.Errorf("afterwards: %w", err)
	}
	return nil
}

// refusesPost succeeds if the hub refuses a share of the master's with a status and does not keep
// it.
func (s *hubSession) refusesPost(m protocol.PostShare, value []byte, statuses ...int) error {
	r, err := s.master.post(m, value)
	if err == nil {
		_, err = s.master.refused(r, statuses...)
	}
	return err
}
