package fault

import (
	"context"
	"time"
)

var delayKind = kind{name: "delay", value: "=DURATION", summary: "the message arrives later", build: newDelay}

func newDelay(s Spec) (built, error) {
	wait, err := duration(s.Value)
	return built{effect: func(ctx context.Context, ended <-chan struct{}, r *Request, next Deliver) (Response, error) {
		select {
		case <-time.After(wait):
		case <-ended:
		case <-ctx.Done():
			return Response{}, ctx.Err()
		}
		return next(ctx, r)
	}}, err
}
