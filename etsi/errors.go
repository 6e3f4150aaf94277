package etsi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// Error is an answer other than 200 (ETSI GS QKD 014 V1.1.1, clauses 5 and 6.5): a [KME] returns
// one to have it sent, and a [Client] returns the one that it got. No Error contains key material.
type Error struct {
	Status  int    `json:"-"` // HTTP status; 400 to 599 if returned by a KME
	Message string `json:"message"`
	Details []any  `json:"details,omitempty"` // each becomes a JSON object
}

// The errors whose message, or lack of one, the standard fixes. For [errors.Is], an [Error] with
// the same status and message is the same error, whatever its details. An error without a message
// matches every error with its status.
var (
	ErrSizeNotMultiple = &Error{Status: http.StatusBadRequest,
		Message: "size shall be a multiple of 8"}
	ErrKeyNotFound = &Error{Status: http.StatusBadRequest,
		Message: "one or more keys specified are not found on KME"}
	ErrExtension = &Error{Status: http.StatusBadRequest,
		Message: "not all extension_mandatory parameters are supported"}
	ErrUnauthorized = &Error{Status: http.StatusUnauthorized}
)

// Error returns the status, the message and the details in one line.
func (e *Error) Error() string {
	text := fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status))
	if e.Message != "" {
		text += ": " + e.Message
	}
	if details, err := json.Marshal(e.Details); err == nil && len(e.Details) > 0 {
		text += " " + string(details)
	}
	return text
}

// Is reports whether target is an [*Error] with the same status and, if it has one, the same
// message.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Status == e.Status && (t.Message == e.Message || t.Message == "")
}

// with returns a copy of e whose details name the offending value.
func (e *Error) with(name string, value any) *Error {
	named := *e
	named.Details = []any{map[string]any{name: value}}
	return &named
}

func badRequest(message string) *Error {
	return &Error{Status: http.StatusBadRequest, Message: message}
}

func unauthorized(why string) *Error {
	return &Error{Status: http.StatusUnauthorized, Message: why}
}

// ErrorOf converts any error of a [KME] to the one in the answer. It is the only place that does.
func ErrorOf(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok && e.Status >= 400 && e.Status <= 599 {
		return e
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return &Error{Status: http.StatusGatewayTimeout, Message: "deadline passed"}
	case errors.Is(err, context.Canceled): // usually the caller has gone and will not see this
		return &Error{Status: http.StatusServiceUnavailable, Message: "request cancelled"}
	}
	return &Error{Status: http.StatusInternalServerError, Message: "internal error"}
}
