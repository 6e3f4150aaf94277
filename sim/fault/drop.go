package fault

import "context"

var dropKind = kind{name: "drop", value: "[=response]", summary: "the message, or the answer to it, is lost", build: newDrop}

func newDrop(s Spec) (built, error) {
	b := built{effect: drop}
	if s.Value == "response" {
		b.effect = dropResponse
	}
	return b, oneOf(s.Value, "", "request", "response")
}

func drop(context.Context, <-chan struct{}, *Request, Deliver) (Response, error) {
	return Response{}, ErrLost
}

func dropResponse(ctx context.Context, _ <-chan struct{}, r *Request, next Deliver) (Response, error) {
	if _, err := next(ctx, r); err != nil {
		return Response{}, err
	}
	return Response{}, ErrLost
}
