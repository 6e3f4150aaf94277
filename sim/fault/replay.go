package fault

import "context"

var replayKind = kind{name: "replay", summary: "after the answer, the same message is sent again", build: always(replay)}

// replay gives the sender the first response. Only observers of the wire see the response to the
// copy.
func replay(ctx context.Context, _ <-chan struct{}, r *Request, next Deliver) (Response, error) {
	again := r.Copy()
	response, err := next(ctx, r)
	_, _ = next(ctx, again)
	return response, err
}
