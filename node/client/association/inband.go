package association

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"dske/node"
	"dske/protocol"
	"dske/psrd"
)

const (
	// maxOutstanding is the number of messages for a hub at which more are refused, so that a hub
	// that hangs cannot pile them up.
	maxOutstanding = 1024

	// maxSent is how often the same bytes are sent; maxSupplied, if each time the hub has got PSRD
	// which others may have been faster to use.
	maxSent     = 3
	maxSupplied = 32
)

var (
	errBusy = errors.New("too many requests are waiting for the hub")

	// errEnded says that the session of a message has ended, so that it can be made again in a new
	// one.
	errEnded = errors.New("the hub has lost its state")
)

// deal calls send with PSRD that was reserved: what is given, if that is of the current session,
// and otherwise padSize bytes of pad and a signing key. It does so once more after a new
// registration if it turns out that the hub has lost its state, and a few times more if the hub
// could not answer.
func (a *Association) deal(ctx context.Context, given *Reservation, padSize int, send func(*Reservation) error) error {
	if a.outstanding.Add(1) > maxOutstanding {
		a.outstanding.Add(-1)
		return errBusy
	}
	defer a.outstanding.Add(-1)
	if err := ctx.Err(); err != nil {
		return err // before anything is spent
	}
	ended := false
	for sent := 1; ; sent++ {
		err := a.dealOnce(ctx, given, padSize, send)
		switch {
		case errors.Is(err, errEnded) && !ended:
			ended = true
			a.config.Logger.Warn("hub has lost its state, registering again", "hub", a.hub.Name, "error", err)
		case errors.Is(err, errAnswerless) && sent < maxSent:
		default:
			a.maintainIfNeeded()
			return a.awaiting(err)
		}
		given = nil // which is spent
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
	defer a.watch(r.session)
	if err := a.lacksAnswer(r.session); err != nil {
		r.Release()
		return err
	}
	return send(r)
}

// inBand signs and sends a request, and returns the response with status 200 when its signature was
// found right. The caller has to accept or open that. What the hub refuses is an error, signed or
// not.
//
// It may send the same bytes again, which authenticate the same message and so are no second use: a
// hub that has not answered has spent nothing, and one that has gives the same answer.
func (a *Association) inBand(ctx context.Context, r *Reservation, m message) (*protocol.Incoming, []byte, error) {
	signature, err := r.SignRequest(protocol.Request{Method: m.method, Path: m.path, Query: m.query, Body: m.body})
	if err != nil {
		return nil, nil, err
	}
	m.header, m.value = protocol.SignatureHeader, signature
	for sent := 1; ; sent++ {
		e := exchange{a, r.session, m, r.session.supplied.Load(), a.doubt.began(), r.session.raises.Load()}
		response, err := a.send(ctx, m)
		if err == nil {
			var incoming *protocol.Incoming
			incoming, err = e.read(ctx, response)
			if err == nil {
				return incoming, response.body, nil
			}
		}
		again, why := e.settle(ctx, sent, err)
		if !again {
			return nil, nil, why
		}
	}
}

// exchange is a request with its answer, if there is one.
type exchange struct {
	*Association
	session   *session
	request   message
	supplied  int64 // of the session when the request was sent
	questions int64 // that had been settled when the request was sent
	raises    int64 // of the session when the request was sent
}

// read returns a response with status 200 whose signature is right. A refusal that is signed is
// what the hub says; anything else is a hint, in a suite that has refusals signed.
func (e *exchange) read(ctx context.Context, response *response) (*protocol.Incoming, error) {
	signs := e.config.Suite.Rules().Refusals
	said := e.refusal(response)
	if said != nil && !signs {
		return nil, said
	}
	incoming, err := e.verify(ctx, response)
	switch {
	case err == nil && said == nil:
		return incoming, nil
	case err == nil:
		if err := incoming.Accept(); err != nil {
			return nil, err
		}
		return nil, said
	case !signs:
		return nil, fmt.Errorf("response of the hub: %w", err)
	}
	h := &hint{said}
	if said == nil {
		h.said = fmt.Errorf("response of the hub: %w", err)
	}
	e.warnings.Warn(e.config.Logger, err, "answer not believed", "hub", e.hub.Name, "message", e.request.method+" "+e.request.path, "status", response.status)
	return nil, h
}

// hint is an answer that is not signed as it should be. It wraps nothing of what it says, since
// anybody may have said it.
type hint struct{ said error }

func (h *hint) Error() string { return fmt.Sprintf("%v (%v)", h.said, protocol.ErrUnsigned) }

func (*hint) Unwrap() error { return protocol.ErrUnsigned }

// verify checks the signature of a response. A hub may use a block before it has arrived here, so
// if the block is unknown this waits for the PSRD request that may be bringing it.
func (e *exchange) verify(ctx context.Context, response *response) (*protocol.Incoming, error) {
	if response.encoded && e.config.Suite.Rules().Strict {
		return nil, fmt.Errorf("%w: a Content-Encoding", protocol.ErrMalformed)
	}
	signature := response.header.Values(protocol.SignatureHeader)
	covered := protocol.Response{To: e.request.value, Status: response.status, Body: response.body}
	incoming, err := e.session.channel.VerifyResponse(signature, covered)
	if errors.Is(err, psrd.ErrUnknownBlock) {
		t, waiting := e.join(ctx)
		if waiting != nil {
			return nil, waiting
		}
		t.leave()
		incoming, err = e.session.channel.VerifyResponse(signature, covered)
	}
	if errors.Is(err, protocol.ErrSignature) && (len(signature) > 0 || response.status == http.StatusOK) {
		e.config.Counters.FailedVerifications.Add(1)
	}
	return incoming, err
}

// settle says whether the request is to be sent again after an exchange that failed with err, or
// otherwise why not.
func (e *exchange) settle(ctx context.Context, sent int, err error) (again bool, why error) {
	var refused *node.Error
	var unsigned *hint
	switch {
	case ctx.Err() != nil:
		return false, err
	case !e.config.Suite.Rules().Refusals:
		return e.settleUnsigned(ctx, err)
	case errors.As(err, &unsigned):
		again, why = e.settleHint(ctx, sent, unsigned)
		supplied := e.session.supplied.Load() > e.supplied
		return again && (sent < maxSent || supplied && sent < maxSupplied), why
	case errors.Is(err, psrd.ErrUnknownBlock) && errors.As(err, &refused): // a pad
		return false, e.ask(ctx, e.session, e.questions, err)
	case errors.As(err, &refused):
		return false, err
	default: // no answer; a hub that hangs is not waited for twice
		return sent == 1 && !errors.Is(err, context.DeadlineExceeded), err
	}
}

// settleHint is settle for an answer that nobody has signed. Whatever it says, the hub may have
// done what it was asked for, and then gives the same answer again; were it not asked for that, one
// false error would cost a share for good.
func (e *exchange) settleHint(ctx context.Context, sent int, h *hint) (again bool, why error) {
	var refused *node.Error
	switch {
	case errors.Is(h.said, psrd.ErrUnknownBlock): // one of the two ends has a block that the other one has not
	case !errors.As(h.said, &refused):
		return true, h // it may have been altered on its way
	case refused.Status >= http.StatusInternalServerError && !errors.Is(refused, psrd.ErrExhausted):
		return sent == 1, h // there is nothing to ask the hub about
	case e.session.hasMarks() && errors.Is(refused, psrd.ErrExhausted):
		if err := e.catchUp(ctx, e.session); err != nil {
			return false, err
		}
		if e.session.raises.Load() > e.raises {
			return true, h // that may be all that it takes
		}
	}
	err := e.ask(ctx, e.session, e.questions, h)
	return !errors.Is(err, errEnded), err
}

// settleUnsigned is settle in a suite whose refusals nobody signs, and that have to be believed.
func (e *exchange) settleUnsigned(ctx context.Context, err error) (again bool, why error) {
	var refused *node.Error
	var python *pythonError
	if errors.As(err, &python) {
		return e.settlePython(ctx, python)
	}
	// An unknown block, if the hub does not know it or has signed with it, is one that only one of
	// the two ends has. So is one in which a Python hub has other bytes.
	if errors.Is(err, psrd.ErrUnknownBlock) || errors.As(err, &refused) && errors.Is(err, protocol.ErrClientNotRegistered) ||
		e.hub.Python && errors.Is(err, protocol.ErrSignature) {
		e.forget(e.session)
		return false, fmt.Errorf("%w: %w", errEnded, err)
	}
	missing, ok := missingAtHub(err)
	if !ok || e.isCarried() {
		return false, err
	}
	if err := e.fetchForHub(ctx, e.session, missing, e.supplied); err != nil {
		return false, err
	}
	return true, nil
}

// missingAtHub reports whether a hub says that its own pool is exhausted, and how many bytes it
// lacks.
func missingAtHub(err error) (int, bool) {
	var refused *node.Error
	if !errors.As(err, &refused) || !errors.Is(err, psrd.ErrExhausted) || refused.Details["pool_owner"] != string(protocol.OwnerHub) {
		return 0, false
	}
	needed, _ := refused.Details["needed"].(float64)
	available, _ := refused.Details["available"].(float64)
	return max(1, min(int(needed)-int(available), protocol.MaxBlockSize)), true
}
