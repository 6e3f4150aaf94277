package conformance

import (
	"fmt"
	"net/http"
)

// additional builds a Get key with additional slave SAEs.
func additional(ids func(*session) []string) func(*session) call {
	return func(s *session) call {
		return s.encKeys("", `{"additional_slave_SAE_IDs": `+quoted(ids(s)...)+`}`)
	}
}

// Keys for several slaves.
var multicastChecks = []check{
	{"6.2", "additional_slave_SAE_IDs that are not an array are 400", refuses("", byBody(`{"additional_slave_SAE_IDs": "a"}`))},
	{"6.2", "an unknown additional slave SAE is 400", refuses("", additional(func(*session) []string { return []string{nobody} }))},
	{"6.2", "the slave as additional slave SAE is 400", refuses("", additional(func(s *session) []string { return []string{s.Slave.SAE} }))},
	{"6.2", "the caller as additional slave SAE is 400", refuses("", additional(func(s *session) []string { return []string{s.Master.SAE} }))},
	{"6.2", "a repeated additional slave SAE is 400", refuses("", additional(func(s *session) []string {
		id := nobody
		if len(s.Others) > 0 {
			id = s.Others[0].SAE
		}
		return []string{id, id}
	}))},
	{"6.2", "more than max_SAE_ID_count additional slave SAEs are 400", refuses("", additional(func(s *session) []string {
		status, _ := s.status()
		var ids []string
		for i := range status.MaxSAEIDCount + 1 {
			ids = append(ids, fmt.Sprint(nobody, i))
		}
		return ids
	}))},
	{"6.2", "slave and additional slaves each fetch the same key once", multicast},
}

func multicast(s *session) error {
	status, err := s.status()
	if err != nil {
		return err
	}
	others := s.Others[:min(len(s.Others), status.MaxSAEIDCount)]
	if len(others) == 0 {
		return skip("takes a third SAE, and a KME that has key multicast")
	}
	var ids []string
	for _, other := range others {
		ids = append(ids, other.SAE)
	}
	made, err := s.keys(additional(func(*session) []string { return ids })(s), 1)
	if err != nil {
		return err
	}
	for _, slave := range append([]Party{s.Slave}, others...) {
		fetch := call{from: slave, peer: s.Master.SAE, name: "dec_keys", query: "key_ID=" + made[0].ID}
		if err := fetchedOnce(s, made, fetch); err != nil {
			return fmt.Errorf("%s: %w", slave.SAE, err)
		}
	}
	return nil
}

func fetchedOnce(s *session, made []key, fetch call) error {
	fetched, err := s.keys(fetch, 1)
	if err != nil {
		return err
	}
	if err := sameKeys(made, fetched); err != nil {
		return err
	}
	_, _, err = s.refused(fetch, http.StatusBadRequest)
	return err
}
