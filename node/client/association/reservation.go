package association

import (
	"context"
	"errors"
	"time"

	"dske/protocol"
	"dske/psrd"
)

// Reservation is PSRD that is set aside for a message to the hub: a signing key and, if the message
// has shares, a pad.
type Reservation struct {
	*protocol.Outgoing
	session *session
}

// Release gives back what was not spent. A nil reservation is allowed.
func (r *Reservation) Release() {
	if r != nil {
		r.Outgoing.Release()
	}
}

// Reserve sets PSRD aside for a message whose content need not be known yet: a pad of padSize bytes
// (none if 0) and a signing key. It fetches what is missing. The caller must call Release.
func (a *Association) Reserve(ctx context.Context, padSize int) (*Reservation, error) {
	var reserved *Reservation
	err := a.deal(ctx, nil, padSize, func(r *Reservation) error {
		reserved = r
		return nil
	})
	return reserved, err
}

// reserve makes one attempt at Reserve. If it has to wait for the hub, it reserves before the next
// in line continues.
func (a *Association) reserve(ctx context.Context, padSize int) (*Reservation, error) {
	if s := a.current(); s != nil && !a.unsettled.Load() && (!a.isLazy() || s.usedFor(padSize).Load()) {
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
		_ = t.checkRestart(ctx) // if there is no answer, maintain asks again
	}
	s, err := t.ensureSession(ctx)
	if err != nil {
		return nil, err
	}
	if t.isLazy() && !s.usedFor(padSize).Swap(true) { // the hub needs PSRD for its answer, too
		if err := t.fill(ctx, s); err != nil {
			return nil, err
		}
	}
	for {
		r, err := s.reserve(a.config.Timeout, padSize)
		lack, isShort := errors.AsType[*psrd.ExhaustedError](err)
		if !isShort || a.isCarried() && lack.Closed < lack.Needed-lack.Available {
			return r, err
		}
		if err := t.fetch(ctx, s, supply{protocol.OwnerClient, lack.Purpose}, lack.Needed-lack.Available); err != nil {
			return nil, err
		}
	}
}

// reserve sets aside PSRD that is in the pools. timeout is that of messages.
func (s *session) reserve(timeout time.Duration, padSize int) (*Reservation, error) {
	for _, pool := range s.channel.OwnPools() {
		pool.DropOvertaken(timeout) // the hub waits longer before it does so
	}
	out, err := s.channel.Reserve(padSize)
	if err != nil {
		return nil, err
	}
	return &Reservation{out, s}, nil
}
