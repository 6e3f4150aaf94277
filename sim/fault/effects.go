package fault

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// orderWait is how long reorder holds a message back, unless it says so.
const orderWait = 100 * time.Millisecond

func drop(ctx context.Context, f *Fault, r *Request, next Exchange) (Reply, error) {
	if f.spec.Value == "response" {
		if _, err := next(ctx, r); err != nil {
			return Reply{}, err
		}
	}
	return Reply{}, ErrLost
}

func lose(context.Context, *Fault, *Request, Exchange) (Reply, error) { return Reply{}, ErrLost }

func delay(ctx context.Context, f *Fault, r *Request, next Exchange) (Reply, error) {
	wait, _ := time.ParseDuration(f.spec.Value)
	select {
	case <-time.After(wait):
	case <-f.ended:
	case <-ctx.Done():
		return Reply{}, ctx.Err()
	}
	return next(ctx, r)
}

func hang(ctx context.Context, f *Fault, _ *Request, _ Exchange) (Reply, error) {
	select {
	case <-ctx.Done():
		return Reply{}, ctx.Err()
	case <-f.ended:
		return Reply{}, ErrLost
	}
}

func answerStatus(_ context.Context, f *Fault, _ *Request, _ Exchange) (Reply, error) {
	code, _ := strconv.Atoi(f.spec.Value)
	body := fmt.Sprintf(`{"message":"Injected fault: %s.","details":{}}`, http.StatusText(code))
	return Reply{Status: code, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(body)}, nil
}

// replay gives the sender the first answer. That to the copy is only seen by those who watch the wire.
func replay(ctx context.Context, _ *Fault, r *Request, next Exchange) (Reply, error) {
	again := r.repeated()
	reply, err := next(ctx, r)
	_, _ = next(ctx, again)
	return reply, err
}

// duplicate gives the sender the answer of the copy that was accepted, if one was.
func duplicate(ctx context.Context, _ *Fault, r *Request, next Exchange) (Reply, error) {
	var other Reply
	var otherErr error
	var done sync.WaitGroup
	again := r.repeated()
	done.Go(func() { other, otherErr = next(ctx, again) })
	reply, err := next(ctx, r)
	done.Wait()
	if (err != nil || reply.Status != http.StatusOK) && otherErr == nil && other.Status == http.StatusOK {
		return other, nil
	}
	return reply, err
}

func reorder(ctx context.Context, f *Fault, r *Request, next Exchange) (Reply, error) {
	f.mu.Lock()
	if held := f.held; held != nil {
		f.held = nil
		f.mu.Unlock()
		defer close(held)
		return next(ctx, r)
	}
	held := make(chan struct{})
	f.held = held
	f.mu.Unlock()
	wait := orderWait
	if f.spec.Value != "" {
		wait, _ = time.ParseDuration(f.spec.Value)
	}
	select {
	case <-held:
	case <-time.After(wait):
	case <-f.ended:
	case <-ctx.Done():
	}
	f.mu.Lock()
	if f.held == held {
		f.held = nil
	}
	f.mu.Unlock()
	return next(ctx, r)
}
