package sim

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"dske/sim/fault"
)

// Event is a message and its answer, as seen from the sender.
type Event struct {
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

// wire is what is between the nodes: faults, and those who watch.
type wire struct {
	watched atomic.Bool // there is a fault, an observer or a tap
	faults  fault.Set

	mu        sync.Mutex
	next      int
	observers map[int]func(Event)
	taps      map[int]func(Message)
}

// Observe calls f for every message between nodes once it has been answered, until cancel is called. F is
// called by many goroutines at once, and the sender waits for it.
func (n *Network) Observe(f func(Event)) (cancel func()) {
	w := &n.wire
	return watch(w, &w.observers, f)
}

// Tap is like [Network.Observe], with all that is in the messages. They must not be changed.
func (n *Network) Tap(f func(Message)) (cancel func()) {
	w := &n.wire
	return watch(w, &w.taps, f)
}

// watch adds f to a list of w.
func watch[T any](w *wire, list *map[int]func(T), f func(T)) (cancel func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if *list == nil {
		*list = map[int]func(T){}
	}
	id := w.next
	w.next++
	(*list)[id] = f
	w.update()
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(*list, id)
		w.update()
	}
}

// update settles whether the wire is watched. The caller holds w.mu.
func (w *wire) update() {
	w.watched.Store(len(w.observers)+len(w.taps)+len(w.faults.Statuses()) > 0)
}

// publish tells everybody on a list.
func publish[T any](w *wire, list *map[int]func(T), news T) {
	w.mu.Lock()
	all := slices.Collect(maps.Values(*list))
	w.mu.Unlock()
	for _, f := range all {
		f(news)
	}
}

// Transport returns the transport for a sender, such as client/carol. Faults are there, and observers and
// taps see what passes.
func (n *Network) Transport(from string) http.RoundTripper { return transport{n, from} }

type transport struct {
	network *Network
	from    string
}

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if !t.network.wire.watched.Load() || isControl(r.URL.Path) {
		return t.network.transport.RoundTrip(r)
	}
	request, err := t.read(r)
	if err != nil {
		return nil, err
	}
	e := &exchange{wire: &t.network.wire, next: t.network.transport, original: r, sent: *request, start: time.Now()}
	reply, err := e.wire.faults.Exchange(r.Context(), request, e.deliver)
	e.settle(request, reply, err)
	if err != nil {
		return nil, err
	}
	return responseOf(reply, r), nil
}

// isControl reports whether a path is of the network's own interface, which is no part of the experiment.
func isControl(path string) bool { return strings.HasPrefix(path, "/sim/") }

// read takes a request apart.
func (t transport) read(r *http.Request) (*fault.Request, error) {
	kind, name := nodeOf(r.URL.Path)
	to := kind + "/" + name
	request := &fault.Request{
		From:   t.from,
		To:     to,
		Method: r.Method,
		Path:   strings.TrimPrefix(r.URL.EscapedPath(), "/"+to),
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

// exchange is one message that is being carried.
type exchange struct {
	wire     *wire
	next     http.RoundTripper
	original *http.Request
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
	publish(e.wire, &e.wire.taps, e.message(reply))
	if r.Repeated { // the sender does not know of it
		publish(e.wire, &e.wire.observers, event(r, reply.Status, start))
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
		publish(e.wire, &e.wire.taps, e.message(fault.Reply{}))
	}
	status := reply.Status
	switch {
	case err != nil:
		status = 0
	case reply.Repeated:
		status = int(e.status.Load())
	}
	publish(e.wire, &e.wire.observers, event(r, status, e.start))
}

func (e *exchange) message(reply fault.Reply) Message {
	return Message{
		From: e.sent.From, To: e.sent.To, Method: e.sent.Method, Path: e.sent.Path, Query: e.sent.Query,
		RequestHeader: e.sent.Header, RequestBody: e.sent.Body,
		Status: reply.Status, ResponseHeader: reply.Header, ResponseBody: reply.Body,
	}
}

func event(r *fault.Request, status int, start time.Time) Event {
	return Event{
		From: r.From, To: r.To, Method: r.Method, Path: r.Path, Status: status,
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
