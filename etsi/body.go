package etsi

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"unicode/utf8"
)

// MaxRequestBody is the maximum size of a request body that is read, in bytes: enough for 128 key
// IDs with extensions.
const MaxRequestBody = 1 << 20

// members are the members of the JSON object in a POST. Unlike a struct, a map distinguishes names
// that differ in case, and lets each value be refused under its name. A member that is null counts
// as absent.
type members map[string]json.RawMessage

// parseBody reads the body of a POST, which may be empty. Its Content-Type does not matter, as
// clients often omit it.
func parseBody(r *http.Request) (members, error) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, MaxRequestBody))
	if tooLong, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, (&Error{Status: http.StatusRequestEntityTooLarge,
			Message: "the body is too long"}).with("limit", tooLong.Limit)
	}
	if err != nil {
		return nil, badRequest("the body cannot be read")
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, nil
	}
	if !json.Valid(body) || !utf8.Valid(body) {
		return nil, badRequest("malformed JSON")
	}
	var m members
	if err := json.Unmarshal(body, &m); err != nil || m == nil {
		return nil, badRequest("the body shall be a JSON object")
	}
	maps.DeleteFunc(m, func(_ string, value json.RawMessage) bool { return string(value) == "null" })
	return m, nil
}

// quoted returns the value of a member as an error quotes it: as text, because a number may be one
// that its reader cannot represent.
func quoted(value json.RawMessage) string {
	var text string
	if err := json.Unmarshal(value, &text); err != nil {
		return string(value)
	}
	return text
}

// refuseMandatory returns the error for extensions without which the caller wants no answer. None
// are supported.
func (m members) refuseMandatory() error {
	extensions, err := array[members](m, "extension_mandatory", "objects")
	if err != nil || len(extensions) == 0 {
		return err
	}
	e := *ErrExtension
	for _, extension := range extensions {
		for _, name := range slices.Sorted(maps.Keys(extension)) {
			e.Details = append(e.Details, map[string]any{"extension_mandatory_unsupported": name + " is not supported"})
		}
	}
	return &e
}

// array returns the value of a member that is an array of T, none of which is null. what names the
// items in errors.
func array[T any](m members, name, what string) ([]T, error) {
	value, given := m[name]
	if !given {
		return nil, nil
	}
	var items []*T // a pointer tells null from an empty item
	if err := json.Unmarshal(value, &items); err != nil || slices.Contains(items, nil) {
		return nil, badRequest(name + " shall be an array of " + what)
	}
	values := make([]T, len(items))
	for i, item := range items {
		values[i] = *item
	}
	return values, nil
}
