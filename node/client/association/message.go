package association

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"dske/node"
	"dske/protocol"
)

const (
	// maxResponse is the largest response that is read, in bytes. It holds a block of 4 MiB in
	// base64 and more.
	maxResponse = 8 << 20

	// slowest is the lowest rate, in bytes per second, at which a large message is expected to
	// travel.
	slowest = 128 << 10
)

// message is an HTTP request to a hub.
type message struct {
	method   string
	path     string // under the URL of the hub, encoded
	query    string
	header   string // name of the one header that matters
	value    string
	body     []byte
	expected int // bytes that the response carries, if that is known to be a lot
}

// response is the answer of a hub.
type response struct {
	status  int
	header  http.Header
	body    []byte
	shared  bool // the body is also the sender's, and must not be changed
	encoded bool // the body was decoded after it came (Content-Encoding)
}

// refusal returns the error of an answer whose status is not 200, as a [node.Error].
func (a *Association) refusal(r response) error {
	if r.status == http.StatusOK {
		return nil
	}
	said := node.DecodeError(r.status, r.body)
	if a.config.Suite.Rules().Refusals {
		return said
	}
	return fromPython(said)
}

// send sends a message and reads the response. It waits for the hub timeout, and longer for a large
// message.
func (a *Association) send(ctx context.Context, m message) (response, error) {
	size := time.Duration(len(m.body) + m.expected)
	ctx, cancel := node.WithDeadline(ctx, time.Now().Add(a.config.Timeout+size*time.Second/slowest))
	defer cancel()
	request, err := a.request(ctx, m)
	if err != nil {
		return response{}, err
	}
	reply, err := a.config.Transport.RoundTrip(request)
	if err != nil {
		return response{}, err
	}
	defer reply.Body.Close()
	body, shared, err := readBody(reply)
	if err != nil {
		return response{}, err
	}
	encoded := reply.Uncompressed || reply.Header["Content-Encoding"] != nil
	return response{reply.StatusCode, reply.Header, body, shared, encoded}, nil
}

// request returns a message as an HTTP request. [http.NewRequestWithContext] would parse the URL
// again.
func (a *Association) request(ctx context.Context, m message) (*http.Request, error) {
	url, err := a.url(m)
	if err != nil {
		return nil, err
	}
	blank := http.Request{Method: m.method, URL: url, Host: url.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: a.headerOf(m), Body: http.NoBody}
	r := blank.WithContext(ctx)
	if body := m.body; len(body) > 0 {
		r.ContentLength = int64(len(body))
		r.GetBody = func() (io.ReadCloser, error) { return node.NewBody(body), nil }
		r.Body, _ = r.GetBody()
	}
	return r, nil
}

// headerOf returns the header of a message, which must not be changed: most messages to fetch PSRD
// have the same one.
func (a *Association) headerOf(m message) http.Header {
	if m.header == protocol.TokenHeader && m.value != "" && len(m.body) == 0 {
		return a.config.proof
	}
	header := make([]string, 0, 6)
	header = append(header, "Accept-Encoding", "identity")
	if m.value != "" {
		header = append(header, m.header, m.value)
	}
	if len(m.body) > 0 {
		header = append(header, "Content-Type", "application/json")
	}
	h := make(http.Header, len(header)/2)
	node.SetHeader(h, header...)
	return h
}

// url returns the URL of a message. It formats and parses a string only where something is encoded:
// that takes longer.
func (a *Association) url(m message) (*url.URL, error) {
	u := a.base
	u.Path += m.path
	if u.RawPath != "" || strings.Contains(m.path, "%") {
		encoded, err := url.Parse(a.hub.URL + m.path)
		if err != nil {
			return nil, err
		}
		u = *encoded
	}
	u.RawQuery = m.query
	return &u, nil
}

func readBody(reply *http.Response) (body []byte, shared bool, err error) {
	body, shared = node.Held(reply.Body)
	if !shared {
		body, err = node.ReadAll(io.LimitReader(reply.Body, maxResponse+1), reply.ContentLength)
	}
	if err == nil && len(body) > maxResponse {
		err = fmt.Errorf("response of the hub: %w: over %d bytes", protocol.ErrTooLarge, maxResponse)
	}
	return body, shared, err
}
