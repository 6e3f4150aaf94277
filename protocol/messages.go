package protocol

import (
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/url"

	jsonv2 "github.com/go-json-experiment/json"
	jsonv1 "github.com/go-json-experiment/json/v1"
	"github.com/google/uuid"

	"dske/psrd"
)

// Paths of the DSKE interface, under the URL of a hub.
const (
	PathRegistration = "/dske/oob/v1/registration"
	PathPSRD         = "/dske/oob/v1/psrd"
	PathMarks        = "/dske/oob/v1/marks"
	PathEncryptors   = "/dske/oob/v1/encryptors" // followed by a slash and the name
	PathKeyShare     = "/dske/api/v1/key-share"
	PathKeyShares    = "/dske/api/v1/key-shares" // ours only

	// Where PSRD comes in files, these take the place of all that goes out of band.
	PathBoot        = "/dske/api/v1/boot"
	PathSignedMarks = "/dske/api/v1/marks"
)

// These are under the URL of a client, the second where PSRD comes in files; ours only.
const (
	PathHubStarted       = "/dske/oob/v1/hub-started"
	PathHubStartedInBand = "/dske/api/v1/hub-started"
)

// TokenHeader is DSKE-OOB-Token, which carries the token that a hub binds a client's name to, in
// the form of package http.
const TokenHeader = "Dske-Oob-Token"

// PoolOwner says which side chooses bytes from a pool.
type PoolOwner string

// The owners of the pools of an association.
const (
	OwnerClient PoolOwner = "client"
	OwnerHub    PoolOwner = "hub"
)

// Registration is what a client tells a hub about itself: PUT [PathRegistration].
type Registration struct {
	ClientName     string   `json:"client_name"`
	EncryptorNames []string `json:"encryptor_names,omitempty"` // none: one with the client's name
}

// Registered is the hub's answer to a [Registration]. An association has one suite for all its
// life.
type Registered struct {
	HubName string `json:"hub_name"`
	Suite   string `json:"suite,omitempty"` // none: that of the Python implementation
	Version int    `json:"version,omitempty"`

	// Boot is drawn by a hub at each start. A hub that keeps nothing over a crash has none, and
	// then there are neither sessions nor marks.
	Boot uuid.UUID `json:"boot,omitzero"`
}

// NewRegistered returns the answer of a hub that speaks a suite.
func NewRegistered(hub string, suite Suite) Registered {
	if suite.Version() == 0 {
		return Registered{HubName: hub}
	}
	return Registered{HubName: hub, Suite: suite.Name(), Version: suite.Version()}
}

// CheckSuite returns an [ErrSuite] if the hub does not speak that suite.
func (r Registered) CheckSuite(suite Suite) error {
	r.Boot = uuid.Nil
	if want := NewRegistered(r.HubName, suite); r == want || suite.Version() == 0 && r.Suite == suite.Name() && r.Version == 0 {
		return nil
	}
	theirs := r.Suite
	if theirs == "" {
		theirs = SuitePython
	}
	return fmt.Errorf("%w: the hub speaks %.64s version %d, and this node %s", ErrSuite, theirs, r.Version, Speaks(suite))
}

// Association is how a hub sees its association with a client: GET [PathRegistration].
type Association struct {
	Registered bool              `json:"registered"`
	Blocks     []AssociatedBlock `json:"blocks"`          // that are not used up
	Lacks      []Lack            `json:"lacks,omitempty"` // what the hub lacked for answers to verified requests

	Boot    uuid.UUID `json:"boot,omitzero"`    // see [Registered]
	Session uuid.UUID `json:"session,omitzero"` // the current one; none until the client has resumed
}

// Lack is what a hub has too little of: bytes for a purpose, of those that it owns.
type Lack struct {
	Purpose psrd.Purpose `json:"purpose,omitempty"`
	Bytes   int          `json:"bytes"`
}

