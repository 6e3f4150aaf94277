package fault

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
)

var statusKind = kind{name: "status", value: "=CODE",
	summary: "the message does not arrive; the answer is an error with this status", build: newStatus}

func newStatus(s Spec) (built, error) {
	code, err := strconv.Atoi(s.Value)
	if err != nil || http.StatusText(code) == "" || code < 300 {
		return built{}, fmt.Errorf("%q is not an HTTP status from 300", s.Value)
	}
	return built{effect: func(_ context.Context, _ <-chan struct{}, r *Request, _ Deliver) (Response, error) {
		return refusal(r, code, "Injected fault: "+http.StatusText(code)+"."), nil
	}}, nil
}

// refusal returns an error in the form of the interface that a message is for.
func refusal(r *Request, status int, message string) Response {
	body := fmt.Appendf(nil, `{"message":%q,"details":{}}`, message)
	if isOfEncryptor(r) {
		body = fmt.Appendf(nil, `{"message":%q}`, message)
	}
	return Response{Status: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: body}
}
