package protocol

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"
)

const (
	// MaxBatch is the largest number of shares in one message.
	MaxBatch = 128

	// MaxBatchSize is the size in bytes that the shares in one message add up to at most, unless it is
	// only one.
	MaxBatchSize = 1 << 20
)

// BatchedShare is the place of one share in a message that carries several. Their values are sealed
// together, one after the other.
type BatchedShare struct {
	KeyID      uuid.UUID `json:"key_id"`
	ShareIndex int       `json:"share_index"`
	Size       int       `json:"size"` // bytes
	Terms
}

// UnmarshalJSON implements [json.Unmarshaler]. A share without an index is not the one with index 0.
func (b *BatchedShare) UnmarshalJSON(data []byte) error {
	type plain BatchedShare
	p := plain{ShareIndex: -1}
	err := json.Unmarshal(data, &p)
	*b = BatchedShare(p)
	return err
}

// Share returns the share at the start of values, and the values after it.
func (b BatchedShare) Share(values []byte) (Share, []byte) {
	return Share{b.ShareIndex, b.Terms, NewSecret(values[:b.Size:b.Size])}, values[b.Size:]
}

// PostShares is shares of several keys, or for several slaves, on their way to a hub: POST
// [PathKeyShares].
type PostShares struct {
	ClientName string         `json:"master_client_name"`
	MasterSAE  string         `json:"master_sae_id"`
	SlaveSAEs  []string       `json:"slave_sae_ids"`
	Shares     []BatchedShare `json:"key_shares"`
	SealedShare
}

// ParsePostShares reads the body of a [PostShares]; the errors are those of [ParsePostShare].
func ParsePostShares(body []byte) (PostShares, error) {
	var m PostShares
	if err := Unmarshal(body, &m); err != nil {
		return PostShares{}, err
	}
	if m.ClientName == "" || m.MasterSAE == "" || len(m.SlaveSAEs) == 0 || slices.Contains(m.SlaveSAEs, "") || len(m.Shares) == 0 {
		return PostShares{}, fmt.Errorf("%w: a name or the shares are missing", ErrMalformed)
	}
	if err := checkBatch(m.Shares, m.SealedShare); err != nil {
		return PostShares{}, err
	}
	return m, m.check()
}

// SharesReply is shares on their way from a hub: the response to GET [PathKeyShares]. Keys that it does
// not mention have to be asked for again.
type SharesReply struct {
	Shares  []BatchedShare `json:"key_shares"`
	Refused []Refusal      `json:"refused"`
	SealedShare
}

// Refusal says why a hub has no share of a key for the caller, as an error response would.
type Refusal struct {
	KeyID   uuid.UUID `json:"key_id"`
	Status  int       `json:"status"` // HTTP
	Message string    `json:"message"`
}

// ParseSharesReply reads the body of a [SharesReply]; the errors are those of [ParsePostShare].
func ParseSharesReply(body []byte) (SharesReply, error) {
	var m SharesReply
	if err := Unmarshal(body, &m); err != nil {
		return SharesReply{}, err
	}
	if err := checkBatch(m.Shares, m.SealedShare); err != nil {
		return SharesReply{}, err
	}
	if len(m.Shares) == 0 {
		return m, nil
	}
	return m, m.check()
}

// checkBatch returns an error unless the shares are different ones that add up to the sealed value.
func checkBatch(shares []BatchedShare, sealed SealedShare) error {
	if len(shares) > MaxBatch {
		return fmt.Errorf("%w: %d shares, which is more than %d", ErrMalformed, len(shares), MaxBatch)
	}
	left := len(sealed.Value)
	seen := map[uuid.UUID]bool{}
	for _, s := range shares {
		if err := checkShareIndex(s.ShareIndex); err != nil {
			return err
		}
		if s.KeyID == uuid.Nil || seen[s.KeyID] {
			return fmt.Errorf("%w: a key ID is missing or repeated", ErrMalformed)
		}
		seen[s.KeyID] = true
		if s.Size < 1 || s.Size > left {
			return fmt.Errorf("%w: the sizes of the shares do not add up to the encrypted value", ErrMalformed)
		}
		left -= s.Size
	}
	if left > 0 {
		return fmt.Errorf("%w: the sizes of the shares do not add up to the encrypted value", ErrMalformed)
	}
	return nil
}

// GetShares asks a hub for shares of several keys: the query of GET [PathKeyShares].
type GetShares struct {
	ClientName string
	MasterSAE  string
	SlaveSAE   string
	KeyIDs     []uuid.UUID // 1 to MaxBatch
}

// One returns the same question about a single key.
func (m GetShares) One(key uuid.UUID) GetShare {
	return GetShare{m.ClientName, m.MasterSAE, m.SlaveSAE, key}
}

// Query returns the raw query string, which the signature covers.
func (m GetShares) Query() string {
	ids := make([]string, len(m.KeyIDs))
	for i, id := range m.KeyIDs {
		ids[i] = id.String()
	}
	return queryOf(m.ClientName, m.MasterSAE, m.SlaveSAE) + "&key_ids=" + strings.Join(ids, ",")
}

// ParseGetShares reads a raw query string; what is wrong with it is an [ErrMalformed].
func ParseGetShares(query string) (GetShares, error) {
	var m GetShares
	var ids string
	if err := parseQuery(query, map[string]*string{
		"client_name": &m.ClientName, "master_sae_id": &m.MasterSAE, "slave_sae_id": &m.SlaveSAE, "key_ids": &ids,
	}); err != nil {
		return GetShares{}, err
	}
	for text := range strings.SplitSeq(ids, ",") {
		id, err := ParseUUID(text)
		if err != nil {
			return GetShares{}, err
		}
		if slices.Contains(m.KeyIDs, id) {
			return GetShares{}, fmt.Errorf("%w: key %v is repeated", ErrMalformed, id)
		}
		if len(m.KeyIDs) == MaxBatch {
			return GetShares{}, fmt.Errorf("%w: more than %d keys", ErrMalformed, MaxBatch)
		}
		m.KeyIDs = append(m.KeyIDs, id)
	}
	return m, nil
}

// queryOf returns the members that both queries for shares start with.
func queryOf(client, master, slave string) string {
	return "client_name=" + url.QueryEscape(client) +
		"&master_sae_id=" + url.QueryEscape(master) +
		"&slave_sae_id=" + url.QueryEscape(slave)
}

// parseQuery reads members that must be there exactly once.
func parseQuery(query string, members map[string]*string) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return fmt.Errorf("%w: query: %w", ErrMalformed, err)
	}
	for name, to := range members {
		if *to, err = One(values, name); err != nil {
			return err
		}
	}
	return nil
}
