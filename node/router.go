package node

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"strconv"

	"github.com/labstack/echo/v4"

	"dske/protocol"
)

// Router is an Echo router that accepts other spellings of a path, tells an observer, and answers the
// error of a handler with [NewError]. A panic in a handler ends only the request. Middleware of Echo
// could do all that, but would make four functions for each request; a Router calls none.
type Router struct {
	*echo.Echo
	log      *slog.Logger
	observer Observer // nil: none
}

// NewRouter returns a router without routes. The observer may be nil.
func NewRouter(log *slog.Logger, observer Observer) *Router {
	r := &Router{echo.New(), log, observer}
	r.HTTPErrorHandler = r.answerError
	return r
}

// ServeHTTP implements [http.Handler].
func (r *Router) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	respelled(request)
	c := r.AcquireContext()
	c.Reset(request, w)
	r.Router().Find(request.Method, echo.GetPath(request), c)
	r.observer.observe(c, func() {
		if err := r.handle(c); err != nil {
			r.answerError(err, c)
		}
	})
	r.ReleaseContext(c)
}

// handle calls the handler of a request.
func (r *Router) handle(c echo.Context) (err error) {
	defer func() {
		switch reason := recover(); reason {
		case nil:
		case http.ErrAbortHandler:
			panic(reason)
		default:
			r.log.Error("panic", "path", c.Request().URL.Path, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", reason)
		}
	}()
	return c.Handler()(c)
}

// answerError answers a request with an error, unless it has been answered.
func (r *Router) answerError(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	e := fromRouter(err, c)
	if e.Status == http.StatusInternalServerError {
		r.log.Error("internal error", "method", c.Request().Method, "path", c.Request().URL.Path, "error", err)
	}
	WriteError(c.Response(), e)
}

// fromRouter classifies an error, including those with which Echo itself refuses a request.
func fromRouter(err error, c echo.Context) *Error {
	var refused *echo.HTTPError
	if !errors.As(err, &refused) {
		return NewError(err)
	}
	details := map[string]any{"method": c.Request().Method, "path": c.Request().URL.Path}
	switch refused.Code {
	case http.StatusNotFound:
		return &Error{Status: refused.Code, Message: "Unknown path.", Details: details}
	case http.StatusMethodNotAllowed:
		return &Error{Status: refused.Code, Message: "Wrong method for this path.", Details: details}
	default:
		return &Error{Status: refused.Code, Message: fmt.Sprintf("%s.", http.StatusText(refused.Code)), Details: details}
	}
}

// WriteError answers a request with an error.
func WriteError(w http.ResponseWriter, e *Error) {
	body, err := json.Marshal(e)
	if err != nil { // details that JSON cannot express
		body = []byte(`{"message":"Internal error.","details":{}}`)
	}
	w.Header().Set(echo.HeaderContentType, echo.MIMEApplicationJSON)
	w.WriteHeader(e.Status)
	w.Write(body)
}

// WriteJSON answers a request with a status and body, which is JSON and must not be changed any more.
// It sets Content-Length, so that the other side can read the body at once. Over the memory transport
// the other side gets the body itself.
func WriteJSON(c echo.Context, status int, body []byte) error {
	writeHead(c, status, len(body))
	w := c.Response()
	if own, isMemory := w.Writer.(memoryWriter); isMemory {
		own.Take(body)
		return nil
	}
	_, err := w.Write(body)
	return err
}

// memoryWriter writes answers of the memory transport.
type memoryWriter interface{ Take(body []byte) }

// writeHead begins an answer with JSON of size bytes.
func writeHead(c echo.Context, status, size int) {
	w := c.Response()
	SetHeader(w.Header(), echo.HeaderContentLength, strconv.Itoa(size), echo.HeaderContentType, echo.MIMEApplicationJSON)
	w.WriteHeader(status)
}

// unbuffered is the size in bytes from which a write of a body bypasses the buffers of
// [http.Server], if they are empty.
const unbuffered = 4<<10 + 1

// WriteSecret is like [WriteJSON], for a secret body, which it takes over and clears, and which
// nobody may keep. It leaves no copy in the process if the request came over HTTP/1.1: a buffer of
// the server would keep the start of a small body until later answers overwrite it, so spaces follow
// one. Over the memory transport the other side gets the body itself.
func WriteSecret(c echo.Context, body []byte) error {
	w := c.Response()
	SetHeader(w.Header(), echo.HeaderCacheControl, "no-store")
	if _, isMemory := w.Writer.(memoryWriter); isMemory {
		return WriteJSON(c, http.StatusOK, body)
	}
	body = padded(body)
	defer clear(body)
	writeHead(c, http.StatusOK, len(body))
	if err := http.NewResponseController(w.Writer).Flush(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	_, err := w.Write(body)
	return err
}

// padded returns the body with spaces to at least [unbuffered] bytes, and clears what it copies.
func padded(body []byte) []byte {
	if len(body) >= unbuffered {
		return body
	}
	whole := bytes.Repeat([]byte(" "), unbuffered)
	copy(whole, body)
	clear(body)
	return whole
}

// Param returns the decoded value of a path parameter. Echo matches the encoded path if the request
// has it, and otherwise the decoded one, which must not be decoded again.
func Param(c echo.Context, name string) (string, error) {
	value := c.Param(name)
	if c.Request().URL.RawPath == "" {
		return value, nil
	}
	value, err := url.PathUnescape(value)
	if err != nil {
		return "", fmt.Errorf("%w: path: %w", protocol.ErrMalformed, err)
	}
	return value, nil
}

// ReadBody returns the body of a request of at most limit bytes; a larger one is a
// [protocol.ErrTooLarge]. The body must not be changed: over the memory transport it is also its
// sender's.
func ReadBody(c echo.Context, limit int64) ([]byte, error) {
	r := c.Request()
	if all, ok := Held(r.Body); ok && int64(len(all)) <= limit {
		return all, nil
	}
	body, err := ReadAll(http.MaxBytesReader(c.Response(), r.Body, limit), r.ContentLength)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, NewError(protocol.ErrTooLarge, "limit", limit)
	case err != nil:
		return nil, fmt.Errorf("%w: reading the body: %w", protocol.ErrMalformed, err)
	}
	return body, nil
}
