package protocol

import (
	"bytes"
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
	PathKeyShares    = "/dske/api/v1/key-shares" // not in dske-python

	// Where PSRD comes in files, these replace the out-of-band paths.
	PathBoot        = "/dske/api/v1/boot"
	PathSignedMarks = "/dske/api/v1/marks"
)

// These are under the URL of a client; the second is used where PSRD comes in files. Neither is in
// dske-python.
const (
	PathHubStarted       = "/dske/oob/v1/hub-started"
	PathHubStartedInBand = "/dske/api/v1/hub-started"
)

// TokenHeader is DSKE-OOB-Token in the canonical form of package http. It carries the token that a
// hub binds a client's name to.
const TokenHeader = "Dske-Oob-Token"

// PoolOwner says which side chooses bytes from a pool.
type PoolOwner string

// The owners of the pools of an association.
const (
	OwnerClient PoolOwner = "client"
	OwnerHub    PoolOwner = "hub"
)

// Registration is a client's message about itself: PUT [PathRegistration].
type Registration struct {
	ClientName     string   `json:"client_name"`
	EncryptorNames []string `json:"encryptor_names,omitempty"` // none: one with the client's name
}

// Registered is the hub's answer to a [Registration]. The suite of an association never changes.
type Registered struct {
	HubName string `json:"hub_name"`
	Suite   string `json:"suite,omitempty"` // none: that of the Python implementation
	Version int    `json:"version,omitempty"`

	// Boot is drawn by a hub at each start. A hub that keeps nothing over a crash has none; then
	// there are neither sessions nor marks.
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

// Association is a hub's view of its association with a client: GET [PathRegistration].
type Association struct {
	Registered bool              `json:"registered"`
	Blocks     []AssociatedBlock `json:"blocks"`          // those that are not used up
	Lacks      []Lack            `json:"lacks,omitempty"` // what the hub lacked for answers to verified requests

	Boot    uuid.UUID `json:"boot,omitzero"`    // see [Registered]
	Session uuid.UUID `json:"session,omitzero"` // the current session; none until the client has resumed
}

// Lack says which of its own bytes a hub has too few of.
type Lack struct {
	Purpose psrd.Purpose `json:"purpose,omitempty"`
	Bytes   int          `json:"bytes"`
}

// AssociatedBlock describes a block that both ends have, without its bytes.
type AssociatedBlock struct {
	UUID    uuid.UUID    `json:"block_uuid"`
	Owner   PoolOwner    `json:"pool_owner"`
	Purpose psrd.Purpose `json:"purpose,omitempty"`
	Size    int          `json:"size"`            // bytes
	Mark    int          `json:"mark,omitempty"`  // bytes from the start that are spent when a session begins
	Unused  int          `json:"nr_unused_bytes"` // bytes that no message has named so far
}

// BlockData is a block on its way from a hub to a client: GET [PathPSRD]. It is secret.
type BlockData struct {
	UUID uuid.UUID `json:"block_uuid"`
	Data []byte    `json:"data"`
}

// Encode returns the JSON form. The caller owns it; it is secret. Package json would leave a copy
// of the secret in a buffer of its own.
func (b BlockData) Encode() []byte {
	const frame = `{"block_uuid":"00000000-0000-0000-0000-000000000000","data":""}`
	w := writer{json: make([]byte, 0, len(frame)+base64.StdEncoding.EncodedLen(len(b.Data)))}
	w.id(`{"block_uuid":`, b.UUID)
	w.base64(`,"data":`, b.Data)
	w.json = append(w.json, '}')
	return w.json
}

// spaces are many at a time, since a small block may come with thousands.
const spaces = "                                                                "

// withoutSpaces returns a text without the spaces at its end.
func withoutSpaces(text []byte) []byte {
	for bytes.HasSuffix(text, []byte(spaces)) {
		text = text[:len(text)-len(spaces)]
	}
	return bytes.TrimRight(text, " ")
}

// Format implements [fmt.Formatter]; only the JSON form shows the data.
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

// PadAllocation is the member with the fragments of the pad that encrypts a share.
type PadAllocation struct {
	Fragments []psrd.Fragment `json:"fragments"`
}

// SealedShare is a share encrypted with a one-time pad, and the fragments of the pad.
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

// ParsePostShare reads the body of a [PostShare]. Its errors are [ErrMalformed] and, for a bad
// fragment, [psrd.ErrOutOfRange].
func ParsePostShare(body []byte) (PostShare, error) {
	m := PostShare{ShareIndex: -1}
	if err := Unmarshal(body, &m); err != nil {
		return PostShare{}, err
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

// Sender returns the name of the client that a POST is from, even if the POST is otherwise
// malformed; "" if it has none.
func Sender(body []byte) string {
	var m struct {
		ClientName string `json:"master_client_name"`
	}
	_ = Unmarshal(body, &m) // members read before an error count
	return m.ClientName
}

// Asker is like [Sender], for the query of a GET.
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

// ParseShareReply reads the body of a [ShareReply]; its errors are those of [ParsePostShare].
func ParseShareReply(body []byte) (ShareReply, error) {
	m := ShareReply{ShareIndex: -1}
	if err := Unmarshal(body, &m); err != nil {
		return ShareReply{}, err
	}
	if err := checkShareIndex(m.ShareIndex); err != nil {
		return ShareReply{}, err
	}
	return m, m.check()
}

// checkSAEs returns an [ErrMalformed] unless all are valid IDs of encryptors. The hub stores them,
// so their size must be bounded.
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
	query := appendNames(make([]byte, 0, queryRoom), m.ClientName, m.MasterSAE, m.SlaveSAE)
	return string(psrd.AppendUUID(append(query, "&key_id="...), m.KeyID))
}

// ParseGetShare reads a raw query string; its errors are [ErrMalformed].
func ParseGetShare(query string) (GetShare, error) {
	var m GetShare
	var keyID string
	err := parseQuery(query, member{"client_name", &m.ClientName}, member{"master_sae_id", &m.MasterSAE}, member{"slave_sae_id", &m.SlaveSAE}, member{"key_id", &keyID})
	if err != nil {
		return GetShare{}, err
	}
	m.KeyID, err = ParseUUID(keyID)
	return m, err
}

// Single returns the value of a query member that must be present exactly once and not empty. It
// fails with an [ErrMalformed].
func Single(values url.Values, name string) (string, error) {
	if len(values[name]) != 1 || values[name][0] == "" {
		// The error has a copy of the name: what a caller fills in with it can stay on the stack.
		return "", fmt.Errorf("%w: %s", ErrMalformed, name+" must be given once in the query")
	}
	return values[name][0], nil
}

// ParseUUID reads a UUID in its 36-character form. It fails with an [ErrMalformed].
func ParseUUID(s string) (uuid.UUID, error) {
	id, err := uuid.Parse(s)
	if err != nil || len(s) != 36 || id == uuid.Nil {
		return uuid.Nil, fmt.Errorf("%w: %q is not a UUID", ErrMalformed, s)
	}
	return id, nil
}

// legacyNull treats null like an absent member, as [encoding/json.Unmarshal] does.
var legacyNull = jsonv1.MergeWithLegacySemantics(true)

// Unmarshal reads the JSON of one message. Unknown members are ignored. A repeated member is an
// [ErrMalformed], since two readers could read it differently.
func Unmarshal(body []byte, message any) error {
	if m, has := message.(interface{ read([]byte) bool }); has && m.read(body) {
		return nil // see fast.go
	}
	if err := jsonv2.Unmarshal(body, message, legacyNull); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return nil
}
