package wire

import (
	"context"
	"net/http"
)

// sentAgain is what events say of a message of which something was lost on a link, as a kind of
// fault.
const sentAgain = "retransmission"

// way is what a message has met with between the nodes, there and back.
type way struct {
	again bool // some of it was lost on a link, and sent again
}

// send is the way itself, there and back. Every message takes it, whoever watches and whatever has
// become of it before, also a copy.
func (t transport) send(r *http.Request, repeated bool) (*http.Response, way, error) {
	to, path := address(r)
	isPlain := !t.wire.virtual && t.wire.lines.links == nil
	if isPlain || IsControl(r.URL.Path) {
		response, err := t.carrier(to).RoundTrip(r)
		return response, way{}, err
	}
	body, err := drain(r.Body, r.ContentLength)
	if err != nil {
		return nil, way{}, err
	}
	var w way
	there := &passage{from: t.from, to: to, method: r.Method, path: path, query: r.URL.RawQuery, body: body, repeated: repeated}
	if err := t.move(r.Context(), there, r.Header, &w); err != nil {
		return nil, w, err
	}
	response, err := t.hand(r, to, body)
	if err != nil {
		return nil, w, err
	}
	back := *there
	back.from, back.to = there.to, there.from
	if back.body, err = drain(response.Body, response.ContentLength); err != nil {
		return nil, w, err
	}
	response.Body = NewBody(back.body)
	err = t.move(r.Context(), &back, response.Header, &w)
	return response, w, err
}

// hand takes a request, with another body, to a party.
func (t transport) hand(r *http.Request, to string, body []byte) (*http.Response, error) {
	carrier := t.carrier(to)
	if m, ok := carrier.(memory); ok {
		return m.carry(r, NewBody(body))
	}
	r = r.WithContext(r.Context()) // a copy: that of the sender stays as it is
	r.Body = NewBody(body)
	return carrier.RoundTrip(r)
}

// carrier returns what takes messages to a party.
func (t transport) carrier(to string) http.RoundTripper {
	if t.wire.away != nil {
		if away := t.wire.away(t.from, to); away != nil {
			return away
		}
	}
	return t.next
}

// move takes a message over the link, if there is one, and to the door of the one who is to get it.
func (t transport) move(ctx context.Context, p *passage, header http.Header, w *way) error {
	if line := t.wire.lines.between(p.from, p.to); line != nil && !t.wire.byHand(p.method, p.path) {
		attempts, err := line.carry(ctx, p, sizeOf(p, header))
		w.again = w.again || attempts > 1
		if err != nil {
			return err
		}
	}
	if t.wire.virtual {
		t.wire.doors.of(p.to).enter(p)
	}
	return nil
}

// sizeOf returns how many bytes a message takes, about as HTTP/1.1 writes it.
func sizeOf(p *passage, header http.Header) int {
	size := len("GET  HTTP/1.1\r\n\r\n") + len(p.path) + len(p.query) + len(p.body)
	for name, values := range header {
		for _, value := range values {
			size += len(name) + len(": \r\n") + len(value)
		}
	}
	return size
}
