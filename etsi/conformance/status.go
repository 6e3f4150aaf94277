package conformance

import (
	"fmt"
	"net/http"
	"strings"
)

const (
	nobody    = "no-such-sae-7d0f6c1e"
	unknownID = "7d0f6c1e-2b4a-4f83-8c95-e1a6d3b7f204"
)

func toStatus(query string) func(*session) call {
	return func(s *session) call { return call{from: s.Master, peer: s.Slave.SAE, name: "status", query: query} }
}

var statusChecks = []check{
	{"5 status", "GET is answered with a JSON object", func(s *session) error {
		_, err := s.object(toStatus("")(s))
		return err
	}},
	{"5 status", "unknown query parameters are ignored", func(s *session) error {
		_, err := s.object(toStatus("color=blue")(s))
		return err
	}},
	{"5 status", "Content-Type is application/json", isJSON(toStatus(""))},
	{"5 status", "an unknown slave SAE is 400", refuses("", func(s *session) call {
		return call{from: s.Master, peer: nobody, name: "status"}
	})},
	{"5 status", "the caller itself as slave is 400", refuses("", func(s *session) call {
		return call{from: s.Master, peer: s.Master.SAE, name: "status"}
	})},
	{"5 status", "POST is refused", func(s *session) error {
		c := toStatus("")(s)
		c.method, c.body = http.MethodPost, "{}"
		return notAllowed(s, c)
	}},
	{"5 status", "the slave sees the KMEs the other way round", statusFromBothSides},
	{"6.1", "source_KME_ID is a string", hasString("source_KME_ID", nil)},
	{"6.1", "target_KME_ID is a string", hasString("target_KME_ID", nil)},
	{"6.1", "master_SAE_ID is the caller", hasString("master_SAE_ID", func(s *session) string { return s.Master.SAE })},
	{"6.1", "slave_SAE_ID is the SAE in the path", hasString("slave_SAE_ID", func(s *session) string { return s.Slave.SAE })},
	{"6.1", "key_size is an integer of at least min_key_size", hasInteger("key_size", member("min_key_size"))},
	{"6.1", "max_key_size is an integer of at least key_size", hasInteger("max_key_size", member("key_size"))},
	{"6.1", "min_key_size is a positive integer", hasInteger("min_key_size", number(1))},
	{"6.1", "stored_key_count is an integer, not negative", hasInteger("stored_key_count", number(0))},
	{"6.1", "max_key_count is an integer of at least stored_key_count", hasInteger("max_key_count", member("stored_key_count"))},
	{"6.1", "max_key_per_request is a positive integer", hasInteger("max_key_per_request", number(1))},
	{"6.1", "max_SAE_ID_count is an integer, not negative", hasInteger("max_SAE_ID_count", number(0))},
}

// isJSON succeeds if a call is answered with JSON.
func isJSON(build func(*session) call) func(*session) error {
	return func(s *session) error {
		a, err := s.do(build(s))
		if err != nil {
			return err
		}
		if got := a.header.Get("Content-Type"); !strings.HasPrefix(got, "application/json") {
			return fmt.Errorf("Content-Type is %q", got)
		}
		return nil
	}
}

// notAllowed succeeds if the KME does not have the method of a call.
func notAllowed(s *session, c call) error {
	a, err := s.do(c)
	if err == nil && a.status != http.StatusMethodNotAllowed && a.status != http.StatusBadRequest && a.status != http.StatusNotFound {
		err = a.expect(http.StatusMethodNotAllowed)
	}
	return err
}

func statusFromBothSides(s *session) error {
	ours, err := s.object(toStatus("")(s))
	if err != nil {
		return err
	}
	theirs, err := s.object(call{from: s.Slave, peer: s.Master.SAE, name: "status"})
	if err != nil {
		return err
	}
	if ours["source_KME_ID"] != theirs["target_KME_ID"] || ours["target_KME_ID"] != theirs["source_KME_ID"] {
		return fmt.Errorf("the master sees %v and %v, the slave %v and %v", ours["source_KME_ID"],
			ours["target_KME_ID"], theirs["source_KME_ID"], theirs["target_KME_ID"])
	}
	return nil
}
