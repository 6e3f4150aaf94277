package conformance

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
)

// Sizes that every encryptor must support; longer values may fail.
const (
	sureAlgorithm = 16 // bytes
	sureSystem    = 32 // bytes
)

// skipChecks are for the calls of the draft, by name, since they do not all have a clause.
var skipChecks = []check{
	{"capabilities", "GET is answered with all five members", func(s *session) error {
		_, err := s.capabilities(s.Master)
		return err
	}},
	{"capabilities", "Content-Type is application/json", isJSON(skipCall("/capabilities", ""))},
	{"capabilities", "keys and at least one remote system are there", func(s *session) error {
		c, err := s.capabilities(s.Master)
		if err == nil && (!c.key || len(c.remote) == 0) {
			err = fmt.Errorf("key is %v, remoteSystemID %q", c.key, c.remote)
		}
		return err
	}},
	{"capabilities", "each system is among the remote ones of the other", func(s *session) error {
		_, _, err := s.systems()
		return err
	}},
	{"capabilities", "algorithm and localSystemID are no longer than every encryptor can take", func(s *session) error {
		c, err := s.capabilities(s.Master)
		if err == nil && (len(c.algorithm) > sureAlgorithm || len(c.local) > sureSystem) {
			err = fmt.Errorf("algorithm %q, localSystemID %q; up to %d and %d bytes are safe", c.algorithm, c.local, sureAlgorithm, sureSystem)
		}
		return err
	}},
	{"key", "a key has 256 bits by default, a key ID 128", newSKIPKey("", 256)},
	{"key", "a key of 128 bits", newSKIPKey("&size=128", 128)},
	{"key", "a key of 512 bits", newSKIPKey("&size=512", 512)},
	{"key", "two calls bring different keys", func(s *session) error {
		first, err := s.makeSKIPKey("")
		if err != nil {
			return err
		}
		second, err := s.makeSKIPKey("")
		if err == nil && (first.ID == second.ID || bytes.Equal(first.Value, second.Value)) {
			err = errors.New("the same key, or the same key ID, twice")
		}
		return err
	}},
	{"key/{keyId}", "the peer gets the same key", skipFetches(func(id string) string { return id })},
	{"key/{keyId}", "a key ID in upper case is the same", skipFetches(strings.ToUpper)},
	{"key/{keyId}", "a second fetch is 400: the key is wiped", func(s *session) error {
		made, path, query, err := s.skipKeyForPeer()
		if err != nil {
			return err
		}
		if _, err := s.skipKey(call{from: s.Slave, skip: path + made.ID, query: query}); err != nil {
			return err
		}
		return s.refusedWith(call{from: s.Slave, skip: path + made.ID, query: query}, http.StatusBadRequest)
	}},
	{"key/{keyId}", "an unknown key ID is 400", skipRefuses("00000000000040008000000000000001")},
	{"key/{keyId}", "a key ID that is not hex is 400", skipRefuses("xyz")},
	{"entropy", "a sample has 256 bits by default", entropyOf("", 256)},
	{"entropy", "a sample of 512 bits", entropyOf("minentropy=512", 512)},
	{"entropy", "two samples are different", func(s *session) error {
		first, err := s.entropy("")
		if err != nil {
			return err
		}
		second, err := s.entropy("")
		if err == nil && bytes.Equal(first, second) {
			err = errors.New("the same sample twice")
		}
		return err
	}},
	{"errors", "an unknown path is 404", func(s *session) error {
		return s.refusedWith(call{from: s.Master, skip: "/no-such-path"}, http.StatusNotFound)
	}},
	{"errors", "POST of capabilities is 405", wrongMethod("/capabilities", "")},
	{"errors", "POST of entropy is 405", wrongMethod("/entropy", "")},
}

// skipCall builds a call of the master.
func skipCall(path, query string) func(*session) call {
	return func(s *session) call { return call{from: s.Master, skip: path, query: query} }
}

// capabilities are the capabilities of a key provider.
type capabilities struct {
	key              bool
	entropy          bool
	algorithm, local string
	remote           []string
}

func (s *session) capabilities(of Party) (capabilities, error) {
	var c capabilities
	object, err := s.object(call{from: of, skip: "/capabilities"})
	if err != nil {
		return c, err
	}
	var found [5]bool
	var remote []any
	c.key, found[0] = object["key"].(bool)
	c.entropy, found[1] = object["entropy"].(bool)
	c.algorithm, found[2] = object["algorithm"].(string)
	c.local, found[3] = object["localSystemID"].(string)
	remote, found[4] = object["remoteSystemID"].([]any)
	if slices.Contains(found[:], false) || c.local == "" || c.algorithm == "" {
		return c, fmt.Errorf("not all members, or of another type: %v", object)
	}
	for _, item := range remote {
		name, ok := item.(string)
		if !ok {
			return c, fmt.Errorf("remoteSystemID has %v", item)
		}
		c.remote = append(c.remote, name)
	}
	return c, nil
}