// AssociatedBlock describes a block of both ends, without any of its bytes.
type AssociatedBlock struct {
	UUID    uuid.UUID    `json:"block_uuid"`
	Owner   PoolOwner    `json:"pool_owner"`
	Purpose psrd.Purpose `json:"purpose,omitempty"`
	Size    int          `json:"size"`            // bytes
	Mark    int          `json:"mark,omitempty"`  // bytes from the start that are spent when a session begins
	Unused  int          `json:"nr_unused_bytes"` // that no message has named so far
}

// BlockData is a block on its way from a hub to a client: GET [PathPSRD]. It is secret.
type BlockData struct {
	UUID uuid.UUID `json:"block_uuid"`
	Data []byte    `json:"data"`
}

// Encode returns the JSON form, which is secret and belongs to the caller. It has at least so many
// bytes; those that it would not need are spaces at its end. Package json would leave a copy in a
// buffer of its own.
func (b BlockData) Encode(least int) []byte {
	const frame = `{"block_uuid":"","data":""}`
	size := len(frame) + len(uuid.Nil.String()) + base64.StdEncoding.EncodedLen(len(b.Data))
	body := make([]byte, 0, max(size, least))
	body = append(body, `{"block_uuid":"`...)
	body = append(body, b.UUID.String()...)
	body = append(body, `","data":"`...)
	body = base64.StdEncoding.AppendEncode(body, b.Data)
	body = append(body, `"}`...)
	for len(body) < least {
		body = append(body, ' ')
	}
	return body
}

// Format implements [fmt.Formatter]; only the JSON form, in which it travels, shows the data.
func (b BlockData) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "{%v %s}", b.UUID, redacted) }

// LogValue implements [slog.LogValuer].
func (b BlockData) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(b)) }

// Encryptor says which client serves an encryptor: GET [PathEncryptors]/NAME.
type Encryptor struct {
	EncryptorName string `json:"encryptor_name"`
	ClientName    string `json:"client_name"`
}

// HubStarted tells a client that a hub has started: POST [PathHubStarted]. Anybody may say so.
type HubStarted struct {
	HubName string `json:"hub_name"`
}

// PadAllocation is the member that says which bytes a share was one-time-padded with.
type PadAllocation struct {
	Fragments []psrd.Fragment `json:"fragments"`
}

// SealedShare is a share that was one-time-padded, with the place of the pad.
type SealedShare struct {
	Pad   PadAllocation `json:"encryption_key_allocation"`
	Value []byte        `json:"encrypted_share_value"`
}

// check returns an error unless the pad is as long as the value.
func (s SealedShare) check() error {
	left := len(s.Value)
	for _, f := range s.Pad.Fragments {
		if f.Start < 0 || f.Size <= 0 {
			return &psrd.FragmentError{Fragment: f, Err: psrd.ErrOutOfRange}
		}
		if f.Size > left {
			return fmt.Errorf("%w: the pad is longer than the encrypted value", ErrMalformed)
		}
		left -= f.Size
	}
	if left > 0 || len(s.Value) == 0 {
		return fmt.Errorf("%w: the pad is shorter than the encrypted value, or that is empty", ErrMalformed)
	}
	return nil
}

// PostShare is a share on its way to a hub: POST [PathKeyShare].
type PostShare struct {
	ClientName string    `json:"master_client_name"`
	MasterSAE  string    `json:"master_sae_id"`
	SlaveSAE   string    `json:"slave_sae_id"`
	KeyID      uuid.UUID `json:"user_key_id"`
	ShareIndex int       `json:"share_index"`
	Terms
	SealedShare
}

// ParsePostShare reads the body of a [PostShare]; what is wrong with it is an [ErrMalformed] or an
// out-of-range fragment.
func ParsePostShare(body []byte) (PostShare, error) {
	m := PostShare{ShareIndex: -1}
	if !m.read(body) {
		if err := Unmarshal(body, &m); err != nil {
			return PostShare{}, err
		}
	}
	if m.ClientName == "" || m.KeyID == uuid.Nil {
		return PostShare{}, fmt.Errorf("%w: a name or the key ID is missing", ErrMalformed)
	}
	if err := checkSAEs(m.MasterSAE, m.SlaveSAE); err != nil {
		return PostShare{}, err
	}
	if err := checkShareIndex(m.ShareIndex); err != nil {
		return PostShare{}, err
	}
	return m, m.check()
}

