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
	// maxResponse is the largest response that is read, in bytes: a block of 4 MiB in base64 and
	// more.
	maxResponse = 8 << 20

	// slowest is the rate in bytes per second that even a large message is expected to travel at.
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

// response is what a hub answers.
type response struct {
	status  int
	header  http.Header
	body    []byte
	encoded bool // the body has not come as it is here
}

// refusal returns what the hub says if the status of its answer is not 200, as a [node.Error].
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

// send sends a message and reads the response, within the hub timeout and what its size takes
// beyond that.
func (a *Association) send(ctx context.Context, m message) (*response, error) {
	size := time.Duration(len(m.body) + m.expected)
	ctx, cancel := context.WithTimeout(ctx, a.config.Timeout+size*time.Second/slowest)
	defer cancel()
	request, err := a.request(ctx, m)
	if err != nil {
		return nil, err
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

// request returns a message as [http.NewRequestWithContext] would, which also reads the URL, here
// once more.
func (a *Association) request(ctx context.Context, m message) (*http.Request, error) {
	url, err := a.url(m)
	if err != nil {
		return nil, err
	}
	header := make([]string, 0, 6)
	header = append(header, "Accept-Encoding", "identity")
	if m.value != "" {
		header = append(header, m.header, m.value)
	}
	blank := http.Request{Method: m.method, URL: url, Host: url.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Body: http.NoBody}
	r := blank.WithContext(ctx)
	if len(m.body) > 0 {
		header = append(header, "Content-Type", "application/json")
		r.ContentLength = int64(len(m.body))
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(m.body)), nil }
		r.Body, _ = r.GetBody()
	}
	node.SetHeader(r.Header, header...)
	return r, nil
}

// url returns where a message goes. It is written as a text, for package url to read, only where
// something in it is encoded: that takes longer.
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
