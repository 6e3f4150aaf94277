package conformance

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"dske/etsi"
	"dske/protocol"
)

// keys asks the client, as its encryptor, for keys: name is enc_keys or dec_keys.
func (s *clientSession) keys(name, query, body string) (answer, []etsi.Key, error) {
	return s.keysOf(s.Hubs.peer, name, query, body)
}

func (s *clientSession) keysOf(peer, name, query, body string) (answer, []etsi.Key, error) {
	r := request{method: http.MethodGet, path: "/etsi/api/v1/keys/" + url.PathEscape(peer) + "/" + name, query: query, body: []byte(body)}
	if body != "" {
		r.method = http.MethodPost
	}
	if !strings.HasPrefix(s.URL, "https:") {
		r = r.with("Authorization", s.sae)
	}
	a, err := send(s.ctx, s.HTTP, s.URL, r, s.record)
	if err != nil || a.status != http.StatusOK {
		return a, nil, err
	}
	var c etsi.KeyContainer
	return a, c.Keys, a.read(&c)
}

// makeKeys makes the client make a number of keys of the given number of bits.
func (s *clientSession) makeKeys(number, bits int) ([]etsi.Key, error) {
	query := fmt.Sprintf("size=%d", bits)
	if number > 1 {
		query += fmt.Sprintf("&number=%d", number)
	}
	a, keys, err := s.keys("enc_keys", query, "")
	if err == nil {
		err = a.want(http.StatusOK)
	}
	if err == nil && len(keys) != number {
		err = fmt.Errorf("%d keys, not %d", len(keys), number)
	}
	return keys, err
}

// given returns the shares of a key at the hubs, once at least the given number of hubs have one.
func (s *clientSession) given(id uuid.UUID, least int) ([]protocol.Share, error) {
	var shares []protocol.Share
	enough := s.until(func() bool {
		shares = nil
		for _, h := range s.Hubs.hubs {
			h.mu.Lock()
			if share, found := h.given[id]; found {
				shares = append(shares, share)
			}
			h.mu.Unlock()
		}
		return len(shares) >= least
	}, patience)
	if !enough {
		return nil, fmt.Errorf("%d hubs have a share of key %v, not %d: %w", len(shares), id, least, s.flaws())
	}
	return shares, nil
}

// scatters makes the client make a key of the given number of bits, and returns it with the share
// of each hub.
func (s *clientSession) scatters(bits int) (etsi.Key, []protocol.Share, error) {
	keys, err := s.makeKeys(1, bits)
	if err != nil {
		return etsi.Key{}, nil, err
	}
	shares, err := s.given(keys[0].ID, s.n())
	return keys[0], shares, err
}

// flaws returns the faults of messages during the check, or nil.
func (s *clientSession) flaws() error {
	var flaws []error
	for i := range s.Hubs.hubs {
		for _, a := range s.came(i) {
			if a.flaw != nil {
				flaws = append(flaws, a.flaw)
			}
		}
	}
	return errors.Join(flaws...)
}

// madeOf returns an error unless shares make a key.
func (s *clientSession) madeOf(key etsi.Key, shares []protocol.Share) error {
	got, atOdds, err := protocol.Recover(s.Suite, s.Threshold, shares)
	if err == nil && (len(atOdds) > 0 || !bytes.Equal(got.Reveal(), key.Key.Reveal())) {
		err = errors.New("they make another key")
	}
	if err != nil {
		return fmt.Errorf("%d shares of key %v: %w", len(shares), key.ID, err)
	}
	return nil
}

// offer makes new keys of 32 bytes and gives the hubs their shares for the client's encryptor.
// altered, unless it is nil, returns what a hub has instead.
func (s *clientSession) offer(number int, altered func(hub int, share protocol.Share) protocol.Share) (map[uuid.UUID][]byte, error) {
	numbers := make([]int, s.n())
	for i := range numbers {
		numbers[i] = i
	}
	keys := map[uuid.UUID][]byte{}
	for range number {
		id, value := uuid.New(), random(keySize)
		shares, err := s.Suite.Split(protocol.NewSecret(value), s.Threshold, numbers, 1, rand.Reader)
		if err != nil {
			return nil, err
		}
		for i, h := range s.Hubs.hubs {
			if altered != nil {
				shares[i] = altered(i, shares[i])
			}
			h.mu.Lock()
			h.offered[id] = shares[i]
			h.mu.Unlock()
		}
		keys[id] = value
	}
	return keys, nil
}

// fetch asks the client for keys that were offered.
func (s *clientSession) fetch(keys map[uuid.UUID][]byte) (answer, []etsi.Key, error) {
	var ids []map[string]string
	for id := range keys {
		ids = append(ids, map[string]string{"key_ID": id.String()})
	}
	if len(ids) == 1 {
		return s.keys("dec_keys", "key_ID="+ids[0]["key_ID"], "")
	}
	body, _ := json.Marshal(map[string]any{"key_IDs": ids})
	return s.keys("dec_keys", "", string(body))
}

// fetches returns an error unless the client delivers keys that were offered.
func (s *clientSession) fetches(keys map[uuid.UUID][]byte, err error) error {
	if err != nil {
		return err
	}
	a, got, err := s.fetch(keys)
	if err == nil {
		err = a.want(http.StatusOK)
	}
	if err != nil {
		return errors.Join(err, s.flaws())
	}
	if len(got) != len(keys) {
		return fmt.Errorf("%d keys, not %d", len(got), len(keys))
	}
	for _, k := range got {
		if !bytes.Equal(k.Key.Reveal(), keys[k.ID]) {
			return fmt.Errorf("key %v is another one", k.ID)
		}
	}
	return nil
}

// failsToFetch returns an error unless the client answers with one of the statuses.
func (s *clientSession) failsToFetch(keys map[uuid.UUID][]byte, err error, statuses ...int) error {
	if err != nil {
		return err
	}
	a, _, err := s.fetch(keys)
	if err != nil {
		return err
	}
	return a.want(statuses...)
}

// managementOf sends a request to the client's management interface.
func (s *clientSession) managementOf(path string) (answer, error) {
	a, err := send(s.ctx, s.HTTP, s.URL, request{method: http.MethodGet, path: path}, s.record)
	if err == nil && (a.status == http.StatusUnauthorized || a.status == http.StatusForbidden) {
		return a, skip("is for the operator")
	}
	if err == nil {
		err = a.want(http.StatusOK)
	}
	return a, err
}

// hubStarted tells the client that a hub has started.
func (s *clientSession) hubStarted(name string) (answer, error) {
	body, _ := json.Marshal(protocol.HubStarted{HubName: name})
	return send(s.ctx, s.HTTP, s.URL, request{method: http.MethodPost, path: protocol.PathHubStarted, body: body}, s.record)
}
