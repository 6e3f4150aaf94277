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
	body := fmt.Appendf(nil, `{"message":"Injected fault: %s.","details":{}}`, http.StatusText(code))
	return built{effect: func(context.Context, <-chan struct{}, *Request, Deliver) (Response, error) {
		return Response{Status: code, Header: http.Header{"Content-Type": {"application/json"}}, Body: body}, nil
	}}, nil
}
