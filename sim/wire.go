package sim

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"dske/sim/fault"
)

// Event is a message and its answer, as seen from the sender.
type Event struct {
	Number   uint64        `json:"number"`   // of the message; what a tap sees of it has the same
	From     string        `json:"from"`     // such as client/carol
	To       string        `json:"to"`       // such as hub/hank
	Method   string        `json:"method"`   //
	Path     string        `json:"path"`     // under the node
	Status   int           `json:"status"`   // of HTTP; 0: no answer arrived
	Start    time.Time     `json:"start"`    //
	Duration time.Duration `json:"duration"` // nanoseconds
	Fault    string        `json:"fault"`    // kinds of the faults that were at it, separated by spaces
}

// Message is a message with its answer, both as the nodes themselves sent them: before any fault.
type Message struct {
	Number         uint64 // counts the messages while somebody watches; a copy has that of its original
	From           string
	To             string
	Method         string
	Path           string
	Query          string
	RequestHeader  http.Header
	RequestBody    []byte
	Status         int // 0: there was no answer, because the message did not arrive
	ResponseHeader http.Header
	ResponseBody   []byte
}

// Transport returns the transport for a sender, such as client/carol. Faults are there, and observers and
// taps see what passes.
func (n *Network) Transport(from string) http.RoundTripper { return transport{n, from, n.transport} }

// Direct is like [Network.Transport], but past the port: it calls the nodes in this process. So a header says
// which encryptor is calling, also where everybody else needs a certificate for that.
func (n *Network) Direct(from string) http.RoundTripper { return transport{n, from, memory{n}} }

type transport struct {
	network *Network
	from    string
	next    http.RoundTripper
}

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	w := &t.network.wire
	switch attention := w.attention.Load(); {
	case attention == nobody || isControl(r.URL.Path):
		return t.next.RoundTrip(r)
	case attention == onlookers:
		return t.observe(r)
	}
	request, err := t.read(r)
	if err != nil {
		return nil, err
	}
	e := &exchange{wire: w, next: t.next, original: r, number: w.messages.Add(1), sent: *request, start: time.Now()}
	reply, err := w.faults.Exchange(r.Context(), request, e.deliver)
	e.settle(request, reply, err)
	if err != nil {
		return nil, err
	}
	return responseOf(reply, r), nil
}

// observe carries a request for those who want no more than to know of it.
func (t transport) observe(r *http.Request) (*http.Response, error) {
	w := &t.network.wire
	to, path := address(r)
	e := Event{Number: w.messages.Add(1), From: t.from, To: to, Method: r.Method, Path: path, Start: time.Now()}
	response, err := t.next.RoundTrip(r)
	if err == nil {
		e.Status = response.StatusCode
	}
	e.Duration = time.Since(e.Start)
	w.observers.tell(e)
	return response, err
}

// isControl reports whether a path is of the network's own interface, which is no part of the experiment.
func isControl(path string) bool { return strings.HasPrefix(path, "/sim/") }

// read takes a request apart.
func (t transport) read(r *http.Request) (*fault.Request, error) {
	to, path := address(r)
	request := &fault.Request{
		From:   t.from,
		To:     to,
		Method: r.Method,
		Path:   path,
		Query:  r.URL.RawQuery,
		Header: r.Header,
	}
	if r.Body == nil {
		return request, nil
	}
	defer r.Body.Close()
	var err error
	request.Body, err = io.ReadAll(r.Body)
	return request, err
}

// address returns the node that a request is for, such as hub/hank, and the path under it.
func address(r *http.Request) (to, path string) {
	kind, name := nodeOf(r.URL.Path)
	to = kind + "/" + name
	return to, strings.TrimPrefix(r.URL.EscapedPath(), "/"+to)
}

// exchange is one message that is being carried.
type exchange struct {
	wire     *wire
	next     http.RoundTripper
	original *http.Request
	number   uint64
	sent     fault.Request // as the sender made it
	start    time.Time
	arrived  atomic.Bool
	status   atomic.Int64 // of the answer to the message itself, not to a copy
}

// deliver carries a request, as the faults have left it, to the node.
func (e *exchange) deliver(ctx context.Context, r *fault.Request) (fault.Reply, error) {
	e.arrived.Store(true)
	start := time.Now()
	reply, err := e.carry(ctx, r)
	reply.Repeated = r.Repeated
	e.wire.taps.tell(e.message(reply))
	if r.Repeated { // the sender does not know of it
		e.wire.observers.tell(e.event(r, reply.Status, start))
	} else {
		e.status.Store(int64(reply.Status))
	}
	return reply, err
}

func (e *exchange) carry(ctx context.Context, r *fault.Request) (fault.Reply, error) {
	request := e.original.Clone(ctx)
	request.URL.RawQuery = r.Query
	request.Header = r.Header
	request.Body = io.NopCloser(bytes.NewReader(r.Body))
	request.ContentLength = int64(len(r.Body))
	response, err := e.next.RoundTrip(request)
	if err != nil {
		return fault.Reply{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return fault.Reply{Status: response.StatusCode, Header: response.Header, Body: body}, err
}

// settle tells those who watch how the exchange ended for the sender.
func (e *exchange) settle(r *fault.Request, reply fault.Reply, err error) {
	if !e.arrived.Load() {
		e.wire.taps.tell(e.message(fault.Reply{}))
	}
	status := reply.Status
	switch {
	case err != nil:
		status = 0
	case reply.Repeated:
		status = int(e.status.Load())
	}
	e.wire.observers.tell(e.event(r, status, e.start))
}

func (e *exchange) message(reply fault.Reply) Message {
	return Message{
		Number: e.number, From: e.sent.From, To: e.sent.To, Method: e.sent.Method, Path: e.sent.Path, Query: e.sent.Query,
		RequestHeader: e.sent.Header, RequestBody: e.sent.Body,
		Status: reply.Status, ResponseHeader: reply.Header, ResponseBody: reply.Body,
	}
}

func (e *exchange) event(r *fault.Request, status int, start time.Time) Event {
	return Event{
		Number: e.number, From: r.From, To: r.To, Method: r.Method, Path: r.Path, Status: status,
		Start: start, Duration: time.Since(start), Fault: strings.Join(r.Faults, " "),
	}
}

func responseOf(reply fault.Reply, request *http.Request) *http.Response {
	return &http.Response{
		Status:        http.StatusText(reply.Status),
		StatusCode:    reply.Status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        reply.Header,
		Body:          io.NopCloser(bytes.NewReader(reply.Body)),
		ContentLength: int64(len(reply.Body)),
		Request:       request,
	}
}
