package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"

	"dske/etsi/report"
	"dske/protocol"
)

// maxAnswer is the maximum size of an answer that is read, in bytes.
const maxAnswer = 16 << 20

// record is the exchanges of a check.
type record struct {
	mu        sync.Mutex
	exchanges []report.Exchange
}

func (r *record) add(e report.Exchange) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.exchanges = append(r.exchanges, e)
}

func (r *record) all() []report.Exchange {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.exchanges)
}

// request is a request to a node.
type request struct {
	method string
	path   string // below the URL of the node, sent unchanged
	query  string // without the question mark
	header http.Header
	body   []byte
}

// with returns the request with one more header.
func (r request) with(name, value string) request {
	r.header = r.header.Clone()
	if r.header == nil {
		r.header = http.Header{}
	}
	r.header.Add(name, value)
	return r
}

// covered returns what a signature covers of the request.
func (r request) covered() protocol.Request {
	return protocol.Request{Method: r.method, Path: r.path, Query: r.query, Body: r.body}
}

// answer is an answer of a node.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// send sends a request to the node at a base URL and follows no redirection. It records the request
// and the answer unless the record is nil.
func send(ctx context.Context, client *http.Client, base string, r request, to *record) (answer, error) {
	url := base + r.path
	if r.query != "" {
		url += "?" + r.query
	}
	message, err := http.NewRequestWithContext(ctx, r.method, url, bytes.NewReader(r.body))
	if err != nil {
		return answer{}, err
	}
	if r.header != nil {
		message.Header = r.header.Clone()
	}
	message.Header.Set("Accept-Encoding", "identity")
	if len(r.body) > 0 {
		message.Header.Set("Content-Type", "application/json")
	}
	direct := *client
	direct.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := direct.Do(message)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	a := answer{response.StatusCode, response.Header, body}
	if to == nil {
		return a, err
	}
	to.add(report.NewExchange(r.method+" "+url+r.signatures(), r.body, a.status, a.header.Get("Content-Type")+a.signatures(), body))
	return a, err
}

func (r request) signatures() string { return signaturesIn(r.header) }

func (a answer) signatures() string { return signaturesIn(a.header) }

// signaturesIn returns the signatures of a message, for a report.
func signaturesIn(h http.Header) (text string) {
	for _, value := range h.Values(protocol.SignatureHeader) {
		text += "\n" + protocol.SignatureHeader + ": " + value
	}
	return text
}

// want returns an error unless the answer has one of the statuses.
func (a answer) want(statuses ...int) error {
	if !slices.Contains(statuses, a.status) {
		return fmt.Errorf("status %d %.200q, not %d", a.status, a.body, statuses[0])
	}
	return nil
}

// read parses a body that must be a JSON object.
func (a answer) read(into any) error {
	if err := json.Unmarshal(a.body, into); err != nil {
		return fmt.Errorf("the body %.200q cannot be read: %w", a.body, err)
	}
	return nil
}

// message returns the message of an error, if it has one.
func (a answer) message() string {
	var e struct{ Message string }
	_ = json.Unmarshal(a.body, &e)
	return e.Message
}

// details returns the details of an error; nil if it has none.
func (a answer) details() map[string]any {
	var e struct{ Details map[string]any }
	_ = json.Unmarshal(a.body, &e)
	return e.Details
}