// Sender returns the name of the client that a POST is from, also of one that is otherwise
// malformed; "" if it cannot be told.
func Sender(body []byte) string {
	var m struct {
		ClientName string `json:"master_client_name"`
	}
	_ = Unmarshal(body, &m) // what was read before an error counts
	return m.ClientName
}

// Asker is [Sender] for the query of a GET.
func Asker(query string) string {
	values, _ := url.ParseQuery(query)
	name, _ := Single(values, "client_name")
	return name
}

// ShareReply is a share on its way from a hub: the response to GET [PathKeyShare].
type ShareReply struct {
	ShareIndex int `json:"share_index"`
	Terms
	SealedShare
}

// ParseShareReply reads the body of a [ShareReply]; the errors are those of [ParsePostShare].
func ParseShareReply(body []byte) (ShareReply, error) {
	m := ShareReply{ShareIndex: -1}
	if !m.read(body) {
		if err := Unmarshal(body, &m); err != nil {
			return ShareReply{}, err
		}
	}
	if err := checkShareIndex(m.ShareIndex); err != nil {
		return ShareReply{}, err
	}
	return m, m.check()
}

// checkSAEs returns an [ErrMalformed] unless all can be IDs of encryptors: they stay with the hub.
func checkSAEs(ids ...string) error {
	for _, id := range ids {
		if err := CheckSAE(id); err != nil {
			return fmt.Errorf("%w: %w", ErrMalformed, err)
		}
	}
	return nil
}

func checkShareIndex(index int) error {
	if index < 0 || index > MaxShareIndex {
		return fmt.Errorf("%w: share_index is missing or not in 0..%d", ErrMalformed, MaxShareIndex)
	}
	return nil
}

// GetShare asks a hub for a share: the query of GET [PathKeyShare].
type GetShare struct {
	ClientName string
	MasterSAE  string
	SlaveSAE   string
	KeyID      uuid.UUID
}

// Query returns the raw query string, which the signature covers.
func (m GetShare) Query() string {
	return queryOf(m.ClientName, m.MasterSAE, m.SlaveSAE) + "&key_id=" + m.KeyID.String()
}

// ParseGetShare reads a raw query string; what is wrong with it is an [ErrMalformed].
func ParseGetShare(query string) (GetShare, error) {
	var m GetShare
	var keyID string
	err := parseQuery(query, &m.ClientName, &m.MasterSAE, &m.SlaveSAE, "key_id", &keyID)
	if err != nil {
		return GetShare{}, err
	}
	m.KeyID, err = ParseUUID(keyID)
	return m, err
}

// Single returns the value of a query member that must be there exactly once and not be empty.
func Single(values url.Values, name string) (string, error) {
	if len(values[name]) != 1 || values[name][0] == "" {
		return "", fmt.Errorf("%w: %s must be given once in the query", ErrMalformed, name)
	}
	return values[name][0], nil
}

// ParseUUID reads a UUID in its 36-character form.
func ParseUUID(s string) (uuid.UUID, error) {
	id, err := uuid.Parse(s)
	if err != nil || len(s) != 36 || id == uuid.Nil {
		return uuid.Nil, fmt.Errorf("%w: %q is not a UUID", ErrMalformed, s)
	}
	return id, nil
}

// legacyNull takes null for a member that is not there, as [encoding/json.Unmarshal] does.
var legacyNull = jsonv1.MergeWithLegacySemantics(true)

// Unmarshal reads the JSON of one message. Unknown members are ignored; a member that comes twice
// is an [ErrMalformed], as two readers might take two meanings from it.
func Unmarshal(body []byte, message any) error {
	if err := jsonv2.Unmarshal(body, message, legacyNull); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return nil
}
