package adversary

import (
	"context"
	"net/http"
	"slices"
	"sync/atomic"

	"github.com/google/uuid"

	"dske/sim/wire"
)

// Match selects messages. An empty member matches all.
type Match struct {
	Method string
	From   []string  // clients, such as client/carol
	To     []string  // hubs, such as hub/hank
	Key    uuid.UUID // in the message; nil: any
}

func (m Match) matches(r *wire.Request) bool {
	return (m.Method == "" || m.Method == r.Method) &&
		(m.From == nil || slices.Contains(m.From, r.From)) &&
		(m.To == nil || slices.Contains(m.To, r.To)) &&
		(m.Key == uuid.Nil || slices.Contains(keysOf(r), m.Key))
}

// Withhold keeps messages: the requests themselves, or the answers that the hub has given to them.
// The sender hears nothing.
func (h *Hands) Withhold(answers bool, m Match) {
	h.begin(func(ctx context.Context, r *wire.Request, next wire.Deliver) (wire.Response, bool, error) {
		if !m.matches(r) {
			return wire.Response{}, false, nil
		}
		k := Kept{Request: *r.Copy(), keys: keysOf(r)}
		if answers {
			response, err := next(ctx, r)
			if err != nil || response.Status != http.StatusOK {
				return response, true, err
			}
			k.Response = &response
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.kept = keep(h.kept, k)
		return wire.Response{}, true, errWithheld
	})
}

// Kept returns the messages that he has withheld.
func (h *Hands) Kept() []Kept {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.kept)
}

// Release sends the withheld requests to their hubs, and forgets them.
func (h *Hands) Release(ctx context.Context) {
	h.mu.Lock()
	var requests []Kept
	h.kept = slices.DeleteFunc(h.kept, func(k Kept) bool {
		if k.Response == nil {
			requests = append(requests, k)
		}
		return k.Response == nil
	})
	h.mu.Unlock()
	for _, k := range requests {
		h.send(ctx, "release", k.Request)
	}
}

// Repeat sends again all requests that have passed, or were withheld.
func (h *Hands) Repeat(ctx context.Context, m Match) {
	h.mu.Lock()
	seen := slices.Clone(h.seen)
	h.mu.Unlock()
	for _, k := range seen {
		if m.matches(&k.Request) {
			h.send(ctx, "repeat", k.Request)
		}
	}
}

// Answer gives withheld answers about key with as the answers to requests for another key, or for
// any other key if key is nil: those of the same hub to the same client. Each is given once, so a
// client that notices and asks again gets the true answer. The true answers to the first requests
// are withheld instead.
func (h *Hands) Answer(key, with uuid.UUID) {
	h.begin(func(ctx context.Context, r *wire.Request, next wire.Deliver) (wire.Response, bool, error) {
		wanted := Match{Method: http.MethodGet, Key: key}
		if !wanted.matches(r) || slices.Contains(keysOf(r), with) {
			return wire.Response{}, false, nil
		}
		k, found := h.takeAnswer(Match{Method: r.Method, From: []string{r.From}, To: []string{r.To}, Key: with})
		if !found {
			return wire.Response{}, false, nil
		}
		request := *r.Copy()
		if response, err := next(ctx, r); err == nil && response.Status == http.StatusOK {
			h.mu.Lock()
			h.kept = keep(h.kept, Kept{request, &response, keysOf(&request)})
			h.mu.Unlock()
		}
		h.note("answer with another's", r.From, r.To, k.Response.Status)
		return *k.Response, true, nil
	})
}

// Acknowledge swallows POSTs, and answers them with withheld answers to earlier ones.
func (h *Hands) Acknowledge(m Match) {
	m.Method = http.MethodPost
	h.begin(func(_ context.Context, r *wire.Request, _ wire.Deliver) (wire.Response, bool, error) {
		if !m.matches(r) {
			return wire.Response{}, false, nil
		}
		k, found := h.takeAnswer(Match{Method: r.Method, From: []string{r.From}, To: []string{r.To}})
		if !found {
			return wire.Response{}, false, nil
		}
		h.mu.Lock()
		h.kept = keep(h.kept, Kept{Request: *r.Copy(), keys: keysOf(r)})
		h.mu.Unlock()
		h.note("acknowledge", r.From, r.To, k.Response.Status)
		return *k.Response, true, nil
	})
}

// takeAnswer removes the first withheld answer that matches, and returns it.
func (h *Hands) takeAnswer(m Match) (Kept, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := slices.IndexFunc(h.kept, func(k Kept) bool { return k.Response != nil && m.matches(&k.Request) })
	if i < 0 {
		return Kept{}, false
	}
	k := h.kept[i]
	h.kept = slices.Delete(h.kept, i, i+1)
	return k, true
}

// Refuse answers requests himself, with an error that nobody has signed; they do not arrive. It
// ends after count times, or never if count is 0.
func (h *Hands) Refuse(status int, body string, m Match, count int) {
	var times atomic.Int64
	h.begin(func(_ context.Context, r *wire.Request, _ wire.Deliver) (wire.Response, bool, error) {
		if !m.matches(r) || times.Add(1) > int64(count) && count > 0 {
			return wire.Response{}, false, nil
		}
		h.note("refuse", r.From, r.To, status)
		header := http.Header{"Content-Type": {"application/json"}}
		return wire.Response{Status: status, Header: header, Body: []byte(body)}, true, nil
	})
}
