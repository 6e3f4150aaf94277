package conformance

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// Get key with key IDs, over GET and POST.
var getKeyWithIDsChecks = []check{
	{"5 dec_keys", "GET brings the key that the master has", func(s *session) error {
		return fetches(s, 1, func(ids []string) call { return s.decKeys("key_ID="+ids[0], "") })
	}},
	{"5 dec_keys", "GET ignores unknown parameters", func(s *session) error {
		return fetches(s, 1, func(ids []string) call { return s.decKeys("color=blue&key_ID="+ids[0], "") })
	}},
	{"5 dec_keys", "a key ID in upper case is the same (RFC 4122)", func(s *session) error {
		return fetches(s, 1, func(ids []string) call { return s.decKeys("key_ID="+strings.ToUpper(ids[0]), "") })
	}},
	{"5 dec_keys", "the slave can be master and the master slave", bothWays},
	{"5 dec_keys", "a second fetch is 400, in the words of the standard", fetchTwice},
	{"5 dec_keys", "an unknown key ID is 400, in the words of the standard", refuses(notFound, func(s *session) call {
		return s.decKeys("key_ID="+unknownID, "")
	})},
	{"5 dec_keys", "GET without a key_ID is 400", refuses("", func(s *session) call { return s.decKeys("", "") })},
	{"5 dec_keys", "a key_ID that is not a UUID is 400", refuses("", func(s *session) call { return s.decKeys("key_ID=17", "") })},
	{"5 dec_keys", "the caller itself as master is 400", refuses("", func(s *session) call {
		return call{from: s.Slave, peer: s.Slave.SAE, name: "dec_keys", query: "key_ID=" + unknownID}
	})},
	{"5 dec_keys", "a fetch in the name of another master is refused, and costs nothing", func(s *session) error {
		return refusedThenFetched(s, func(id string) call {
			return call{from: s.Slave, peer: nobody, name: "dec_keys", query: "key_ID=" + id}
		})
	}},
	{"5 dec_keys", "the master cannot fetch its key as a slave, and that costs nothing", func(s *session) error {
		return refusedThenFetched(s, func(id string) call {
			return call{from: s.Master, peer: s.Slave.SAE, name: "dec_keys", query: "key_ID=" + id}
		})
	}},
	{"5 dec_keys", "another SAE gets 401, and that costs nothing", func(s *session) error {
		if len(s.Others) == 0 {
			return skip("takes a third SAE")
		}
		return refusedThenFetched(s, func(id string) call {
			return call{from: s.Others[0], peer: s.Master.SAE, name: "dec_keys", query: "key_ID=" + id}
		}, http.StatusUnauthorized)
	}},
	{"5 dec_keys", "DELETE is refused", func(s *session) error {
		c := s.decKeys("key_ID="+unknownID, "")
		c.method = http.MethodDelete
		return notAllowed(s, c)
	}},
}

