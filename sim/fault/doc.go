// Package fault is what the wire can do to a message: lose it, hold it up, change it, send it again.
//
// A [Fault] is a function around an exchange of messages. It is written down as a kind with an optional
// value and what it matches, for example
//
//	drop to=hub/hank method=POST count=2
//	tamper=response where=signature from=client/carol
//	partition=client/*|hub/hank,hub/helen
//
// A [Set] is the faults of a network; it is safe for concurrent use. Chance has no say in a set with a
// given seed, however goroutines are scheduled: whether a fault with a probability fires follows from the
// seed, the parties, the path, the query and how many such messages there have been.
package fault

import (
	"context"
	"errors"
	"net/http"
	"slices"
)

// ErrLost is what the sender of a message learns when the message or the answer was lost.
var ErrLost = errors.New("message lost")

// Request is a message on its way.
type Request struct {
	From   string // who sends it, such as client/carol
	To     string // who is to get it, such as hub/hank
	Method string
	Path   string // under the node, such as /dske/api/v1/key-share
	Query  string // raw
	Header http.Header
	Body   []byte

	Faults   []string // the kinds of faults that have been at it
	Repeated bool     // a copy that the sender knows nothing of
}

// repeated returns a copy.
func (r *Request) repeated() *Request {
	c := *r
	c.Header = r.Header.Clone()
	c.Faults = slices.Clone(r.Faults)
	c.Repeated = true
	return &c
}

// Reply is the answer to a [Request].
type Reply struct {
	Status int
	Header http.Header
	Body   []byte

	Repeated bool // it is the answer to the copy of a request
}

// Exchange carries a request to where it is to go and brings back the answer. A fault may call it once,
// several times or not at all. It must not change the bodies, which others may be looking at, but may
// replace them.
type Exchange func(ctx context.Context, r *Request) (Reply, error)
