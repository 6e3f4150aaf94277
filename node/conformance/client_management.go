package conformance

import (
	"fmt"
	"net/http"
	"slices"
)

// What the operator of a client sees.
var clientManagementChecks = []check[*clientSession]{
	{management, "GET mgmt/v1/status describes hubs and pools without a byte of them", nil, "clients of dske-python show the start of blocks", func(s *clientSession) error {
		a, err := s.managementOf("/mgmt/v1/status")
		if err != nil {
			return err
		}
		var status struct {
			Name       string
			Encryptors []string `json:"encryptor_names"`
			Hubs       []struct {
				Name       string  `json:"hub_name"`
				Registered *bool   `json:"registered"`
				Local      *poolOf `json:"local_pool"`
				Peer       *poolOf `json:"peer_pool"`
			} `json:"peer_hubs"`
		}
		if err := a.read(&status); err != nil {
			return err
		}
		if status.Name != s.name() || !slices.Contains(status.Encryptors, s.sae) || len(status.Hubs) != s.n() {
			return fmt.Errorf("it is of %q with %q at %d hubs", status.Name, status.Encryptors, len(status.Hubs))
		}
		for _, h := range status.Hubs {
			if h.Name == "" || h.Registered == nil || h.Local == nil || h.Peer == nil || h.Local.Owner != "local" || h.Peer.Owner != "peer" {
				return fmt.Errorf("hub %q: a member is missing", h.Name)
			}
		}
		for _, h := range s.Hubs.hubs {
			h.mu.Lock()
			err := showsNothing(a.body, random(9), h.data)
			h.mu.Unlock()
			if err != nil {
				return err
			}
		}
		return nil
	}},
	{management, "GET openapi.json and GET docs describe the client", nil, "clients of dske-python have them at /openapi.json and /docs", func(s *clientSession) error {
		for _, path := range []string{"/openapi.json", "/docs"} {
			if _, err := s.managementOf(path); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
		}
		return nil
	}},
	{errorRules, "an unknown path is 404, with a message and details", nil, "errors of dske-python have another form where FastAPI answers", func(s *clientSession) error {
		a, err := send(s.ctx, s.HTTP, s.URL, request{method: http.MethodGet, path: "/no/such/path"}, s.record)
		if err == nil {
			err = a.want(http.StatusNotFound)
		}
		if err == nil && (a.message() == "" || a.details() == nil) {
			err = fmt.Errorf("the body is %q", a.body)
		}
		return err
	}},
}
