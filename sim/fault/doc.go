// Package fault has the faults of messages under way: they are lost, delayed, changed or repeated.
//
// A fault is a function around the delivery of a message. Its text form is a kind with an optional
// value and the messages that it matches, for example
//
//	drop to=hub/hank method=POST count=2
//	tamper=response where=signature from=client/carol
//	partition=client/*|hub/hank,hub/helen
//
// Each kind is in a file with its own state and its own matching, and has an entry in kinds.
//
// A [Set] has the faults of a network; it is safe for concurrent use. With a given seed a set is
// deterministic, however goroutines are scheduled: whether a fault with a probability fires depends
// only on the seed, the parties, the path, the query and the number of earlier such messages.
package fault

import (
	"context"
	"errors"
	"net/http"
	"slices"
)

// ErrLost is the error for the sender of a message if the message or the response was lost.
var ErrLost = errors.New("message lost")

// Request is a message under way.
type Request struct {
	From   string // the sender, such as client/carol
	To     string // the receiver, such as hub/hank
	Method string
	Path   string // under the node, such as /dske/api/v1/key-share, as it is escaped in a URL
	Query  string // raw
	Header http.Header
	Body   []byte

	Faults   []string // the kinds of faults that have struck it
	Repeated bool     // a copy that the sender does not know of

	isHandshake bool   // a TLS handshake, which stands for the messages that may follow it
	lot         uint64 // drawn when a fault struck it, for further random decisions
}

// Copy returns a copy that the sender does not know of.
func (r *Request) Copy() *Request {
	c := *r
	c.Header = r.Header.Clone()
	c.Faults = slices.Clone(r.Faults)
	c.Repeated = true
	return &c
}

// Response is the message that comes back.
type Response struct {
	Status int // 0: no response came
	Header http.Header
	Body   []byte

	Repeated bool // the response to a copy of a request
}

// Deliver carries a request to its receiver, and returns the response.
type Deliver func(ctx context.Context, r *Request) (Response, error)

// Intercept handles a message in place of its delivery: it may read it, keep it until ctx ends,
// change it, readdress it, deliver it once, several times or not at all, and return its response, a
// changed one or one of its own. The sender gets an error instead of a response; [ErrLost] says
// that there is none. Headers and bodies must be replaced and not changed, since others may be
// reading them.
type Intercept func(ctx context.Context, r *Request, next Deliver) (Response, error)

// Around returns a delivery that passes through i.
func (i Intercept) Around(next Deliver) Deliver {
	return func(ctx context.Context, r *Request) (Response, error) { return i(ctx, r, next) }
}
