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
	// maxOutstanding is the number of messages for a hub beyond which more are refused, so that
	// messages to a hub that hangs cannot pile up.
	maxOutstanding = 1024

	// maxSent is how often the same bytes are sent at most. maxSupplied is the limit if each time
	// the hub has got PSRD, which other messages may have used first.
	maxSent     = 3
	maxSupplied = 32
)

var (
	errBusy = errors.New("too many requests are waiting for the hub")

	// errEnded says that the session of a message has ended, so that the message can be made again
	// in a new one.
	errEnded = errors.New("the hub has lost its state")
)

// deal calls send with reserved PSRD: with given if that is of the current session, and otherwise
// with padSize bytes of pad and a signing key. It calls send once more after a new registration if
// the hub turns out to have lost its state, and a few times more if the hub could not answer.
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
			return a.explainShortage(err)
		}
		given = nil // it is spent
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

// inBand signs and sends a request, and returns a response with status 200 whose signature is
// valid. The caller must accept or open it. A refusal by the hub is an error, signed or not.
//
// It may send the same bytes again. They authenticate the same message, so that is no second use: a
// hub that has not answered has spent nothing, and one that has gives the same answer.
func (a *Association) inBand(ctx context.Context, r *Reservation, m message) (*protocol.Incoming, []byte, error) {
	signature, err := a.sign(ctx, r, m)
	if err != nil {
		return nil, nil, err
	}
	m.header, m.value = protocol.SignatureHeader, signature
	for sent := 1; ; sent++ {
		e := exchange{a, r.session, m, r.session.supplied.Load(), a.doubt.settledCount(), r.session.raises.Load()}
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

// sign returns the signature of a request.
func (a *Association) sign(ctx context.Context, r *Reservation, m message) (string, error) {
	leave, err := a.config.Bulk.Enter(ctx, len(m.body))
	if err != nil {
		return "", err
	}
	defer leave()
	return r.SignRequest(protocol.Request{Method: m.method, Path: m.path, Query: m.query, Body: m.body})
}

// exchange is a request with its answer, if there is one.
type exchange struct {
	*Association
	session   *session
	request   message
	supplied  int64 // of the session when the request was sent
	questions int64 // settled when the request was sent
	raises    int64 // of the session when the request was sent
}

// read returns a response with status 200 whose signature is valid. A signed refusal is a fact. In
// a suite with signed refusals anything else is a hint.
func (e *exchange) read(ctx context.Context, response response) (*protocol.Incoming, error) {
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

// hint is an answer without a valid signature. It does not wrap the error in the answer, since
// anybody may have written that.
type hint struct{ said error }

func (h *hint) Error() string { return fmt.Sprintf("%v (%v)", h.said, protocol.ErrUnsigned) }

func (*hint) Unwrap() error { return protocol.ErrUnsigned }

// verify checks the signature of a response.
func (e *exchange) verify(ctx context.Context, response response) (*protocol.Incoming, error) {
	if response.encoded && e.config.Suite.Rules().Strict {
		return nil, fmt.Errorf("%w: a Content-Encoding", protocol.ErrMalformed)
	}
	signature := response.header[protocol.SignatureHeader]
	covered := protocol.Response{To: e.request.value, Status: response.status, Body: response.body}
	incoming, err := e.check(ctx, signature, covered)
	if errors.Is(err, psrd.ErrUnknownBlock) {
		if err := e.awaitBlock(ctx); err != nil {
			return nil, err
		}
		incoming, err = e.check(ctx, signature, covered)
	}
	if errors.Is(err, protocol.ErrSignature) && (len(signature) > 0 || response.status == http.StatusOK) {
		e.config.Counters.FailedVerifications.Add(1)
	}
	return incoming, err
}

// awaitBlock waits for the PSRD request under way, if there is one. A hub may use a block before it
// has arrived here.
func (a *Association) awaitBlock(ctx context.Context) error {
	t, err := a.join(ctx)
	if err == nil {
		t.leave()
	}
	return err
}

// check is one attempt at verify.
func (e *exchange) check(ctx context.Context, signature []string, r protocol.Response) (*protocol.Incoming, error) {
	leave, err := e.config.Bulk.Enter(ctx, len(r.Body))
	if err != nil {
		return nil, err
	}
	defer leave()
	return e.session.channel.VerifyResponse(signature, r)
}

// settle decides whether to send the request again after an exchange that failed with err, and
// otherwise returns the reason.
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
		supplied := e.session.supplied.Load() > e.supplied || e.session.raises.Load() > e.raises
		return again && (sent < maxSent || supplied && sent < maxSupplied), why
	case errors.Is(err, psrd.ErrUnknownBlock) && errors.As(err, &refused): // block of a pad
		return false, e.ask(ctx, e.session, e.questions, err)
	case errors.As(err, &refused):
		return false, err
	default: // no answer: do not wait twice for a hub that hangs
		return sent == 1 && !errors.Is(err, context.DeadlineExceeded), err
	}
}

// settleHint is like settle, for an answer that is not signed. Whatever it says, the hub may have
// done what it was asked for, and would give the same answer again. If it were not asked again, one
// false error would lose a share for good.
func (e *exchange) settleHint(ctx context.Context, sent int, h *hint) (again bool, why error) {
	var refused *node.Error
	switch {
	case errors.Is(h.said, psrd.ErrUnknownBlock): // one end has a block that the other end does not have
	case !errors.As(h.said, &refused):
		return true, h // the answer may have been altered on its way
	case refused.Status >= http.StatusInternalServerError && !errors.Is(refused, psrd.ErrExhausted):
		return sent == 1, h // there is nothing to ask about
	case e.session.hasMarks() && errors.Is(refused, psrd.ErrExhausted):
		if err := e.catchUp(ctx, e.session); err != nil {
			return false, err
		}
		if e.session.raises.Load() > e.raises {
			return true, h // that may be enough
		}
	}
	questions := e.questions
	if errors.Is(h.said, psrd.ErrExhausted) {
		if e.session.supplied.Load() > e.supplied {
			return true, h // that may be enough
		}
		questions = e.doubt.settledCount() // one that ended meanwhile had supplied the hub before this message left
	}
	err := e.ask(ctx, e.session, questions, h)
	return !errors.Is(err, errEnded), err
}

// settleUnsigned is like settle, in a suite without signed refusals, where refusals must be
// believed.
func (e *exchange) settleUnsigned(ctx context.Context, err error) (again bool, why error) {
	var refused *node.Error
	var python *pythonError
	if errors.As(err, &python) {
		return e.settlePython(ctx, python)
	}
	// If an unknown block is unknown to the hub, or the hub has signed with it, only one end has
	// the block. A block in which a Python hub has other bytes counts as such, too.
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
