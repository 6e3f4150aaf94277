package fault

import (
	"context"
	"net/http"
	"sync"
)

var duplicateKind = kind{name: "duplicate",
	summary: "the message arrives twice at the same time; the sender gets the better answer", build: always(duplicate)}

// duplicate returns the response to the copy that was accepted, if one was.
func duplicate(ctx context.Context, _ <-chan struct{}, r *Request, next Deliver) (Response, error) {
	var other Response
	var otherErr error
	var done sync.WaitGroup
	again := r.Copy()
	done.Go(func() { other, otherErr = next(ctx, again) })
	response, err := next(ctx, r)
	done.Wait()
	if (err != nil || response.Status != http.StatusOK) && otherErr == nil && other.Status == http.StatusOK {
		return other, nil
	}
	return response, err
}