// systems returns the IDs of the systems of master and slave. Each must be a remote system of the
// other.
func (s *session) systems() (master, slave string, err error) {
	ours, err := s.capabilities(s.Master)
	if err != nil {
		return "", "", err
	}
	theirs, err := s.capabilities(s.Slave)
	if err != nil {
		return "", "", err
	}
	if ours.local == theirs.local {
		return "", "", skip("takes two systems")
	}
	if !ours.knows(theirs.local) || !theirs.knows(ours.local) {
		return "", "", fmt.Errorf("%s has %q as remote systems, %s has %q", ours.local, ours.remote, theirs.local, theirs.remote)
	}
	return ours.local, theirs.local, nil
}

// knows reports whether a system is a remote one. An entry may be a pattern like those of a POSIX
// shell.
func (c capabilities) knows(system string) bool {
	return slices.ContainsFunc(c.remote, func(entry string) bool {
		matches, err := path.Match(strings.ReplaceAll(entry, "[!", "[^"), system)
		return entry == system || err == nil && matches
	})
}

// skipKey makes a call that must bring a key.
func (s *session) skipKey(c call) (key, error) {
	object, err := s.object(c)
	if err != nil {
		return key{}, err
	}
	id, _ := object["keyId"].(string)
	text, _ := object["key"].(string)
	_, errID := hex.DecodeString(id)
	value, errKey := hex.DecodeString(text)
	if err := errors.Join(errID, errKey); err != nil || id == "" || len(value) == 0 {
		return key{}, fmt.Errorf("keyId %q and key are not both in hex (%v)", id, err)
	}
	return key{id, value}, nil
}

// makeSKIPKey gets a new key for the master.
func (s *session) makeSKIPKey(more string) (key, error) {
	_, slave, err := s.systems()
	if err != nil {
		return key{}, err
	}
	return s.skipKey(call{from: s.Master, skip: "/key", query: "remoteSystemID=" + url.QueryEscape(slave) + more})
}

func newSKIPKey(more string, bits int) func(*session) error {
	return func(s *session) error {
		made, err := s.makeSKIPKey(more)
		if err == nil && (8*len(made.Value) != bits || len(made.ID) != 32) {
			err = fmt.Errorf("a key of %d bits with an ID of %d digits", 8*len(made.Value), len(made.ID))
		}
		return err
	}
}

// skipKeyForPeer makes a key, and returns it with the path before its ID and the query after it in
// the peer's request.
func (s *session) skipKeyForPeer() (made key, path, query string, err error) {
	master, _, err := s.systems()
	if err != nil {
		return key{}, "", "", err
	}
	made, err = s.makeSKIPKey("")
	return made, "/key/", "remoteSystemID=" + url.QueryEscape(master), err
}

// skipFetches succeeds if the peer gets the key under a form of its ID.
func skipFetches(form func(id string) string) func(*session) error {
	return func(s *session) error {
		made, path, query, err := s.skipKeyForPeer()
		if err != nil {
			return err
		}
		fetched, err := s.skipKey(call{from: s.Slave, skip: path + form(made.ID), query: query})
		if err != nil {
			return err
		}
		return sameKeys([]key{made}, []key{fetched})
	}
}

func skipRefuses(id string) func(*session) error {
	return func(s *session) error {
		master, _, err := s.systems()
		if err != nil {
			return err
		}
		c := call{from: s.Slave, skip: "/key/" + id, query: "remoteSystemID=" + url.QueryEscape(master)}
		return s.refusedWith(c, http.StatusBadRequest)
	}
}

// refusedWith returns an error unless a call is refused with a status, whatever the body.
func (s *session) refusedWith(c call, status int) error {
	a, err := s.do(c)
	if err != nil {
		return err
	}
	return a.expect(status)
}

func wrongMethod(path, query string) func(*session) error {
	return func(s *session) error {
		c := skipCall(path, query)(s)
		c.method = http.MethodPost
		return s.refusedWith(c, http.StatusMethodNotAllowed)
	}
}

// entropy gets a sample.
func (s *session) entropy(query string) ([]byte, error) {
	c, err := s.capabilities(s.Master)
	if err != nil {
		return nil, err
	}
	if !c.entropy {
		return nil, skip("the key provider has no entropy to give")
	}
	object, err := s.object(call{from: s.Master, skip: "/entropy", query: query})
	if err != nil {
		return nil, err
	}
	text, _ := object["randomStr"].(string)
	bits, _ := object["minentropy"].(float64)
	sample, err := hex.DecodeString(text)
	if err != nil || bits != float64(8*len(sample)) {
		return nil, fmt.Errorf("minentropy is %v, randomStr has %d digits (%v)", object["minentropy"], len(text), err)
	}
	return sample, nil
}

func entropyOf(query string, bits int) func(*session) error {
	return func(s *session) error {
		sample, err := s.entropy(query)
		if err == nil && 8*len(sample) < bits {
			err = fmt.Errorf("%d bits", 8*len(sample))
		}
		return err
	}
}
