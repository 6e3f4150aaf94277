package protocol

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"

	"dske/psrd"
)

const (
	// MaxBatch is the maximum number of shares in one message.
	MaxBatch = 128

	// MaxSlaves is the maximum number of slaves of a share.
	MaxSlaves = 32

	// MaxBatchSize is the size in bytes up to which a sender puts shares into one message. Only a
	// message with a single share may be larger.
	MaxBatchSize = 1 << 20
)

// ShareBatch is shares of several keys that differ only in the key, its secret tags and the value.
// The values have the same size and are sealed together, one after the other.
type ShareBatch struct {
	KeyIDs     KeyIDs `json:"key_ids"`
	ShareIndex int    `json:"share_index"`
	Terms             // without the secret tag
	SecretTags []byte `json:"secret_tags,omitempty"` // by key, then by slave; none if the suite has none
	SealedShare
}

// KeyIDs are distinct key IDs. In JSON and in a query they are one string, separated by commas.
type KeyIDs []uuid.UUID

// MarshalText implements [encoding.TextMarshaler].
func (ids KeyIDs) MarshalText() ([]byte, error) {
	text := make([]byte, 0, 37*len(ids))
	for i, id := range ids {
		if i > 0 {
			text = append(text, ',')
		}
		text = psrd.AppendUUID(text, id)
	}
	return text, nil
}

// UnmarshalText implements [encoding.TextUnmarshaler]. It takes at most [MaxBatch] IDs. An empty
// text means no IDs.
func (ids *KeyIDs) UnmarshalText(text []byte) error {
	*ids = KeyIDs{}
	if len(text) == 0 {
		return nil
	}
	if len(text) > 37*MaxBatch {
		return fmt.Errorf("%w: more than %d keys", ErrMalformed, MaxBatch)
	}
	seen := make(map[uuid.UUID]bool, len(text)/36)
	for one := range strings.SplitSeq(string(text), ",") {
		id, err := ParseUUID(one)
		if err != nil {
			return err
		}
		if seen[id] {
			return fmt.Errorf("%w: key ID %v is repeated", ErrMalformed, id)
		}
		seen[id] = true
		*ids = append(*ids, id)
	}
	return nil
}

// NewShareBatch returns the batch of the shares of these keys, and the values, which must be sealed
// for it. There must be at least one share, and all must be [Share.Alike].
func NewShareBatch(keys KeyIDs, shares []Share) (ShareBatch, Secret) {
	first := shares[0]
	b := ShareBatch{KeyIDs: keys, ShareIndex: first.Index, Terms: first.Terms}
	b.SecretTag = nil
	values := make([]byte, 0, len(shares)*first.Value.Size())
	for _, s := range shares {
		values = append(values, s.Value.Reveal()...)
		b.SecretTags = append(b.SecretTags, s.Terms.SecretTag...)
	}
	return b, NewSecret(values)
}

// Alike reports whether two shares can be in the same batch.
func (s Share) Alike(other Share) bool {
	a, b := s.Terms, other.Terms
	a.SecretTag, b.SecretTag = nil, nil
	return s.Index == other.Index && s.Value.Size() == other.Value.Size() && sameTerms(a, b) &&
		len(s.Terms.SecretTag) == len(other.Terms.SecretTag)
}

// Shares returns the shares of the batch, by key, given its decrypted values. The shares use the
// memory of values.
func (b ShareBatch) Shares(values Secret) []Share {
	shares := make([]Share, len(b.KeyIDs))
	size := b.shareSize()
	for i := range shares {
		value := values.Reveal()[i*size : (i+1)*size : (i+1)*size]
		shares[i] = Share{b.ShareIndex, b.terms(i), NewSecret(value)}
	}
	return shares
}

// terms returns the terms of the share at position i.
func (b ShareBatch) terms(i int) Terms {
	terms := b.Terms
	if size := len(b.SecretTags) / len(b.KeyIDs); size > 0 {
		terms.SecretTag = b.SecretTags[i*size : (i+1)*size : (i+1)*size]
	}
	return terms
}

// shareSize returns the size of each share, in bytes.
func (b ShareBatch) shareSize() int { return len(b.Value) / len(b.KeyIDs) }

// check returns an error unless the batch has keys, a value for each key, and equally many secret
// tags for each key.
func (b ShareBatch) check() error {
	n := len(b.KeyIDs)
	switch {
	case n == 0:
		return fmt.Errorf("%w: key_ids is missing", ErrMalformed)
	case len(b.Value)%n != 0:
		return fmt.Errorf("%w: the encrypted value does not divide evenly among the keys", ErrMalformed)
	case b.SecretTag != nil || len(b.SecretTags)%n != 0:
		return fmt.Errorf("%w: the secret tags do not divide evenly among the keys", ErrMalformed)
	}
	if err := checkShareIndex(b.ShareIndex); err != nil {
		return err
	}
	return b.SealedShare.check()
}

// CheckTerms calls [Suite.CheckTerms] for every share of a batch.
func (b ShareBatch) CheckTerms(suite Suite, slaves int) error {
	for i := range b.KeyIDs {
		if err := suite.CheckTerms(b.terms(i), b.shareSize(), slaves); err != nil {
			return err
		}
	}
	return nil
}

