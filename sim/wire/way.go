package wire

import (
	"context"
	"net/http"
)

// sentAgain is the kind of fault in the event of a message of which a part was lost on a link.
const sentAgain = "retransmission"

// way is what has happened to a message between the nodes, in both directions.
type way struct {
	again bool // a part was lost on a link, and sent again
}

// send is the actual path, in both directions. Every message takes it, whoever watches and whatever
// happened to it before, including copies.
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
	both := [2]passage{{from: t.from, to: to, method: r.Method, path: path, query: r.URL.RawQuery, body: body, repeated: repeated}}
	there, back := &both[0], &both[1]
	if err := t.move(r.Context(), there, r.Header, &w); err != nil {
		return nil, w, err
	}
	response, err := t.hand(r, to, body)
	if err != nil {
		return nil, w, err
	}
	*back = *there
	back.from, back.to = there.to, there.from
	if back.body, err = drain(response.Body, response.ContentLength); err != nil {
		return nil, w, err
	}
	response.Body = again(response.Body, back.body)
	err = t.move(r.Context(), back, response.Header, &w)
	return response, w, err
}

// hand passes a request, with another body, to a party.
func (t transport) hand(r *http.Request, to string, body []byte) (*http.Response, error) {
	carrier := t.carrier(to)
	if m, ok := carrier.(memory); ok {
		return m.carry(r, again(r.Body, body))
	}
	r = r.WithContext(r.Context()) // a copy: the sender's request stays unchanged
	r.Body = again(r.Body, body)
	return carrier.RoundTrip(r)
}

// carrier returns the transport to a party.
func (t transport) carrier(to string) http.RoundTripper {
	if t.wire.away != nil {
		if away := t.wire.away(t.from, to); away != nil {
			return away
		}
	}
	return t.next
}

// move moves a message over the link, if there is one, to the door of its receiver.
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

// sizeOf returns the approximate size of a message in HTTP/1.1, in bytes.
func sizeOf(p *passage, header http.Header) int {
	size := len("GET  HTTP/1.1\r\n\r\n") + len(p.path) + len(p.query) + len(p.body)
	for name, values := range header {
		for _, value := range values {
			size += len(name) + len(": \r\n") + len(value)
		}
	}
	return size
}
