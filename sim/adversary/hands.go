package adversary

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/sim/wire"
)

// maxKept is the maximum number of messages that he holds.
const maxKept = 10_000

// Hands are an adversary who controls the network between the nodes: in-band messages pass through
// them. He lets messages pass until he is told to do something. His own messages always pass.
type Hands struct {
	*Adversary
	transport http.RoundTripper
	url       string

	mu    sync.Mutex
	rules []rule
	kept  []Kept    // messages that were withheld, oldest first
	seen  []Kept    // requests that passed
	did   []Outcome // outcomes since the last call of Did
}

// Kept is a message in his hands: a request that never arrived, or one whose answer never came
// back.
type Kept struct {
	Request  wire.Request
	Response *wire.Response // nil: the request was withheld
	keys     []uuid.UUID    // keys in the message
}

// Outcome is the result of an action of his.
type Outcome struct {
	What   string // the action
	To     string // the receiving node
	Of     string // the hub in whose name he answered, if he did
	Status int    // HTTP status of the node's answer, or of the answer that he gave it; 0: none
}

// rule says what he does with a message. done is false if the message does not concern him.
type rule func(ctx context.Context, r *wire.Request, next wire.Deliver) (response wire.Response, done bool, err error)

// NewHands returns the hands of an adversary. He sends messages of his own through the transport to
// the nodes below the URL.
func NewHands(a *Adversary, transport http.RoundTripper, url string) *Hands {
	return &Hands{Adversary: a, transport: transport, url: url}
}

// Stop lets messages pass again. He keeps what he has withheld.
func (h *Hands) Stop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.rules = nil
}

func (h *Hands) begin(r rule) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.rules = append(h.rules, r)
}

// Intercept is the [wire.Intercept] of the hands.
func (h *Hands) Intercept(ctx context.Context, r *wire.Request, next wire.Deliver) (wire.Response, error) {
	if !isInBand(r) || !strings.HasPrefix(r.From, "client/") {
		return next(ctx, r)
	}
	h.mu.Lock()
	h.seen = keep(h.seen, Kept{Request: *r.Copy(), keys: keysOf(r)})
	rules := slices.Clone(h.rules)
	h.mu.Unlock()
	for _, do := range rules {
		if response, done, err := do(ctx, r, next); done {
			return response, err
		}
	}
	return next(ctx, r)
}

func isInBand(r *wire.Request) bool {
	return (r.Path == protocol.PathKeyShare || r.Path == protocol.PathKeyShares) && strings.HasPrefix(r.To, "hub/")
}

// keep adds a message to a list, unless it was sent before.
func keep(list []Kept, k Kept) []Kept {
	signature := k.Request.Header.Get(protocol.SignatureHeader)
	if slices.ContainsFunc(list, func(other Kept) bool { return other.Request.Header.Get(protocol.SignatureHeader) == signature }) {
		return list
	}
	if len(list) == maxKept {
		list = slices.Delete(list, 0, 1)
	}
	return append(list, k)
}

// keysOf returns the keys in a request.
func keysOf(r *wire.Request) []uuid.UUID {
	if r.Method == http.MethodPost {
		return findPosted(wire.Message{Request: *r}).KeyIDs
	}
	if get, err := protocol.ParseGetShare(r.Query); err == nil {
		return []uuid.UUID{get.KeyID}
	}
	if gets, err := protocol.ParseGetShares(r.Query); err == nil {
		return gets.KeyIDs
	}
	return nil
}

// send sends a message to a hub unchanged, and records the outcome.
func (h *Hands) send(ctx context.Context, what string, m wire.Request) (wire.Response, error) {
	target := h.url + "/" + m.To + m.Path
	if m.Query != "" {
		target += "?" + m.Query
	}
	r, err := http.NewRequestWithContext(ctx, m.Method, target, bytes.NewReader(m.Body))
	if err != nil {
		return wire.Response{}, err
	}
	r.Header = m.Header.Clone()
	response, err := h.transport.RoundTrip(r)
	if err != nil {
		h.note(what, m.To, "", 0)
		return wire.Response{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	h.note(what, m.To, "", response.StatusCode)
	return wire.Response{Status: response.StatusCode, Header: response.Header, Body: body}, err
}

func (h *Hands) note(what, to, of string, status int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.did) < maxKept {
		h.did = append(h.did, Outcome{what, to, of, status})
	}
}

// Did returns the outcomes since the last call.
func (h *Hands) Did() []Outcome {
	h.mu.Lock()
	defer h.mu.Unlock()
	did := h.did
	h.did = nil
	return did
}

var (
	// errWithheld is the error for the sender of a withheld message: no answer came.
	errWithheld = errors.New("message lost")

	// errUnknownKey says that he does not know a key that he needs.
	errUnknownKey = errors.New("he does not know that key")
)
