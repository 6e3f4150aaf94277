package conformance

import (
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"dske/protocol"
)

var (
	errorRules = wire("Errors")
	management = wire("Key delivery and management")
)

// Errors in general.
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
	{errorRules, "in band, a client that is not registered is 403", nil, pythonStatuses, func(s *hubSession) error {
		m := s.wanted(uuid.New())
		m.ClientName = s.other.Name
		r := s.slave.signWith(getting(m), s.slave.slot())
		_, err := s.slave.refused(r, http.StatusForbidden)
		return err
	}},
}
