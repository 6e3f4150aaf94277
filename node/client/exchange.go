package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"dske/node"
	"dske/protocol"
	"dske/psrd"
)

// maxOutstanding is the number of exchanges with one hub at which more are refused, so that a hub that
// hangs cannot pile them up.
const maxOutstanding = 1024

var errBusy = errors.New("too many requests are waiting for the hub")

// post sends shares to the hub, sealed together: body makes the message of the sealed share. What was
// reserved for it is used, if that is of the current session.
func (h *peerHub) post(ctx context.Context, path string, shares protocol.Secret, r *reservation, body func(protocol.SealedShare) any) error {
	return h.inSession(ctx, func(s *session) error {
		out := r.take(s)
		if out == nil {
			var err error
			if out, err = h.reserve(ctx, s, shares.Size()); err != nil {
				return err
			}
		}
		defer out.Release()
		sealed, err := out.Seal(shares)
		if err != nil {
			return err
		}
		text, err := json.Marshal(body(sealed))
		if err != nil {
			return err
		}
		incoming, _, err := h.inBand(ctx, s, out, message{method: http.MethodPost, path: path, body: text})
		if err != nil {
			return err
		}
		return incoming.Accept()
	})
}

// get asks the hub for shares. Read makes of the verified response, which it has to open, what it is.
func (h *peerHub) get(ctx context.Context, path, query string, read func(*session, *protocol.Incoming, []byte) error) error {
	return h.inSession(ctx, func(s *session) error {
		out, err := h.reserve(ctx, s, 0)
		if err != nil {
			return err
		}
		defer out.Release()
		incoming, body, err := h.inBand(ctx, s, out, message{method: http.MethodGet, path: path, query: query})
		if err != nil {
			return err
		}
		if err := read(s, incoming, body); err != nil {
			return fmt.Errorf("response of the hub: %w", err)
		}
		return nil
	})
}

// inSession runs an exchange, and runs it once more after a new registration if it turns out that the
// hub has lost its state.
func (h *peerHub) inSession(ctx context.Context, exchange func(*session) error) error {
	if h.outstanding.Add(1) > maxOutstanding {
		h.outstanding.Add(-1)
		return errBusy
	}
	defer h.outstanding.Add(-1)
	for retried := false; ; retried = true {
		s, err := h.ensureSession(ctx)
		if err != nil {
			h.maintain()
			return err
		}
		s.used.Store(true)
		err = exchange(s)
		if err == nil || retried || !hasLostState(err) {
			h.topUpIfLow(s)
			return err
		}
		h.client.config.Logger.Warn("hub has lost its state, registering again", "hub", h.Name, "error", err)
		h.forget(s)
	}
}

// hasLostState reports whether err means that the hub no longer knows the session.
func hasLostState(err error) bool {
	var refused *node.Error
	return errors.Is(err, protocol.ErrClientNotRegistered) ||
		errors.As(err, &refused) && errors.Is(refused, psrd.ErrUnknownBlock)
}

// reserve sets PSRD aside for a message, and fetches what is missing.
func (h *peerHub) reserve(ctx context.Context, s *session, padSize int) (*protocol.Outgoing, error) {
	out, err := s.channel.Reserve(padSize)
	if !errors.Is(err, psrd.ErrExhausted) {
		return out, err
	}
	if err := h.lock(ctx); err != nil {
		return nil, err
	}
	defer h.unlock()
	for {
		out, err := s.channel.Reserve(padSize)
		var lack *psrd.ExhaustedError
		if !errors.As(err, &lack) {
			return out, err
		}
		if err := h.fetch(ctx, s, protocol.OwnerClient, lack.Needed-lack.Available); err != nil {
			return nil, err
		}
	}
}

// inBand signs and sends a request, and returns the response when its signature was found right. The
// caller has to accept or open that.
//
// A hub that is out of PSRD for its response refuses before it spends any, so once it has more it is
// sent the same bytes again. They authenticate the same message, which is no second use.
func (h *peerHub) inBand(ctx context.Context, s *session, out *protocol.Outgoing, m message) (*protocol.Incoming, []byte, error) {
	signature, err := out.Sign(m.query, m.body)
	if err != nil {
		return nil, nil, err
	}
	m.header, m.value = protocol.SignatureHeader, signature
	for {
		supplied := s.supplied.Load()
		response, err := h.send(ctx, m)
		if err == nil {
			incoming, err := h.verify(ctx, s, response)
			return incoming, response.body, err
		}
		missing, ok := missingAtHub(err)
		if !ok {
			return nil, nil, err
		}
		if err := h.fetchForHub(ctx, s, missing, supplied); err != nil {
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

// fetchForHub fetches what a hub lacks, unless it has got a block since there were so many, and may have enough.
func (h *peerHub) fetchForHub(ctx context.Context, s *session, size int, supplied int64) error {
	if err := h.lock(ctx); err != nil {
		return err
	}
	defer h.unlock()
	if s.supplied.Load() > supplied && size <= h.client.config.PSRD.BlockSize {
		return nil
	}
	return h.fetch(ctx, s, protocol.OwnerHub, size)
}

// verify checks the signature of a response. A hub may use a block before it has arrived here, so if
// the block is unknown this waits for the PSRD request that may be bringing it.
func (h *peerHub) verify(ctx context.Context, s *session, response *response) (*protocol.Incoming, error) {
	signature := response.header.Values(protocol.SignatureHeader)
	incoming, err := s.channel.Verify(signature, "", response.body)
	if errors.Is(err, psrd.ErrUnknownBlock) {
		if err := h.lock(ctx); err != nil {
			return nil, err
		}
		h.unlock()
		incoming, err = s.channel.Verify(signature, "", response.body)
	}
	h.client.config.Counters.verified(err)
	if err != nil {
		return nil, fmt.Errorf("response of the hub: %w", err)
	}
	return incoming, nil
}
