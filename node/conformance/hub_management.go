package conformance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/google/uuid"
)

// The management interface.
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

// orNotOurs is like want(200), but skips the check if the hub reserves its management for the
// operator.
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

// showsNothing returns an error if a status has members for bytes, or contains these bytes.
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
