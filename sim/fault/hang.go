package fault

import "context"

var hangKind = kind{name: "hang", summary: "the message is held until the sender gives up or faults are cleared", build: always(hang)}

func hang(ctx context.Context, ended <-chan struct{}, _ *Request, _ Deliver) (Response, error) {
	select {
	case <-ctx.Done():
		return Response{}, ctx.Err()
	case <-ended:
		return Response{}, ErrLost
	}
}
