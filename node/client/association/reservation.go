package association

import (
	"context"
	"errors"
	"time"

	"dske/protocol"
	"dske/psrd"
)

// Reservation is PSRD that was set aside for a message to the hub: a pad, if the message has
// shares, and a signing key.
type Reservation struct {
	*protocol.Outgoing
	session *session
}

// Release gives back what was reserved and not spent. A nil reservation has nothing.
func (r *Reservation) Release() {
	if r != nil {
		r.Outgoing.Release()
	}
}

// Reserve sets PSRD aside for a message, whose content need not be known: a pad of padSize bytes,
// none if that is 0, and a signing key. It fetches what is missing. The caller has to end the
// reservation with Release.
func (a *Association) Reserve(ctx context.Context, padSize int) (*Reservation, error) {
	var reserved *Reservation
	err := a.deal(ctx, nil, padSize, func(r *Reservation) error {
		reserved = r
		return nil
	})
	return reserved, err
}

// reserve is one attempt at Reserve. If it has to wait for the hub, it reserves before the next in
// line goes on.
func (a *Association) reserve(ctx context.Context, padSize int) (*Reservation, error) {
	if s := a.current(); s != nil && !a.unsettled.Load() && !a.isUnused(s) {
		if r, err := s.reserve(a.config.Timeout, padSize); !errors.Is(err, psrd.ErrExhausted) {
			return r, err
		}
	}
	t, err := a.join(ctx)
	if err != nil {
		return nil, err
	}
	defer t.leave()
	if a.unsettled.Load() {
		_ = t.checkRestart(ctx) // if there is no answer, whoever maintains asks again
	}
	s, err := t.ensureSession(ctx)
	if err != nil {
		return nil, err
	}
	if t.isUnused(s) { // the hub is to have what it needs for its answer, too
		s.used.Store(true)
		if err := t.fill(ctx, s); err != nil {
			return nil, err
		}
	}
	for {
		r, err := s.reserve(a.config.Timeout, padSize)
		var lack *psrd.ExhaustedError
		if !errors.As(err, &lack) || a.isCarried() && lack.Closed < lack.Needed-lack.Available {
			return r, err
		}
		if err := t.fetch(ctx, s, supply{protocol.OwnerClient, lack.Purpose}, lack.Needed-lack.Available); err != nil {
			return nil, err
		}
	}
}

// reserve sets PSRD aside that is there. Messages have the timeout.
func (s *session) reserve(timeout time.Duration, padSize int) (*Reservation, error) {
	for _, pool := range s.channel.OwnPools() {
		pool.DropOvertaken(timeout) // the hub does so after longer
	}
	out, err := s.channel.Reserve(padSize)
	if err != nil {
		return nil, err
	}
	return &Reservation{out, s}, nil
}
