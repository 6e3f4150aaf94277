// Package fault is what can happen to a message on its way: it is lost, held up, changed, sent
// again.
//
// A fault is a function around the delivery of a message. It is written down as a kind with an
// optional value and what it matches, for example
//
//	drop to=hub/hank method=POST count=2
//	tamper=response where=signature from=client/carol
//	partition=client/*|hub/hank,hub/helen
//
// Each kind is a file with its own state and its own matching, and an entry in kinds.
//
// A [Set] is the faults of a network; it is safe for concurrent use. Chance has no say in a set
// with a given seed, however goroutines are scheduled: whether a fault with a probability fires
// follows from the seed, the parties, the path, the query and how many such messages there have
// been.
package fault

import (
	"context"
	"errors"
	"net/http"
	"slices"
)

// ErrLost is what the sender of a message learns when the message or the response was lost.
var ErrLost = errors.New("message lost")

// Request is a message on its way.
type Request struct {
	From   string // who sends it, such as client/carol
	To     string // who is to get it, such as hub/hank
	Method string
	Path   string // under the node, such as /dske/api/v1/key-share, as it is escaped in a URL
	Query  string // raw
	Header http.Header
	Body   []byte

	Faults   []string // the kinds of faults that have been at it
	Repeated bool     // a copy that the sender knows nothing of

	isHandshake bool   // of TLS, which stands for the messages that may come after it
	lot         uint64 // that was drawn when a fault struck it, for what else is left to chance
}

// Copy returns a copy that the sender knows nothing of.
func (r *Request) Copy() *Request {
	c := *r
	c.Header = r.Header.Clone()
	c.Faults = slices.Clone(r.Faults)
	c.Repeated = true
	return &c
}

// Response is the message that comes back.
type Response struct {
	Status int // 0: none came
	Header http.Header
	Body   []byte

	Repeated bool // it is the response to the copy of a request
}

// Deliver carries a request to where it is to go, and brings back the response.
type Deliver func(ctx context.Context, r *Request) (Response, error)

// Intercept is what somebody does who holds a message in his hands: he may read it, keep it for as
// long as ctx lasts, change it, re-address it, deliver it once, several times or not at all, and
// return the response to it, a changed one or one of his own. An error is what the sender learns
// instead of a response; [ErrLost] says that there is none. Headers and bodies must be replaced and
// not changed, as others may be looking at them.
type Intercept func(ctx context.Context, r *Request, next Deliver) (Response, error)

// Around returns the delivery that i has in its hands.
func (i Intercept) Around(next Deliver) Deliver {
	return func(ctx context.Context, r *Request) (Response, error) { return i(ctx, r, next) }
}
