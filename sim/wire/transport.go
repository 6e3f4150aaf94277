package wire

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"

	"dske/node"
)

// memory is the transport that calls the handler. The caller waits for the handler even if the
// context ends; handlers obey the context of their request.
type memory struct {
	handler http.Handler
	context func(context.Context) context.Context // nil: that of the sender
}

func (m memory) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	return m.carry(r, r.Body)
}

// carry is RoundTrip for a request with another body.
func (m memory) carry(r *http.Request, body io.ReadCloser) (*http.Response, error) {
	ctx := r.Context()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if m.context != nil {
		ctx = m.context(ctx)
	}
	received := r.WithContext(ctx) // a copy: the sender's request stays unchanged
	received.Body = body
	received.Host = r.URL.Host
	received.RemoteAddr = "memory"
	if received.Body == nil {
		received.Body = http.NoBody
	}
	answer := Answer(m.handler, received)
	return newResponse(answer.Status, answer.Header, answer.Body, r), nil
}

// Answer has a handler answer a request, and returns the response.
func Answer(h http.Handler, r *http.Request) Response {
	w := &memoryResponse{status: http.StatusOK}
	h.ServeHTTP(w, r)
	return w.response()
}

// AnswerShown lets a handler answer a request to w, and calls show with the answer before it is
// sent.
func AnswerShown(w http.ResponseWriter, h http.Handler, r *http.Request, show func(Response)) {
	own := untouched(w)
	if own == nil {
		answer := Answer(h, r)
		show(answer)
		Write(w, answer)
		return
	}
	h.ServeHTTP(own, r)
	show(own.response())
}

// Write writes a response. It must not be changed any more.
func Write(w http.ResponseWriter, a Response) {
	if own := untouched(w); own != nil {
		*own = memoryResponse{a.Header, a.Status, *bytes.NewBuffer(a.Body)}
		return
	}
	maps.Copy(w.Header(), a.Header)
	w.WriteHeader(a.Status)
	w.Write(a.Body)
}

// untouched returns the response in memory that w is, if nobody has begun to write it, or nil.
func untouched(w http.ResponseWriter) *memoryResponse {
	if own, ok := w.(*memoryResponse); ok && own.header == nil && own.body.Len() == 0 {
		return own
	}
	return nil
}

// newResponse returns the response for an HTTP client.
func newResponse(status int, header http.Header, body []byte, request *http.Request) *http.Response {
	return &http.Response{
		Status:        http.StatusText(status),
		StatusCode:    status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        header,
		Body:          node.NewBody(body),
		ContentLength: int64(len(body)),
		Request:       request,
	}
}

// memoryResponse collects what a handler writes.
type memoryResponse struct {
	header http.Header // nil until it is needed
	status int
	body   bytes.Buffer
}

func (w *memoryResponse) Header() http.Header {
	if w.header == nil {
		w.header = http.Header{}
	}
	return w.header
}

func (w *memoryResponse) response() Response {
	return Response{Status: w.status, Header: w.Header(), Body: w.body.Bytes()}
}

func (w *memoryResponse) WriteHeader(status int) { w.status = status }

// Take is Write for a body that the caller does not use any more.
func (w *memoryResponse) Take(body []byte) {
	if w.body.Len() == 0 {
		w.body = *bytes.NewBuffer(body)
	} else {
		w.body.Write(body)
	}
}

func (w *memoryResponse) Write(p []byte) (int, error) {
	if w.body.Len() == 0 {
		w.body.Grow(len(p)) // usually everything
	}
	return w.body.Write(p)
}
