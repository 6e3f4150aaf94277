package hub

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"dske/node"
	"dske/protocol"
)

const (
	// maxBody is the maximum size of a request body, in bytes. A share of 2 MiB in base64 fits,
	// with the fragments of its pad.
	maxBody = 4 << 20

	// maxQuery is the maximum size of the query of an in-band request, in bytes.
	maxQuery = 16 << 10

	// largeBody is the size in bytes from which bodies of one client are verified one at a time.
	largeBody = 64 << 10
)

// operation is what an in-band request asks for. The order of its steps keeps bad requests free of
// charge: verify, which spends nothing; prepare, which changes nothing; reserve the response, so
// that a hub without PSRD refuses before anything has happened; spend the signing key, since a
// valid tag counts whatever else is wrong; act; answer.
type operation struct {
	client  string // the client that the request claims to be from; "" if unknown
	shares  int    // number of shares that it is about
	refusal error  // why the request is refused even with a valid signature; nil if it is not
	steps          // nil if the request cannot be parsed
}

// steps are the steps of an operation that differ from one to another.
type steps interface {
	prepare(p *peerClient) (padSize int, err error) // of the response, in bytes
	act(p *peerClient, incoming *protocol.Incoming, out *protocol.Outgoing) (message any, err error)
}

// malformed is the operation of a request that cannot be parsed.
func malformed(client string, err error) operation {
	return operation{client: client, shares: 1, refusal: err}
}

// answer is a response that is ready to be sent.
type answer struct {
	status    int
	signature string
	body      []byte
}

// inBand handles an in-band request for one of the paths.
func (h *Hub) inBand(c echo.Context, path string, parse func(protocol.Request) operation) error {
	r, err := h.read(c, path)
	op := operation{shares: 1, refusal: err}
	var a answer
	if err == nil {
		op, a, err = h.handle(c.Request().Context(), c.Request().Header[protocol.SignatureHeader], r, parse)
	}
	if err == nil {
		err = op.refusal
	}
	if err != nil {
		h.config.Counters.Refused.Add(err, op.shares)
		h.warnings.Warn(h.config.Logger, err, "message refused", "client", fmt.Sprintf("%.64s", op.client), "message", r.Method+" "+r.Path)
	}
	if a.status == 0 {
		return err
	}
	node.SetHeader(c.Response().Header(), protocol.SignatureHeader, a.signature)
	return node.WriteJSON(c, a.status, a.body)
}

// handle parses a request and answers it.
func (h *Hub) handle(ctx context.Context, signature []string, r protocol.Request, parse func(protocol.Request) operation) (operation, answer, error) {
	leave, err := h.config.Bulk.Enter(ctx, len(r.Body))
	if err != nil {
		return operation{shares: 1}, answer{}, err
	}
	defer leave()
	op := parse(r)
	a, err := h.answer(ctx, signature, r, &op)
	return op, a, err
}

// read reads a request. In a strict suite everything that the signature does not cover must be as a
// node would send it.
func (h *Hub) read(c echo.Context, path string) (protocol.Request, error) {
	r := c.Request()
	m := protocol.Request{Method: r.Method, Path: path, Query: r.URL.RawQuery}
	if len(m.Query) > maxQuery {
		return m, node.NewError(protocol.ErrTooLarge, "limit", maxQuery)
	}
	limit := int64(maxBody)
	if m.Method == http.MethodGet { // its answer may be large
		limit = node.SmallBatch
	}
	var err error
	if m.Body, err = node.ReadBody(c, limit); err != nil || !h.config.Suite.Rules().Strict {
		return m, err
	}
	switch {
	case m.Method == http.MethodPost && (m.Query != "" || r.URL.ForceQuery):
		err = fmt.Errorf("%w: a POST with a query", protocol.ErrMalformed)
	case m.Method == http.MethodGet && len(m.Body) > 0:
		err = fmt.Errorf("%w: a GET with a body", protocol.ErrMalformed)
	case r.Header[echo.HeaderContentEncoding] != nil:
		err = fmt.Errorf("%w: a %s", protocol.ErrMalformed, echo.HeaderContentEncoding)
	}
	return m, err
}

