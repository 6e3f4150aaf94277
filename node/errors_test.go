package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/psrd"
)

// contract is what users are told for every error.
var contract = []struct {
	err     error
	status  int
	message string
}{
	{protocol.ErrMalformed, 400, "Malformed message."},
	{protocol.ErrSuite, 400, "Message of another suite."},
	{psrd.ErrOutOfRange, 400, "Fragment out of range."},
	{psrd.ErrOverlap, 400, "Fragments overlap."},
	{protocol.ErrSignature, 401, "Signature is missing or wrong."},
	{protocol.ErrNotEnrolled, 403, "Client is not enrolled."},
	{protocol.ErrEncryptorNotEnrolled, 403, "Encryptor is not enrolled for that client."},
	{protocol.ErrClientNotRegistered, 403, "Client is not registered."},
	{protocol.ErrEncryptorNotRegistered, 403, "Encryptor is not registered for that client."},
	{protocol.ErrWrongToken, 403, "Name belongs to another client."},
	{protocol.ErrNotMeantForCaller, 403, "Share is not meant for the caller."},
	{protocol.ErrUnknownKey, 404, "Unknown key ID."},
	{protocol.ErrUnknownEncryptor, 404, "Unknown encryptor."},
	{protocol.ErrUnknownHub, 404, "Hub does not belong to this client."},
	{psrd.ErrUnknownBlock, 404, "Unknown block."},
	{psrd.ErrUsed, 409, "Already used."},
	{protocol.ErrDuplicateKey, 409, "A share for that key ID is already there."},
	{protocol.ErrTooLarge, 413, "Request is over its limit."},
	{psrd.ErrNotSlot, 400, "Signing key is not one slot of 32 bytes."},
	{protocol.ErrUnsigned, 503, "Answer without a valid signature."},
	{psrd.ErrExhausted, 503, "Out of pre-shared random data."},
	{psrd.ErrNotOpen, 503, "Not open for use."},
	{protocol.ErrNoSession, 403, "Hub has started since the last session: resume first."},
	{protocol.ErrOldSession, 409, "Not of the current session: resume first."},
	{protocol.ErrStorage, 503, "Storage failed."},
	{protocol.ErrUnknownParcel, 404, "No such file with PSRD is out."},
	{protocol.ErrTooManyOut, 409, "Too many files with PSRD are out."},
	{protocol.ErrNoRecipient, 409, "That client has no recipient to seal files for."},
	{protocol.ErrFull, 503, "No more is kept for that client."},
	{protocol.ErrStopped, 503, "Node is stopped."},
	{context.DeadlineExceeded, 504, "Context deadline exceeded."},
}

// send returns an error as the other side receives it.
func send(e *Error) *Error {
	w := httptest.NewRecorder()
	WriteError(w, e)
	return DecodeError(w.Code, w.Body.Bytes())
}

func TestContract(t *testing.T) {
	for _, want := range contract {
		here := NewError(fmt.Errorf("posting a share: %w", want.err))
		for side, e := range map[string]*Error{"here": here, "there": send(here), "farther": send(NewError(send(here)))} {
			if e.Status != want.status || e.Message != want.message || e.Details == nil {
				t.Errorf("%s, %v: %d %q %v", side, want.err, e.Status, e.Message, e.Details)
			}
			for _, other := range contract {
				if is := errors.Is(fmt.Errorf("hank: %w", e), other.err); is != (other.err == want.err) {
					t.Errorf("%s, %v is %v: %v", side, want.err, other.err, is)
				}
			}
		}
	}
	if len(contract) != len(statuses) {
		t.Errorf("%d errors are in the table, %d are tested", len(statuses), len(contract))
	}
}

func TestDetails(t *testing.T) {
	block := uuid.UUID{0: 0xab, 15: 1}
	fragment := &psrd.FragmentError{Fragment: psrd.Fragment{Block: block, Start: 64, Size: 32}, Err: psrd.ErrUsed}
	const used = `{"block_uuid":"ab000000-0000-0000-0000-000000000001","size":32,"start":64`
	for _, test := range []struct {
		e    *Error
		want string
	}{
		{NewError(fragment), `409 Already used. ` + used + `}`},
		{NewError(fmt.Errorf("%w", fragment), "client_name", "carol"), `409 Already used. {"block_uuid":"ab000000-0000-0000-0000-000000000001","client_name":"carol","size":32,"start":64}`},
		{NewError(&psrd.ExhaustedError{Needed: 48, Available: 7}, "pool_owner", protocol.OwnerHub), `503 Out of pre-shared random data. {"available":7,"needed":48,"pool_owner":"hub"}`},
		{NewError(fmt.Errorf("%w: no body", protocol.ErrMalformed)), `400 Malformed message. {"reason":"malformed message: no body"}`},
		{NewError(fmt.Errorf("%w: its", protocol.ErrSuite)), `400 Message of another suite. {"reason":"message of another suite: its"}`},
		{NewError(protocol.ErrUnknownKey), `404 Unknown key ID.`},
		{NewError(protocol.ErrUnknownKey, "key_id", block, "odd"), `404 Unknown key ID. {"key_id":"ab000000-0000-0000-0000-000000000001"}`},
		{NewError(&Error{Status: 503, Message: "Could not."}, "key_id", 1), `503 Could not. {"key_id":1}`},
		{Stopped(KindHub, "hank"), `503 Node is stopped. {"node":"hub/hank"}`},
		{NotFound("router", "ralph"), `404 No such node. {"node":"router/ralph"}`},
	} {
		for side, e := range map[string]*Error{"here": test.e, "there": send(test.e)} {
			if got := fmt.Sprint(e.Status, " ", e); got != test.want {
				t.Errorf("%s\n got %s\nwant %s", side, got, test.want)
			}
		}
	}
}

