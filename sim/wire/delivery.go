package wire

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"dske/node"
)

// transport is the wire for one sender.
type transport struct {
	wire *Wire
	from string
	next http.RoundTripper
	home *door // of the sender, in virtual time
}

func (w *Wire) transport(from string, next http.RoundTripper) transport {
	t := transport{wire: w, from: from, next: next}
	if w.virtual {
		t.home = w.doors.of(from)
	}
	return t
}

// RoundTrip implements [http.RoundTripper].
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	switch attention := t.wire.attention.Load(); {
	case attention == nobody || IsControl(r.URL.Path):
		response, _, err := t.send(r, false)
		return response, err
	case attention == onlookers:
		return t.observe(r)
	default:
		return t.deliver(r)
	}
}

// observe sends a request for which only observers are called.
func (t transport) observe(r *http.Request) (*http.Response, error) {
	to, path := address(r)
	e := Event{Number: t.wire.messages.Add(1), From: t.from, To: to, Method: r.Method, Path: path, Kind: KindOf(r.Method, path), Start: time.Now()}
	response, way, err := t.send(r, false)
	if err == nil {
		e.Status = response.StatusCode
	}
	if way.again {
		e.Fault = sentAgain
	}
	e.Duration = time.Since(e.Start)
	t.wire.tellObservers(e)
	return response, err
}

// deliver reads a request, and passes it through all interceptors and faults to the node.
func (t transport) deliver(r *http.Request) (*http.Response, error) {
	request, err := t.read(r)
	if err != nil {
		return nil, err
	}
	if t.wire.virtual { // so that faults and adversaries do not depend on scheduling
		p := &passage{from: request.From, to: request.To, method: request.Method, path: request.Path, query: request.Query, body: request.Body}
		t.wire.gate.enter(p, time.Now())
	}
	d := &delivery{transport: t, original: r, number: t.wire.messages.Add(1), sent: *request, start: time.Now()}
	response, err := d.hands(request)(r.Context(), request)
	d.settle(request, response, err)
	if err != nil {
		return nil, err
	}
	return newResponse(response.Status, response.Header, response.Body, r), nil
}

// meetsFaultsAtThePort reports whether the sender is an encryptor that uses a port, where faults
// apply to all encryptors, including those from outside.
func (t transport) meetsFaultsAtThePort() bool {
	_, isMemory := t.next.(memory)
	return strings.HasPrefix(t.from, "sae/") && !isMemory
}

// read reads a request with its body.
func (t transport) read(r *http.Request) (*Request, error) {
	to, path := address(r)
	request := &Request{From: t.from, To: to, Method: r.Method, Path: path, Query: r.URL.RawQuery, Header: r.Header}
	var err error
	request.Body, err = drain(r.Body, r.ContentLength)
	return request, err
}

// delivery is a message under way.
type delivery struct {
	transport
	original *http.Request
	number   uint64
	sent     Request // as the sender made it
	start    time.Time
	arrived  atomic.Bool
	status   atomic.Int64 // status of the response to the message itself, not to a copy
}

// hands returns the delivery of a request through all interceptors. Couriers' messages bypass them.
func (d *delivery) hands(r *Request) Deliver {
	hands := Deliver(d.arrive)
	if d.wire.byHand(r.Method, r.Path) {
		return hands
	}
	if !d.meetsFaultsAtThePort() {
		hands = Intercept(d.wire.faults.Intercept).Around(hands)
	}
	all := d.wire.interceptors.All()
	for i := range all {
		hands = (*all[len(all)-1-i]).Around(hands)
	}
	return hands
}

// arrive delivers a request, as it is now, to the node, and notifies the watchers.
func (d *delivery) arrive(ctx context.Context, r *Request) (Response, error) {
	d.arrived.Store(true)
	start := time.Now()
	response, err := d.carry(ctx, r)
	response.Repeated = r.Repeated
	d.wire.tellTaps(d.message(response))
	if r.Repeated { // the sender does not know of the copy
		d.wire.tellObservers(d.event(r, response.Status, start))
	} else {
		d.status.Store(int64(response.Status))
	}
	return response, err
}

func (d *delivery) carry(ctx context.Context, r *Request) (Response, error) {
	request := d.original.Clone(ctx)
	request.Method = r.Method
	if r.To != d.sent.To || r.Path != d.sent.Path {
		target, err := url.ParseRequestURI("/" + r.To + r.Path)
		if err != nil {
			return Response{}, err
		}
		request.URL.Path, request.URL.RawPath = target.Path, target.RawPath
	}
	request.URL.RawQuery = r.Query
	request.Header = r.Header
	request.Body, request.ContentLength = http.NoBody, int64(len(r.Body))
	if len(r.Body) > 0 { // package http would wait for the first byte of one that may be empty
		request.Body = node.NewBody(r.Body)
	}
	response, way, err := d.send(request, r.Repeated)
	if way.again {
		r.Faults = append(r.Faults, sentAgain)
	}
	if err != nil {
		return Response{}, err
	}
	body, err := drain(response.Body, response.ContentLength)
	return Response{Status: response.StatusCode, Header: response.Header, Body: body}, err
}

// settle notifies the watchers of the outcome for the sender.
func (d *delivery) settle(r *Request, response Response, err error) {
	if !d.arrived.Load() {
		d.wire.tellTaps(d.message(Response{}))
	}
	status := response.Status
	switch {
	case err != nil:
		status = 0
	case response.Repeated:
		status = int(d.status.Load())
	}
	d.wire.tellObservers(d.event(r, status, d.start))
}

func (d *delivery) message(response Response) Message {
	return Message{Number: d.number, Request: d.sent, Response: response}
}

func (d *delivery) event(r *Request, status int, start time.Time) Event {
	return Event{
		Number: d.number, From: d.sent.From, To: d.sent.To, Method: d.sent.Method, Path: d.sent.Path, Status: status,
		Kind: KindOf(d.sent.Method, d.sent.Path), Start: start, Duration: time.Since(start), Fault: strings.Join(r.Faults, " "),
	}
}
