package fault

import (
	"context"
	"time"
)

var delayKind = kind{name: "delay", value: "=DURATION", summary: "the message arrives later", build: newDelay}

func newDelay(s Spec) (built, error) {
	d, err := duration(s.Value)
	return built{effect: func(ctx context.Context, ended <-chan struct{}, r *Request, next Deliver) (Response, error) {
		return late(ctx, ended, d, r, next)
	}}, err
}

// late delivers a message after a delay, unless the sender gives up before.
func late(ctx context.Context, ended <-chan struct{}, d time.Duration, r *Request, next Deliver) (Response, error) {
	select {
	case <-time.After(d):
	case <-ended:
	case <-ctx.Done():
		return Response{}, ctx.Err()
	}
	return next(ctx, r)
}
