package skip

import (
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"dske/etsi"
)

// Limits of entropy in one answer, in bits.
const (
	defaultEntropy = 256
	maxEntropy     = 1 << 16
)

func badRequest(message, name string, value any) error {
	return &etsi.Error{Status: http.StatusBadRequest, Message: message, Details: []any{map[string]any{name: value}}}
}

// query is the parameters of a request. Unknown ones are ignored.
type query url.Values

func parseQuery(raw string) (query, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, &etsi.Error{Status: http.StatusBadRequest, Message: "malformed query"}
	}
	return query(values), nil
}

// remoteSystem returns the system that keys are shared with, which must be a known one.
func (q query) remoteSystem(config Config) (string, error) {
	const name = "remoteSystemID"
	values := q[name]
	if len(values) != 1 {
		return "", badRequest(name+" shall be given once", name, append([]string{}, values...))
	}
	if values[0] == config.System || !slices.Contains(config.Remote, values[0]) {
		return "", badRequest("unknown "+name, name, values[0])
	}
	return values[0], nil
}

// keySize returns the size of a key in bits.
func (q query) keySize() (int, error) {
	const name = "size"
	bits, err := q.bits(name, etsi.DefaultKeySize, etsi.MinKeySize, etsi.MaxKeySize)
	if err == nil && bits%8 != 0 {
		err = badRequest("size shall be a multiple of 8", name, bits)
	}
	return bits, err
}

func (q query) minEntropy() (int, error) { return q.bits("minentropy", defaultEntropy, 1, maxEntropy) }

// bits returns the value of a parameter between two bounds, or fallback if it is not given.
func (q query) bits(name string, fallback, least, most int) (int, error) {
	values, given := q[name]
	if !given {
		return fallback, nil
	}
	bits, err := strconv.Atoi(values[0])
	if err != nil || len(values) > 1 || bits < least || bits > most {
		message := name + " shall be given once, as an integer of " + strconv.Itoa(least) + " to " + strconv.Itoa(most)
		return 0, badRequest(message, name, values)
	}
	return bits, nil
}

// parseKeyID reads a key ID of 32 hex digits.
func parseKeyID(text string) (uuid.UUID, error) {
	id, err := hex.DecodeString(text)
	if err != nil || len(id) != len(uuid.Nil) {
		return uuid.Nil, badRequest("keyId shall be 32 hex digits", "keyId", text)
	}
	if uuid.UUID(id) == uuid.Nil { // no key has it
		return uuid.Nil, etsi.ErrKeyNotFound
	}
	return uuid.UUID(id), nil
}

func hexID(id uuid.UUID) string { return hex.EncodeToString(id[:]) }
