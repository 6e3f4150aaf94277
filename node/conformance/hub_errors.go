package conformance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/psrd"
)

var (
	errorRules = wire("Errors")
	management = wire("Key delivery and management")
)

// Errors, of whatever.
var errorChecks = []check[*hubSession]{
	{errorRules, "an unknown path is 404", nil, "", func(s *hubSession) error {
		for _, path := range []string{"/no/such/path", "/dske/api/v1/no-such", "/dske/oob/v1"} {
			a, err := s.as(s.Master, request{method: http.MethodGet, path: path})
			if err == nil {
				err = a.want(http.StatusNotFound)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
		}
		return nil
	}},
	{errorRules, "a known path with a wrong method is 405", nil, "", func(s *hubSession) error {
		for _, r := range []request{{method: http.MethodPost, path: protocol.PathPSRD}, {method: http.MethodPatch, path: protocol.PathRegistration}, {method: http.MethodPut, path: protocol.PathKeyShare}} {
			a, err := s.as(s.Master, r)
			if err == nil {
				err = a.want(http.StatusMethodNotAllowed)
			}
			if err != nil {
				return fmt.Errorf("%s %s: %w", r.method, r.path, err)
			}
		}
		return nil
	}},
	{errorRules, "errors are a message and details, in JSON", nil, "those of dske-python have another form where FastAPI answers", func(s *hubSession) error {
		r, err := s.slave.sign(getting(s.wanted(uuid.New())))
		if err != nil {
			return err
		}
		for _, r := range []request{{method: http.MethodGet, path: "/no/such/path"}, {method: http.MethodPost, path: protocol.PathPSRD},
			s.master.psrdRequest(protocol.OwnerClient, protocol.PurposesOf(s.Suite)[0], 0), getting(s.wanted(uuid.New())), r} {
			a, err := s.as(s.Slave, r)
			if err == nil && (a.status < http.StatusBadRequest || a.message() == "" || a.details() == nil) {
				err = fmt.Errorf("%s %s: %d %.200q", r.method, r.path, a.status, a.body)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}},
	{errorRules, "out of PSRD is 503 with pool_owner, needed and available", nil, "hubs of dske-python have pool_available_bytes instead, and take no message back", func(s *hubSession) error {
		return s.lacking(func(_ request, a answer) error {
			if d := a.details(); d["pool_owner"] != string(protocol.OwnerHub) || d["needed"] != float64(protocol.SigningKeySize) || d["available"] != 0. {
				return fmt.Errorf("the details are %v", d)
			}
			return nil
		})
	}},
	{errorRules, "in band, who is not registered is 403", nil, pythonStatuses, func(s *hubSession) error {
		m := s.wanted(uuid.New())
		m.ClientName = s.other.Name
		r := s.slave.signWith(getting(m), s.slave.slot())
		_, err := s.slave.refused(r, http.StatusForbidden)
		return err
	}},
}

// What operators see.
var managementChecks = []check[*hubSession]{
	{management, "GET mgmt/v1/status describes clients, pools and shares without a byte of them", nil, "hubs of dske-python show the start of blocks and shares", statusIsNoSecret},
	{management, "GET openapi.json and GET docs describe the interface", nil, "hubs of dske-python have them at /openapi.json and /docs", func(s *hubSession) error {
		for _, path := range []string{"/openapi.json", "/docs"} {
			a, err := s.as(s.Master, request{method: http.MethodGet, path: path})
			if err == nil {
				err = s.orNotOurs(a)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
		}
		return nil
	}},
}

// orNotOurs is want(200), but skips the check if the hub keeps its management for the operator.
func (s *hubSession) orNotOurs(a answer) error {
	if a.status == http.StatusUnauthorized || a.status == http.StatusForbidden {
		return skip("is for the operator")
	}
	return a.want(http.StatusOK)
}

func statusIsNoSecret(s *hubSession) error {
	m, value, err := s.give()
	if err != nil {
		return err
	}
	a, err := s.as(s.Master, request{method: http.MethodGet, path: "/mgmt/v1/status"})
	if err == nil {
		err = s.orNotOurs(a)
	}
	if err != nil {
		return err
	}
	var status struct {
		Name    string
		Clients []struct {
			Name       string   `json:"client_name"`
			Encryptors []string `json:"encryptor_names"`
			Local      *poolOf  `json:"local_pool"`
			Peer       *poolOf  `json:"peer_pool"`
			LocalKeys  *poolOf  `json:"local_key_pool"`
			PeerKeys   *poolOf  `json:"peer_key_pool"`
		} `json:"peer_clients"`
		Shares []map[string]any
	}
	if err := a.read(&status); err != nil {
		return err
	}
	for _, c := range status.Clients {
		if c.Name == s.Master.Name && (c.Local == nil || c.Peer == nil || s.Suite.Rules().Purposes != (c.LocalKeys != nil && c.PeerKeys != nil) || c.Peer.Owner != "peer" || c.Local.Owner != "local") {
			return fmt.Errorf("the pools of %s are not as they should be", c.Name)
		}
	}
	isOurs := func(share map[string]any) bool { return share["key_id"] == m.KeyID.String() }
	if status.Name != s.name() || !slices.ContainsFunc(status.Shares, isOurs) {
		return fmt.Errorf("the hub %q is shown without the share that it has", status.Name)
	}
	return showsNothing(a.body, value, s.master.data)
}

type poolOf struct {
	Owner  string
	Blocks []map[string]any
}

// showsNothing returns an error if a status has members for bytes, or has these.
func showsNothing(body, share []byte, blocks map[uuid.UUID][]byte) error {
	for _, name := range []string{"data", "value", "share_value", "encrypted_share_value"} {
		if bytes.Contains(body, []byte(`"`+name+`"`)) {
			return fmt.Errorf("there is a member %q", name)
		}
	}
	secrets := [][]byte{share}
	for _, data := range blocks {
		secrets = append(secrets, data)
	}
	for _, secret := range secrets {
		if start, _ := json.Marshal(secret[:9]); bytes.Contains(body, bytes.Trim(start, `"`)) {
			return errors.New("the start of a block or of a share is there")
		}
	}
	return nil
}

// marksChecks are for hubs that keep their state over a crash.
var marksChecks = tied(protocol.ITS, []check[*hubSession]{
	{rule: marked, name: "marks of another boot or session, or with an old serial, are 409", run: func(s *hubSession) error {
		if s.master.boot == uuid.Nil {
			return noMarks
		}
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
	}},
	{rule: marked, name: "before a session there is no PSRD, and nothing in band: 403", run: func(s *hubSession) error {
		if s.master.boot == uuid.Nil {
			return noMarks
		}
		m, value := s.newShare()
		r, err := s.master.post(m, value)
		if err == nil {
			_, err = s.register(s.Master) // which ends the session
		}
		if err == nil {
			_, err = s.master.refused(r, http.StatusForbidden)
		}
		if err == nil {
			_, err = s.master.refused(s.master.psrdRequest(protocol.OwnerClient, psrd.ForPads, 64), http.StatusForbidden)
		}
		return err
	}},
	{rule: marked, name: "a byte above its mark is not taken", run: func(s *hubSession) error {
		if s.master.boot == uuid.Nil {
			return noMarks
		}
		block, err := s.master.fetch(protocol.OwnerClient, psrd.ForKeys) // whose mark nobody raises
		if err != nil {
			return err
		}
		_, err = s.master.refused(s.master.signWith(getting(s.ownWanted(uuid.New())), psrd.Fragment{Block: block.UUID, Size: protocol.SigningKeySize}),
			http.StatusNotFound, http.StatusServiceUnavailable)
		return err
	}},
	{rule: marked, name: "a block that the client does not name is dropped", run: func(s *hubSession) error {
		if s.master.boot == uuid.Nil {
			return noMarks
		}
		dropped := s.master.blocks[0].UUID
		s.master.blocks = s.master.blocks[1:]
		if err := s.master.putMarks(false); err != nil {
			return err
		}
		a, err := s.as(s.Master, s.master.marks(true)) // only what both have is left
		if err == nil {
			err = a.want(http.StatusOK)
		}
		if err == nil && bytes.Contains(a.body, []byte(dropped.String())) {
			err = errors.New("it is still there")
		}
		return err
	}},
	{rule: marked, name: "a share is given again until its delivery is confirmed, and not after that", run: func(s *hubSession) error {
		if s.slave.boot == uuid.Nil {
			return noMarks
		}
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
	}},
	{rule: marked, name: "the very same share in another message is 409, and the first one stays", run: func(s *hubSession) error {
		if s.master.boot == uuid.Nil {
			return noMarks
		}
		m, value, err := s.give()
		if err == nil {
			err = s.refusesPost(m, value, http.StatusConflict)
		}
		if err != nil {
			return err
		}
		return s.fetches(m, value)
	}},
})

var marked = wire("Sessions and marks")

const noMarks = skip("the hub keeps nothing over a crash")