// answer finds the client that a request is from, does what it asks for and makes the signed
// answer. An error is answered unsigned; a signed refusal is left in op.refusal.
func (h *Hub) answer(ctx context.Context, signature []string, r protocol.Request, op *operation) (answer, error) {
	if op.client == "" {
		return answer{}, op.refusal
	}
	p, err := h.enter(op.client)
	if err != nil {
		return answer{}, err
	}
	defer p.leave()
	if err := h.journal.checkSession(p); err != nil {
		return answer{}, err
	}
	defer h.watch(p)
	id := idOf(h.seed, signature, r)
	if a, ok := p.answers.find(id); ok {
		return a, nil
	}
	incoming, err := h.verify(ctx, p, signature, r)
	switch {
	case err != nil && op.refusal != nil:
		return answer{}, op.refusal
	case err != nil:
		return answer{}, err
	}
	defer incoming.Release()
	a, err := h.answerVerified(ctx, p, incoming, signature[0], op)
	if err == nil && h.config.Suite.Rules().Refusals {
		p.answers.remember(id, a)
	}
	return a, err
}

// answerVerified does what a request with a valid signature asks for.
func (h *Hub) answerVerified(ctx context.Context, p *peerClient, incoming *protocol.Incoming, signature string, op *operation) (answer, error) {
	signs := h.config.Suite.Rules().Refusals
	padSize := 0
	if op.refusal == nil {
		padSize, op.refusal = op.prepare(p)
	}
	if op.refusal != nil {
		padSize = 0
		if !signs || !isSigned(op.refusal) {
			return answer{}, refuse(incoming, op.refusal)
		}
	}
	leave, err := h.config.Bulk.Enter(ctx, padSize)
	if err != nil {
		return answer{}, err
	}
	defer leave()
	out, err := p.channel.Reserve(padSize)
	if err != nil {
		p.noteLack(err)
		return answer{}, node.NewError(err, "pool_owner", protocol.OwnerHub)
	}
	defer out.Release()
	if err := incoming.Accept(); err != nil {
		return answer{}, err
	}
	var message any
	if op.refusal == nil {
		message, op.refusal = op.act(p, incoming, out)
	}
	status := http.StatusOK
	if op.refusal != nil {
		e := node.NewError(op.refusal)
		if !signs || !isSigned(e) {
			return answer{}, op.refusal
		}
		message, status = e, e.Status
	}
	body, err := protocol.Marshal(message)
	if err != nil {
		return answer{}, err
	}
	header, err := out.SignResponse(protocol.Response{To: signature, Status: status, Body: body})
	return answer{status, header, body}, err
}

// refuse spends the signing key of a request, unless the request may be sent again, and returns the
// reason.
func refuse(incoming *protocol.Incoming, why error) error {
	if node.NewError(why).Status < http.StatusInternalServerError {
		if err := incoming.Accept(); err != nil {
			return err
		}
	}
	return why
}

// isSigned reports whether a refusal is signed, as a fact about a key or a share.
func isSigned(err error) bool {
	return slices.Contains([]int{http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusConflict}, node.NewError(err).Status)
}

// verify checks the signature of a request in the name of a client.
func (h *Hub) verify(ctx context.Context, p *peerClient, signature []string, r protocol.Request) (*protocol.Incoming, error) {
	if len(r.Body) > largeBody {
		verifying := p.verifyingLarge()
		select {
		case verifying <- struct{}{}:
			defer func() { <-verifying }()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	incoming, err := p.channel.VerifyRequest(signature, r)
	if errors.Is(err, protocol.ErrSignature) {
		h.config.Counters.FailedVerifications.Add(1)
	}
	if wrong, ok := errors.AsType[*protocol.WrongTagError](err); ok {
		h.noteForgery(p.name, wrong)
	}
	return incoming, err
}
