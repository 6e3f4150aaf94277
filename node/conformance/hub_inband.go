package conformance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/psrd"
)

var inBand = wire("In band")

// Posting and fetching shares.
var shareChecks = []check[*hubSession]{
	{inBand, "the slave gets the share that the master gave", nil, "", func(s *hubSession) error {
		m, value, err := s.give()
		if err != nil {
			return err
		}
		return s.fetches(m, value)
	}},
	{inBand, "shares of short and long keys", nil, "", func(s *hubSession) error {
		for _, size := range []int{4, 17, 1000} {
			m, value := s.newShareOf(size)
			if err := s.giveThis(m, value); err != nil {
				return fmt.Errorf("%d bytes: %w", size, err)
			}
			if err := s.fetches(m, value); err != nil {
				return fmt.Errorf("%d bytes: %w", size, err)
			}
		}
		return nil
	}},
	{inBand, "the pad of an answer comes from the hub-owned pool, and each answer has another pad", nil, "", differentPads},
	{inBand, "members that are not listed are ignored", nil, "hubs of dske-python answer with an error", func(s *hubSession) error {
		m, value, err := s.sealedShare()
		if err != nil {
			return err
		}
		body, _ := json.Marshal(m)
		r := request{method: http.MethodPost, path: protocol.PathKeyShare, body: append(bytes.TrimSuffix(body, []byte("}")), `,"color":"blue","nested":{"a":[1]}}`...)}
		if r, err = s.master.sign(r); err == nil {
			_, _, err = s.master.accepted(r)
		}
		if err != nil {
			return err
		}
		return s.fetches(m, value)
	}},
	{inBand, "an unknown key ID is 404", nil, pythonStatuses, func(s *hubSession) error {
		r, err := s.slave.sign(getting(s.wanted(uuid.New())))
		if err == nil {
			_, err = s.slave.refused(r, http.StatusNotFound)
		}
		return err
	}},
	{inBand, "a share is handed out once", nil, "hubs of dske-python hand shares out as often as they are asked", handedOutOnce},
	{inBand, "a second share for a key ID is 409, and the first one stays", nil, "hubs of dske-python put it in the place of the first", func(s *hubSession) error {
		m, value, err := s.give()
		if err != nil {
			return err
		}
		second := m
		if err := s.refusesPost(second, random(len(value)), http.StatusConflict); err != nil {
			return err
		}
		return s.fetches(m, value)
	}},
	{inBand, "a master SAE that the client does not serve is 403", nil, pythonStatuses, func(s *hubSession) error {
		m, value := s.newShare()
		m.MasterSAE = s.Slave.Encryptor
		return s.refusesPost(m, value, http.StatusForbidden)
	}},
	{inBand, "a message in another client's name, signed with the sender's own bytes, is 404", nil, pythonStatuses, func(s *hubSession) error {
		m, value := s.newShare()
		m.ClientName, m.MasterSAE = s.Slave.Name, s.Slave.Encryptor
		return s.refusesPost(m, value, http.StatusNotFound)
	}},
	{inBand, "a request for a slave that the client does not serve is 403, and the share stays", nil, pythonServesAnybody, func(s *hubSession) error {
		return s.keepsFrom(protocol.GetShare{ClientName: s.Master.Name, MasterSAE: s.Master.Encryptor, SlaveSAE: s.Slave.Encryptor})
	}},
	{inBand, "a request for a share that is not meant for the client is 403, and the share stays", nil, pythonServesAnybody, func(s *hubSession) error {
		return s.keepsFrom(protocol.GetShare{ClientName: s.Master.Name, MasterSAE: s.Master.Encryptor, SlaveSAE: s.Master.Encryptor})
	}},
	{inBand, "a POST that cannot be parsed is 400", nil, "hubs of dske-python answer with 422 or 500, and read more", malformedPosts},
	{inBand, "a GET that cannot be parsed is 400", nil, "hubs of dske-python answer with 422, and need no names of encryptors", malformedGets},
}

// keepsFrom succeeds if a client that may not have a share is refused, and the slave still gets it.
func (s *hubSession) keepsFrom(by protocol.GetShare) error {
	m, value, err := s.give()
	if err != nil {
		return err
	}
	by.KeyID = m.KeyID
	r, err := s.master.sign(getting(by))
	if err == nil {
		_, err = s.master.refused(r, http.StatusForbidden)
	}
	if err != nil {
		return err
	}
	return s.fetches(m, value)
}

func differentPads(s *hubSession) error {
	var used []psrd.Fragment
	for range 3 {
		m, _, err := s.give()
		if err != nil {
			return err
		}
		reply, err := s.asksFor(m)
		if err != nil {
			return err
		}
		if _, err := s.slave.channel.Peer.Take(reply.Pad.Fragments); err != nil {
			return err
		}
		if slices.ContainsFunc(reply.Pad.Fragments, func(f psrd.Fragment) bool { return slices.Contains(used, f) }) {
			return errors.New("a pad was used twice")
		}
		used = append(used, reply.Pad.Fragments...)
	}
	return nil
}

func handedOutOnce(s *hubSession) error {
	if s.slave.boot != uuid.Nil {
		return skip("a hub that keeps its state over a crash gives shares again until the client confirms")
	}
	m, value, err := s.give()
	if err == nil {
		err = s.fetches(m, value)
	}
	if err != nil {
		return err
	}
	return s.hasNo(m)
}

func malformedPosts(s *hubSession) error {
	m, _, err := s.sealedShare()
	if err != nil {
		return err
	}
	whole, _ := json.Marshal(m)
	var members map[string]any
	_ = json.Unmarshal(whole, &members)
	changed := func(name string, value any) string {
		other := maps.Clone(members)
		if other[name] = value; value == nil {
			delete(other, name)
		}
		text, _ := json.Marshal(other)
		return string(text)
	}
	for _, body := range []string{
		`{"master_client_name": "` + s.Master.Name + `"`,
		changed("user_key_id", nil), changed("user_key_id", "17"), changed("user_key_id", 17),
		changed("share_index", nil), changed("share_index", -1), changed("share_index", protocol.MaxShareIndex+1), changed("share_index", "0"),
		changed("master_sae_id", nil), changed("slave_sae_id", nil), changed("slave_sae_id", strings.Repeat("e", protocol.MaxSAE+1)),
		changed("encryption_key_allocation", nil), changed("encrypted_share_value", nil), changed("encrypted_share_value", "*"),
	} {
		r, err := s.master.sign(request{method: http.MethodPost, path: protocol.PathKeyShare, body: []byte(body)})
		if err == nil {
			_, err = s.master.refused(r, http.StatusBadRequest)
		}
		if err != nil {
			return fmt.Errorf("%.300s: %w", body, err)
		}
	}
	return s.hasNo(m)
}

func malformedGets(s *hubSession) error {
	key := uuid.New()
	whole := s.wanted(key).Query()
	id := "key_id=" + key.String()
	for _, query := range []string{
		strings.TrimSuffix(whole, "&"+id), strings.Replace(whole, id, "key_id=17", 1), strings.Replace(whole, id, "key_id=%zz", 1), whole + "&" + id,
		strings.Replace(whole, "master_sae_id", "sae_id", 1), strings.Replace(whole, "slave_sae_id", "sae_id", 1), strings.Replace(whole, "client_name", "name", 1),
	} {
		r, err := s.slave.sign(request{method: http.MethodGet, path: protocol.PathKeyShare, query: query})
		if err == nil {
			_, err = s.slave.refused(r, http.StatusBadRequest)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", query, err)
		}
	}
	return nil
}
