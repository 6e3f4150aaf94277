package association

import (
	"context"
	"errors"
	"fmt"

	"dske/node"
	"dske/protocol"
	"dske/psrd"
)

// maxOutstanding is the number of messages for a hub at which more are refused, so that a hub that hangs
// cannot pile them up.
const maxOutstanding = 1024

var errBusy = errors.New("too many requests are waiting for the hub")

// deal calls send with PSRD that was reserved: what is given, if that is of the current session, and otherwise
// padSize bytes of pad and a signing key. It does so once more after a new registration if it turns out that the
// hub has lost its state.
func (a *Association) deal(ctx context.Context, given *Reservation, padSize int, send func(*Reservation) error) error {
	if a.outstanding.Add(1) > maxOutstanding {
		a.outstanding.Add(-1)
		return errBusy
	}
	defer a.outstanding.Add(-1)
	for retried := false; ; retried = true {
		err := a.dealOnce(ctx, given, padSize, send)
		if err == nil || retried || !hasLostState(err) {
			a.maintainIfNeeded()
			return err
		}
		a.config.Logger.Warn("hub has lost its state, registering again", "hub", a.hub.Name, "error", err)
	}
}

func (a *Association) dealOnce(ctx context.Context, given *Reservation, padSize int, send func(*Reservation) error) error {
	r := given
	if r == nil || r.session != a.current() {
		var err error
		if r, err = a.reserve(ctx, padSize); err != nil {
			return err
		}
	}
	err := send(r)
	a.watch(r.session)
	if hasLostState(err) {
		a.forget(r.session)
	}
	return err
}

// hasLostState reports whether err means that the hub no longer knows the session.
func hasLostState(err error) bool {
	var refused *node.Error
	return errors.Is(err, protocol.ErrClientNotRegistered) ||
		errors.As(err, &refused) && errors.Is(refused, psrd.ErrUnknownBlock)
}

// inBand signs and sends a request, and returns the response when its signature was found right. The
// caller has to accept or open that.
//
// A hub that is out of PSRD for its response refuses before it spends any, so once it has more it is
// sent the same bytes again. They authenticate the same message, which is no second use.
func (a *Association) inBand(ctx context.Context, r *Reservation, m message) (*protocol.Incoming, []byte, error) {
	signature, err := r.Sign(m.query, m.body)
	if err != nil {
		return nil, nil, err
	}
	m.header, m.value = protocol.SignatureHeader, signature
	for {
		supplied := r.session.supplied.Load()
		response, err := a.send(ctx, m)
		if err == nil {
			incoming, err := a.verify(ctx, r.session, response)
			return incoming, response.body, err
		}
		missing, ok := missingAtHub(err)
		if !ok {
			return nil, nil, err
		}
		if err := a.fetchForHub(ctx, r.session, missing, supplied); err != nil {
			return nil, nil, err
		}
		m.expected = missing
	}
}

// missingAtHub reports whether a hub says that its own pool is exhausted, and how many bytes it lacks.
func missingAtHub(err error) (int, bool) {
	var refused *node.Error
	if !errors.As(err, &refused) || !errors.Is(err, psrd.ErrExhausted) || refused.Details["pool_owner"] != string(protocol.OwnerHub) {
		return 0, false
	}
	needed, _ := refused.Details["needed"].(float64)
	available, _ := refused.Details["available"].(float64)
	return max(1, min(int(needed)-int(available), protocol.MaxBlockSize)), true
}

// verify checks the signature of a response. A hub may use a block before it has arrived here, so if
// the block is unknown this waits for the PSRD request that may be bringing it.
func (a *Association) verify(ctx context.Context, s *session, response *response) (*protocol.Incoming, error) {
	signature := response.header.Values(protocol.SignatureHeader)
	incoming, err := s.channel.Verify(signature, "", response.body)
	if errors.Is(err, psrd.ErrUnknownBlock) {
		t, waiting := a.join(ctx)
		if waiting != nil {
			return nil, waiting
		}
		t.leave()
		incoming, err = s.channel.Verify(signature, "", response.body)
	}
	if errors.Is(err, protocol.ErrSignature) {
		a.config.Counters.FailedVerifications.Add(1)
	}
	if err != nil {
		return nil, fmt.Errorf("response of the hub: %w", err)
	}
	return incoming, nil
}
