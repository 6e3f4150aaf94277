package wire

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"dske/node"
	"dske/sim/fault"
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
	p := &passage{from: t.from, to: to, method: r.Method, path: path, query: r.URL.RawQuery, body: body, repeated: repeated, timer: t.wire.timers.take()}
	defer t.wire.timers.put(p.timer)
	if err := t.move(r.Context(), p, r.Header, &w); err != nil {
		return nil, w, err
	}
	response, err := t.hand(r, to, body)
	if err != nil {
		return nil, w, err
	}
	p.from, p.to = to, t.from
	if p.body, err = drain(response.Body, response.ContentLength); err != nil {
		return nil, w, err
	}
	response.Body = again(response.Body, p.body)
	err = t.move(r.Context(), p, response.Header, &w)
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

// move moves a message over the link, if there is one, to the door of its receiver. It fails with
// [fault.ErrLost] if the message is lost for good, and with the error of ctx if that ends before the
// message arrives.
func (t transport) move(ctx context.Context, p *passage, header http.Header, w *way) error {
	now := time.Now()
	line := t.wire.lines.between(p.from, p.to)
	if line == nil || t.wire.byHand(p.method, p.path) {
		if t.wire.virtual {
			t.doorOf(p.to).enter(p, now)
		}
		return nil
	}
	line.take(p, now, header)
	w.again = w.again || p.fate.Attempts > 1
	switch {
	case p.fate.Lost:
		return cmp.Or(node.SleepUntil(ctx, p.timer, p.fate.Arrives), fault.ErrLost)
	case !t.wire.virtual:
		return node.SleepUntil(ctx, p.timer, p.fate.Arrives)
	}
	err := t.doorOf(p.to).enterLater(ctx, p, p.fate.Arrives)
	if err != nil { // this, too, takes a tick
		time.Sleep(time.Until(now.Add(tick)))
	}
	return err
}

// doorOf returns the door of a receiver.
func (t transport) doorOf(to string) *door {
	if to == t.from {
		return t.home
	}
	return t.wire.doors.of(to)
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