// Key IDs in a body.
var keyIDsChecks = []check{
	{"6.4", "POST of one key ID brings the key that the master has", func(s *session) error {
		return fetches(s, 1, func(ids []string) call { return s.decKeys("", keyIDs(ids...)) })
	}},
	{"6.4", "POST of several key IDs brings all of them", func(s *session) error {
		return fetches(s, 5, func(ids []string) call { return s.decKeys("", keyIDs(ids...)) })
	}},
	{"6.4", "POST of key IDs in another order than they were made", func(s *session) error {
		return fetches(s, 3, func(ids []string) call {
			slices.Reverse(ids)
			return s.decKeys("", keyIDs(ids...))
		})
	}},
	{"6.4", "max_key_per_request key IDs can be named at once", func(s *session) error {
		status, err := s.status()
		if err != nil {
			return err
		}
		return fetches(s, status.MaxKeyPerRequest, func(ids []string) call { return s.decKeys("", keyIDs(ids...)) })
	}},
	{"6.4", "key_ID_extension and key_IDs_extension are ignored", func(s *session) error {
		return fetches(s, 1, func(ids []string) call {
			return s.decKeys("", fmt.Sprintf(`{"key_IDs": [{"key_ID": %q, "key_ID_extension": {"a": 1}}], "key_IDs_extension": {}}`, ids[0]))
		})
	}},
	{"6.4", "unknown members are ignored", func(s *session) error {
		return fetches(s, 1, func(ids []string) call {
			return s.decKeys("", fmt.Sprintf(`{"key_IDs": [{"key_ID": %q, "color": "blue"}], "color": "blue"}`, ids[0]))
		})
	}},
	{"6.4", "one unknown key ID among others is 400, and the others are still there", func(s *session) error {
		return allOrNothing(s, func(id string) string { return keyIDs(id, unknownID) })
	}},
	{"6.4", "a repeated key ID is 400, and the key is still there", func(s *session) error {
		return allOrNothing(s, func(id string) string { return keyIDs(id, id) })
	}},
	{"6.4", "an unknown key ID is 400, in the words of the standard", refuses(notFound, idsByBody(keyIDs(unknownID)))},
	{"6.4", "POST of {} is 400", refuses("", idsByBody("{}"))},
	{"6.4", "POST of no key IDs is 400", refuses("", idsByBody(`{"key_IDs": []}`))},
	{"6.4", "a key_ID that is not a UUID is 400", refuses("", idsByBody(keyIDs("17")))},
	{"6.4", "key_IDs that are not objects are 400", refuses("", idsByBody(`{"key_IDs": ["`+unknownID+`"]}`))},
	{"6.4", "more than max_key_per_request key IDs are 400", refuses("", func(s *session) call {
		status, _ := s.status()
		var ids []string
		for range status.MaxKeyPerRequest + 1 {
			ids = append(ids, uuid.NewString())
		}
		return s.decKeys("", keyIDs(ids...))
	})},
	{"6.4", "malformed JSON is 400", refuses("", idsByBody(`{"key_IDs": [`))},
	{"6.4", "a body that is not an object is 400", refuses("", idsByBody(`"`+unknownID+`"`))},
}

// fetches succeeds if a call of the slave brings the keys that the master has got.
func fetches(s *session, number int, build func(ids []string) call) error {
	made, err := s.makeKeys(number)
	if err != nil {
		return err
	}
	fetched, err := s.keys(build(idsOf(made)), number)
	if err != nil {
		return err
	}
	return sameKeys(made, fetched)
}

func bothWays(s *session) error {
	turned := *s
	turned.Master, turned.Slave = s.Slave, s.Master
	return fetches(&turned, 1, func(ids []string) call { return turned.decKeys("key_ID="+ids[0], "") })
}

func fetchTwice(s *session) error {
	made, err := s.makeKeys(1)
	if err != nil {
		return err
	}
	fetch := s.decKeys("key_ID="+made[0].ID, "")
	if _, err := s.keys(fetch, 1); err != nil {
		return err
	}
	return refuses(notFound, func(*session) call { return fetch })(s)
}

// refusedThenFetched succeeds if a call about a new key is refused (with 400 or 401 unless statuses
// are given), and the slave can still fetch the key.
func refusedThenFetched(s *session, build func(id string) call, statuses ...int) error {
	if len(statuses) == 0 {
		statuses = []int{http.StatusBadRequest, http.StatusUnauthorized}
	}
	made, err := s.makeKeys(1)
	if err != nil {
		return err
	}
	a, err := s.do(build(made[0].ID))
	if err != nil {
		return err
	}
	if !slices.Contains(statuses, a.status) {
		return a.expect(statuses[0])
	}
	return stillThere(s, made)
}

// allOrNothing succeeds if a body that names a new key is refused, and the slave can still fetch
// the key.
func allOrNothing(s *session, body func(id string) string) error {
	made, err := s.makeKeys(1)
	if err != nil {
		return err
	}
	if err := refuses("", idsByBody(body(made[0].ID)))(s); err != nil {
		return err
	}
	return stillThere(s, made)
}

// stillThere succeeds if the slave can fetch a key.
func stillThere(s *session, made []key) error {
	fetched, err := s.keys(s.decKeys("key_ID="+made[0].ID, ""), 1)
	if err != nil {
		return err
	}
	return sameKeys(made, fetched)
}
