package etsi

import (
	"encoding/json"
	"net/url"
	"slices"

	"github.com/google/uuid"
)

// keyIDs is the JSON form of Key IDs that a Client sends.
type keyIDs struct {
	IDs []keyID `json:"key_IDs"`
}

type keyID struct {
	ID uuid.UUID `json:"key_ID"`
}

func newKeyIDs(ids []uuid.UUID) keyIDs {
	var k keyIDs
	for _, id := range ids {
		k.IDs = append(k.IDs, keyID{id})
	}
	return k
}

// parseIDQuery reads the one key_ID that a GET can name.
func parseIDQuery(query url.Values) ([]uuid.UUID, error) {
	value, given, err := single(query, "key_ID")
	if err != nil {
		return nil, err
	}
	if !given {
		return nil, badRequest("key_ID is missing")
	}
	id, err := parseKeyID(value)
	return []uuid.UUID{id}, err
}

// parseIDBody reads the Key IDs of a POST (ETSI GS QKD 014 V1.1.1, clause 6.4): 1 to
// MaxKeyPerRequest, each of them once. Their extensions are ignored.
func parseIDBody(body members) ([]uuid.UUID, error) {
	items, err := array[members](body, "key_IDs", "objects")
	if err != nil {
		return nil, err
	}
	if len(items) == 0 {
		return nil, badRequest("key_IDs is missing")
	}
	if len(items) > MaxKeyPerRequest {
		return nil, badRequest("too many key_IDs").with("max_key_per_request", MaxKeyPerRequest)
	}
	ids := make([]uuid.UUID, len(items))
	for i, item := range items {
		if ids[i], err = item.keyID(); err != nil {
			return nil, err
		}
		if slices.Contains(ids[:i], ids[i]) {
			return nil, ErrKeyNotFound.with("key_ID", ids[i]) // a key is delivered only once
		}
	}
	return ids, nil
}

func (m members) keyID() (uuid.UUID, error) {
	value, given := m["key_ID"]
	if !given {
		return uuid.Nil, badRequest("key_ID is missing")
	}
	var text string
	if err := json.Unmarshal(value, &text); err != nil {
		return uuid.Nil, badRequest("key_ID shall be a UUID").with("key_ID", quoted(value))
	}
	return parseKeyID(text)
}

// parseKeyID reads a key ID of 36 characters; the case of its digits does not matter. No key has
// the ID of zeros.
func parseKeyID(text string) (uuid.UUID, error) {
	id, err := uuid.Parse(text)
	if err != nil || len(text) != len(uuid.Nil.String()) { // Parse accepts shorter and longer forms, too
		return uuid.Nil, badRequest("key_ID shall be a UUID").with("key_ID", text)
	}
	if id == uuid.Nil {
		return uuid.Nil, ErrKeyNotFound.with("key_ID", text)
	}
	return id, nil
}
