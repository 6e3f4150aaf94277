package association

import "context"

// turn is the head of the line of those who need an out-of-band request to the hub. The holder
// knows that no block is on its way.
type turn struct {
	*Association
	seen int64 // failures before the holder joined the line
}

// join waits for its turn.
func (a *Association) join(ctx context.Context) (*turn, error) {
	t := &turn{a, a.failures.Load()}
	if err := a.line.Enter(ctx); err != nil {
		return nil, err
	}
	return t, nil
}

// leave ends the turn.
func (t *turn) leave() { t.line.Leave() }

// attempt calls ask, which needs an answer of the hub. If a request has failed since the holder
// joined the line, attempt returns that failure and does not call ask. A holder whose own time is
// over does not count as a failure of the hub.
func (t *turn) attempt(ctx context.Context, ask func(context.Context) error) error {
	if t.failures.Load() > t.seen {
		return t.failure
	}
	err := ask(ctx)
	switch {
	case err == nil:
		t.hear()
	case ctx.Err() == nil:
		t.failure = err
		t.failures.Add(1)
	}
	return err
}
