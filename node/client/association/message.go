package association

import (
	"bytes"
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
	encoded bool // the body was decoded after it came (Content-Encoding)
}

// refusal returns the error of an answer whose status is not 200, as a [node.Error].
func (a *Association) refusal(r *response) error {
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
func (a *Association) send(ctx context.Context, m message) (*response, error) {
	size := time.Duration(len(m.body) + m.expected)
	ctx, cancel := context.WithTimeout(ctx, a.config.Timeout+size*time.Second/slowest)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, m.method, "", bytes.NewReader(m.body))
	if err != nil {
		return nil, err
	}
	if request.URL, err = a.url(m); err != nil {
		return nil, err
	}
	request.Host = request.URL.Host
	if m.value != "" {
		request.Header.Set(m.header, m.value)
	}
	request.Header.Set("Accept-Encoding", "identity")
	if len(m.body) > 0 {
		request.Header.Set("Content-Type", "application/json")
	}
	reply, err := a.config.Transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	defer reply.Body.Close()
	body, err := readBody(reply)
	if err != nil {
		return nil, err
	}
	encoded := reply.Uncompressed || reply.Header.Values("Content-Encoding") != nil
	return &response{reply.StatusCode, reply.Header, body, encoded}, nil
}

// url returns the URL of a message. It formats and parses a string only where something is encoded:
// that takes longer.
func (a *Association) url(m message) (*url.URL, error) {
	u := *a.base
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

func readBody(reply *http.Response) ([]byte, error) {
	body, err := node.ReadAll(io.LimitReader(reply.Body, maxResponse+1), reply.ContentLength)
	if err != nil {
		return nil, err
	}
	if len(body) > maxResponse {
		return nil, fmt.Errorf("response of the hub: %w: over %d bytes", protocol.ErrTooLarge, maxResponse)
	}
	return body, nil
}