// PostShares is shares of several keys, or for several slaves, on their way to a hub: POST
// [PathKeyShares].
type PostShares struct {
	ClientName string   `json:"master_client_name"`
	MasterSAE  string   `json:"master_sae_id"`
	SlaveSAEs  []string `json:"slave_sae_ids"`
	ShareBatch
}

// ParsePostShares reads the body of a [PostShares]; its errors are those of [ParsePostShare].
func ParsePostShares(body []byte) (PostShares, error) {
	m := PostShares{ShareBatch: ShareBatch{ShareIndex: -1}}
	if err := Unmarshal(body, &m); err != nil {
		return PostShares{}, err
	}
	if m.ClientName == "" || len(m.SlaveSAEs) == 0 {
		return PostShares{}, fmt.Errorf("%w: a name is missing", ErrMalformed)
	}
	if len(m.SlaveSAEs) > MaxSlaves {
		return PostShares{}, fmt.Errorf("%w: %d slaves, which is more than %d", ErrMalformed, len(m.SlaveSAEs), MaxSlaves)
	}
	for i, name := range m.SlaveSAEs {
		if slices.Contains(m.SlaveSAEs[:i], name) {
			return PostShares{}, fmt.Errorf("%w: slave %.64q is repeated", ErrMalformed, name)
		}
	}
	if err := checkSAEs(append([]string{m.MasterSAE}, m.SlaveSAEs...)...); err != nil {
		return PostShares{}, err
	}
	return m, m.check()
}

// Batch returns the same message in the form for several shares.
func (m PostShare) Batch() PostShares {
	b := ShareReply{m.ShareIndex, m.Terms, m.SealedShare}.Batch(m.KeyID)
	return PostShares{m.ClientName, m.MasterSAE, []string{m.SlaveSAE}, b}
}

// Batch returns the share, which belongs to that key, as a batch of one.
func (m ShareReply) Batch(key uuid.UUID) ShareBatch {
	b := ShareBatch{KeyIDs: KeyIDs{key}, ShareIndex: m.ShareIndex, Terms: m.Terms, SealedShare: m.SealedShare}
	b.SecretTags, b.SecretTag = b.SecretTag, nil
	return b
}

// SharesReply is shares on their way from a hub: the response to GET [PathKeyShares]. Its batch can
// be empty. Keys that it does not mention must be asked for again: their shares do not fit into the
// same batch.
type SharesReply struct {
	ShareBatch
	Refused []Refusal `json:"refused"`
}

// Refusal is the reason why a hub has no share of a key for the caller. It says the same as an
// error response.
type Refusal struct {
	KeyID   uuid.UUID `json:"key_id"`
	Status  int       `json:"status"` // HTTP
	Message string    `json:"message"`
}

// ParseSharesReply reads the body of a [SharesReply]; its errors are those of [ParsePostShare].
func ParseSharesReply(body []byte) (SharesReply, error) {
	m := SharesReply{ShareBatch: ShareBatch{ShareIndex: -1}}
	if err := Unmarshal(body, &m); err != nil {
		return SharesReply{}, err
	}
	if len(m.KeyIDs) == 0 && len(m.Value) == 0 && len(m.Pad.Fragments) == 0 {
		return m, nil
	}
	return m, m.check()
}

// GetShares asks a hub for shares of several keys: the query of GET [PathKeyShares].
type GetShares struct {
	ClientName string
	MasterSAE  string
	SlaveSAE   string
	KeyIDs     KeyIDs // 1 to MaxBatch
}

// One returns the same request for a single key.
func (m GetShares) One(key uuid.UUID) GetShare {
	return GetShare{m.ClientName, m.MasterSAE, m.SlaveSAE, key}
}

// Query returns the raw query string, which the signature covers.
func (m GetShares) Query() string {
	ids, _ := m.KeyIDs.MarshalText()
	query := appendNames(make([]byte, 0, queryRoom), m.ClientName, m.MasterSAE, m.SlaveSAE)
	return string(append(append(query, "&key_ids="...), ids...))
}

// ParseGetShares reads a raw query string; its errors are [ErrMalformed].
func ParseGetShares(query string) (GetShares, error) {
	var m GetShares
	var ids string
	err := parseQuery(query, member{"client_name", &m.ClientName}, member{"master_sae_id", &m.MasterSAE}, member{"slave_sae_id", &m.SlaveSAE}, member{"key_ids", &ids})
	if err != nil {
		return GetShares{}, err
	}
	return m, m.KeyIDs.UnmarshalText([]byte(ids))
}

// queryRoom is the size in bytes that most queries for a share fit into.
const queryRoom = 192

// appendNames appends the members that both queries for shares start with.
func appendNames(query []byte, client, master, slave string) []byte {
	query = append(append(query, "client_name="...), url.QueryEscape(client)...)
	query = append(append(query, "&master_sae_id="...), url.QueryEscape(master)...)
	return append(append(query, "&slave_sae_id="...), url.QueryEscape(slave)...)
}

// parseQuery reads the members of a query. Each must be present exactly once and not empty. It fails
// with an [ErrMalformed].
func parseQuery(query string, members ...member) error {
	if readPlain(query, members) {
		return nil
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return fmt.Errorf("%w: query: %w", ErrMalformed, err)
	}
	for _, m := range members {
		if *m.to, err = Single(values, m.name); err != nil {
			return err
		}
	}
	return nil
}

// member is a member of a query, and where its value belongs.
type member struct {
	name string
	to   *string
}