// NewError adds to a copy, so that one error can be reported to several.
func TestNewErrorOfAnError(t *testing.T) {
	first := NewError(protocol.ErrUnknownKey, "key_id", "1")
	second := NewError(fmt.Errorf("gathering: %w", first), "hub", "hank")
	if want := map[string]any{"key_id": "1"}; !reflect.DeepEqual(first.Details, want) {
		t.Errorf("the details of the first became %v", first.Details)
	}
	want := map[string]any{"key_id": "1", "hub": "hank"}
	if second.Status != 404 || second.Message != first.Message || !reflect.DeepEqual(second.Details, want) || !errors.Is(second, protocol.ErrUnknownKey) {
		t.Errorf("the second is %d %v", second.Status, second)
	}
}

// A request that is aborted because its node stops gets an error that says so.
func TestCutOff(t *testing.T) {
	e := send(NewError(fmt.Errorf("waiting for hub/hank: %w", context.Canceled)))
	if e.Status != 503 || !errors.Is(e, protocol.ErrStopped) || errors.Is(e, context.Canceled) {
		t.Errorf("%d %v", e.Status, e)
	}
}

func TestUnknownErrorIsHidden(t *testing.T) {
	for _, err := range []error{
		errors.New("/var/lib/dske: permission denied"),
		fmt.Errorf("a share: %w", psrd.ErrDuplicateBlock),
		psrd.ErrNotOwned,
	} {
		e := NewError(err)
		w := httptest.NewRecorder()
		WriteError(w, e)
		if body := w.Body.String(); w.Code != 500 || body != `{"message":"Internal error.","details":{}}` {
			t.Errorf("%v: %d %s", err, w.Code, body)
		}
		if !errors.Is(e, err) || strings.Contains(e.Error(), "denied") {
			t.Errorf("%v became %v", err, e)
		}
	}
}

func TestWriteError(t *testing.T) {
	w := httptest.NewRecorder()
	WriteError(w, &Error{Status: 403, Message: "No.", Details: map[string]any{"size": func() {}}})
	if got := w.Body.String(); w.Code != 403 || got != `{"message":"Internal error.","details":{}}` {
		t.Errorf("details that JSON cannot express: %d %s", w.Code, got)
	}
	if got := w.Header().Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type is %q", got)
	}
}

// TestDecodeForeignError reads answers of other implementations.
func TestDecodeForeignError(t *testing.T) {
	const generic = "HTTP status 404."
	for body, want := range map[string]string{
		``:                                   generic,
		`null`:                               generic,
		`[]`:                                 generic,
		`"Unknown key ID."`:                  generic,
		`404 page not found`:                 generic,
		`{"detail": "Not Found"}`:            generic + ` {"detail":"\"Not Found\""}`,
		`{"message": 404}`:                   generic,
		`{"message": "No.", "details": "x"}`: generic,
		`{"message": ""}`:                    generic,
		`{"message": "No."}`:                 "No.",
		`{"message": "No.", "details": {}}`:  "No.",
		`{"message": "No.", "details": null, "status": 200, "cause": 1}`: "No.",
		`{"message": "Already used.", "details": {}}`:                    "Already used.", // the table has 409 for it
	} {
		e := DecodeError(404, []byte(body))
		if e.Status != 404 || e.Error() != want || e.Unwrap() != nil {
			t.Errorf("%s: %d %v, %v", body, e.Status, e, e.Unwrap())
		}
		if e = NewError(e, "hub", "hank"); !strings.HasPrefix(want, e.Message) || e.Details["hub"] != "hank" {
			t.Errorf("%s, reported: %v", body, e)
		}
	}
}

func TestReported(t *testing.T) {
	for _, row := range contract {
		e := Reported(row.status, row.message)
		if !errors.Is(e, row.err) || e.Status != row.status || e.Message != row.message {
			t.Errorf("%d %s became %d %v, which is %v", row.status, row.message, e.Status, e, e.Unwrap())
		}
		if e = Reported(418, row.message); e.Unwrap() != nil {
			t.Errorf("418 %s is %v", row.message, e.Unwrap())
		}
	}
}

func FuzzDecodeError(f *testing.F) {
	for _, row := range contract {
		body, err := json.Marshal(NewError(row.err))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(row.status, body)
	}
	f.Add(500, []byte(`{"message":"\ud800","details":{"a":[{}]}}`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		e := DecodeError(status, body)
		if e.Status != status || e.Message == "" || e.Error() == "" {
			t.Errorf("%+v", e)
		}
		known := slices.ContainsFunc(contract, func(row struct {
			err     error
			status  int
			message string
		}) bool {
			return row.status == status && row.message == e.Message
		})
		if known != (e.Unwrap() != nil) {
			t.Errorf("%d %q wraps %v", status, e.Message, e.Unwrap())
		}
	})
}
