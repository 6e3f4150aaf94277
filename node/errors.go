package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"dske/protocol"
	"dske/psrd"
)

// Error is an error in the form of the DSKE and management interfaces. It wraps its sentinel, both
// on the side that reports it and on the side where [DecodeError] read it.
type Error struct {
	Status  int            `json:"-"` // HTTP
	Message string         `json:"message"`
	Details map[string]any `json:"details"`

	cause error
}

func (e *Error) Error() string {
	if len(e.Details) == 0 {
		return e.Message
	}
	details, _ := json.Marshal(e.Details) // a map of plain values, with sorted keys
	return fmt.Sprintf("%s %s", e.Message, details)
}

func (e *Error) Unwrap() error { return e.cause }

// statuses is the only place that maps errors to HTTP statuses, and to words for counters.
var statuses = [...]struct {
	err    error
	status int
	reason string
}{
	{protocol.ErrMalformed, http.StatusBadRequest, "malformed"},
	{protocol.ErrSuite, http.StatusBadRequest, "other_suite"},
	{psrd.ErrOutOfRange, http.StatusBadRequest, "out_of_range"},
	{psrd.ErrNotSlot, http.StatusBadRequest, "not_a_slot"},
	{psrd.ErrOverlap, http.StatusBadRequest, "overlap"},
	{protocol.ErrSignature, http.StatusUnauthorized, "wrong_signature"},
	{protocol.ErrUnsigned, http.StatusServiceUnavailable, "unsigned_answer"},
	{protocol.ErrNotEnrolled, http.StatusForbidden, "not_enrolled"},
	{protocol.ErrEncryptorNotEnrolled, http.StatusForbidden, "encryptor_not_enrolled"},
	{protocol.ErrClientNotRegistered, http.StatusForbidden, "client_not_registered"},
	{protocol.ErrEncryptorNotRegistered, http.StatusForbidden, "encryptor_not_registered"},
	{protocol.ErrWrongToken, http.StatusForbidden, "wrong_token"},
	{protocol.ErrNotMeantForCaller, http.StatusForbidden, "not_for_caller"},
	{protocol.ErrUnknownKey, http.StatusNotFound, "unknown_key"},
	{protocol.ErrUnknownEncryptor, http.StatusNotFound, "unknown_encryptor"},
	{protocol.ErrUnknownHub, http.StatusNotFound, "unknown_hub"},
	{psrd.ErrUnknownBlock, http.StatusNotFound, "unknown_block"},
	{psrd.ErrUsed, http.StatusConflict, "already_used"},
	{protocol.ErrDuplicateKey, http.StatusConflict, "duplicate_key"},
	{protocol.ErrTooLarge, http.StatusRequestEntityTooLarge, "too_large"},
	{psrd.ErrExhausted, http.StatusServiceUnavailable, "out_of_psrd"},
	{psrd.ErrNotOpen, http.StatusServiceUnavailable, "not_open"},
	{protocol.ErrNoSession, http.StatusForbidden, "no_session"},
	{protocol.ErrOldSession, http.StatusConflict, "old_session"},
	{protocol.ErrUnknownParcel, http.StatusNotFound, "unknown_file"},
	{protocol.ErrTooManyOut, http.StatusConflict, "too_many_files"},
	{protocol.ErrNoRecipient, http.StatusConflict, "no_recipient"},
	{protocol.ErrStorage, http.StatusServiceUnavailable, "storage_failed"},
	{protocol.ErrFull, http.StatusServiceUnavailable, "full"},
	{protocol.ErrStopped, http.StatusServiceUnavailable, "stopped"},
	{context.DeadlineExceeded, http.StatusGatewayTimeout, "deadline_passed"},
}

// NewError classifies err and adds pairs of a name and a value to the details. An error that is not
// in the table becomes an internal error, whose cause is not shown.
func NewError(err error, details ...any) *Error {
	e := classify(err)
	for i := 0; i+1 < len(details); i += 2 {
		e.Details[details[i].(string)] = details[i+1]
	}
	return e
}

// Stopped is the error for requests to a node that is stopped.
func Stopped(kind Kind, name string) *Error {
	return NewError(protocol.ErrStopped, "node", string(kind)+"/"+name)
}

// NotFound is the error for requests to a node that does not exist.
func NotFound(kind, name string) *Error {
	return &Error{Status: http.StatusNotFound, Message: "No such node.", Details: map[string]any{"node": kind + "/" + name}}
}

func classify(err error) *Error {
	var known *Error
	if errors.As(err, &known) {
		e := *known
		e.Details = map[string]any{} // even if a foreign node gave none
		maps.Copy(e.Details, known.Details)
		return &e
	}
	for _, row := range statuses {
		if errors.Is(err, row.err) {
			return &Error{row.status, sentence(row.err), detailsOf(err), err}
		}
	}
	if errors.Is(err, context.Canceled) { // the request was aborted, or nobody waits for its answer
		return classify(fmt.Errorf("%w: %w", protocol.ErrStopped, err))
	}
	return &Error{http.StatusInternalServerError, "Internal error.", map[string]any{}, err}
}

// Unkept converts the error of a store that has not kept something to a [protocol.ErrStorage]; nil
// stays nil.
func Unkept(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", protocol.ErrStorage, err)
}

// detailsOf returns the details of err that its sentinel does not contain.
func detailsOf(err error) map[string]any {
	var fragment *psrd.FragmentError
	var exhausted *psrd.ExhaustedError
	switch {
	case errors.As(err, &fragment):
		f := fragment.Fragment
		return map[string]any{"block_uuid": f.Block.String(), "start": f.Start, "size": f.Size}
	case errors.As(err, &exhausted):
		details := map[string]any{"needed": exhausted.Needed, "available": exhausted.Available}
		if exhausted.Purpose != psrd.ForAll {
			details["purpose"] = string(exhausted.Purpose)
		}
		return details
	case errors.Is(err, protocol.ErrMalformed), errors.Is(err, protocol.ErrSuite), errors.Is(err, protocol.ErrStorage):
		return map[string]any{"reason": err.Error()}
	default:
		return map[string]any{}
	}
}

// sentence turns the text of a sentinel into a message for users.
func sentence(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// DecodeError reads the body of an error response. The result wraps the sentinel that the other
// side reported, if that is in the table, so that errors.Is works across the wire.
func DecodeError(status int, body []byte) *Error {
	e := &Error{Status: status}
	if err := json.Unmarshal(body, e); err != nil || e.Message == "" {
		return &Error{Status: status, Message: fmt.Sprintf("HTTP status %d.", status), Details: detailIn(body)}
	}
	e.cause = reported(status, e.Message)
	return e
}

// maxDetail is how much of an error in a foreign form is kept, in bytes.
const maxDetail = 200

// detailIn returns the details of an error in the form of FastAPI, with which nodes of the Python
// implementation answer messages that they cannot parse; nil if it has none.
func detailIn(body []byte) map[string]any {
	var e struct {
		Detail json.RawMessage `json:"detail"`
	}
	if err := json.Unmarshal(body, &e); err != nil || len(e.Detail) == 0 {
		return nil
	}
	return map[string]any{"detail": strings.ToValidUTF8(string(e.Detail[:min(len(e.Detail), maxDetail)]), "")}
}

// Reported is like [DecodeError], for an error whose status and message came in another form.
func Reported(status int, message string) *Error {
	return &Error{Status: status, Message: message, cause: reported(status, message)}
}

// reported returns the sentinel that a status and a message stand for, or nil.
func reported(status int, message string) error {
	for _, row := range statuses {
		if status == row.status && message == sentence(row.err) {
			return row.err
		}
	}
	return nil
}
