package fault

import "context"

var replayKind = kind{name: "replay", summary: "when the message has been answered, the same bytes come again", build: always(replay)}

// replay gives the sender the first response. Only those who watch the wire see that to the copy.
func replay(ctx context.Context, _ <-chan struct{}, r *Request, next Deliver) (Response, error) {
	again := r.Copy()
	response, err := next(ctx, r)
	_, _ = next(ctx, again)
	return response, err
}
