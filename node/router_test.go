package node

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/labstack/echo/v4"

	"dske/protocol"
)

// newRouter returns a router with a few handlers, and what it logs.
func newRouter() (router *Router, log *bytes.Buffer) {
	log = new(bytes.Buffer)
	router = NewRouter(slog.New(slog.NewTextHandler(log, nil)), nil)
	router.GET("/refused", func(echo.Context) error { return fmt.Errorf("looking: %w", protocol.ErrUnknownKey) })
	router.GET("/broken", func(echo.Context) error { return errors.New("the disk is full") })
	router.GET("/panic", func(echo.Context) error { panic("the disk is on fire") })
	router.GET("/abort", func(echo.Context) error { panic(http.ErrAbortHandler) })
	router.GET("/teapot", func(echo.Context) error { return echo.NewHTTPError(http.StatusTeapot, "short and stout") })
	router.GET("/late", func(c echo.Context) error {
		if err := WriteJSON(c, http.StatusOK, []byte(`{"all": "well"}`)); err != nil {
			return err
		}
		return errors.New("after the answer")
	})
	router.GET("/param/:name", func(c echo.Context) error {
		name, err := Param(c, "name")
		if err != nil {
			return err
		}
		return c.String(http.StatusOK, name)
	})
	router.POST("/body", func(c echo.Context) error {
		body, err := ReadBody(c, 10)
		if err != nil {
			return err
		}
		return c.Blob(http.StatusOK, "text/plain", body)
	})
	return router, log
}

func serve(router http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	router.ServeHTTP(w, r)
	return w
}

func TestRouterErrors(t *testing.T) {
	for _, test := range []struct {
		method, path string
		status       int
		body         string
		log          string // contained in the log
	}{
		{"GET", "/refused", 404, `{"message":"Unknown key ID.","details":{}}`, ""},
		{"GET", "/broken", 500, `{"message":"Internal error.","details":{}}`, "the disk is full"},
		{"GET", "/panic", 500, `{"message":"Internal error.","details":{}}`, "the disk is on fire"},
		{"GET", "/teapot", 418, `{"message":"I'm a teapot.","details":{"method":"GET","path":"/teapot"}}`, ""},
		{"GET", "/nowhere", 404, `{"message":"Unknown path.","details":{"method":"GET","path":"/nowhere"}}`, ""},
		{"POST", "/late", 405, `{"message":"Wrong method for this path.","details":{"method":"POST","path":"/late"}}`, ""},
		{"GET", "/late", 200, `{"all": "well"}`, ""},
	} {
		router, log := newRouter()
		w := serve(router, httptest.NewRequest(test.method, test.path, nil))
		if w.Code != test.status || w.Body.String() != test.body {
			t.Errorf("%s %s\n got %d %s\nwant %d %s", test.method, test.path, w.Code, w.Body, test.status, test.body)
		}
		if form := w.Header().Get("Content-Type"); form != "application/json" {
			t.Errorf("%s %s is of type %q", test.method, test.path, form)
		}
		text := log.String()
		if !strings.Contains(text, test.log) || (test.log == "") != (text == "") {
			t.Errorf("%s %s: the log is %s", test.method, test.path, text)
		}
		if test.log != "" && (!strings.Contains(text, "level=ERROR") || !strings.Contains(text, "path="+test.path)) {
			t.Errorf("%s %s: the log is %s", test.method, test.path, text)
		}
	}
}

func TestPanicIsLoggedWithItsPlace(t *testing.T) {
	router, log := newRouter()
	serve(router, httptest.NewRequest("GET", "/panic", nil))
	if !strings.Contains(log.String(), "router_test.go") {
		t.Errorf("the log is %s", log)
	}
}

// When a handler aborts, the connection is closed without an answer.
func TestAbort(t *testing.T) {
	defer func() {
		if got := recover(); got != http.ErrAbortHandler {
			t.Errorf("panic is %v", got)
		}
	}()
	router, _ := newRouter()
	serve(router, httptest.NewRequest("GET", "/abort", nil))
}

func TestWriteJSON(t *testing.T) {
	router, _ := newRouter()
	w := serve(router, httptest.NewRequest("GET", "/late", nil))
	if length := w.Header().Get("Content-Length"); length != "15" {
		t.Errorf("Content-Length is %q", length)
	}
}

func TestParam(t *testing.T) {
	router, _ := newRouter()
	for path, want := range map[string]string{
		"sofia":    "sofia",
		"s%6Ffia":  "sofia",
		"a%20b":    "a b",
		"a+b":      "a+b",
		"a%2Fb":    "a/b",
		"a%2Fb%20": "a/b ",
		"50%25":    "50%",
		"a%252Fb":  "a%2Fb",
		"a%2F%25":  "a/%",
		"%E9":      "\xe9",
	} {
		w := serve(router, httptest.NewRequest("GET", "/param/"+path, nil))
		if w.Code != http.StatusOK || w.Body.String() != want {
			t.Errorf("%s: %d %q, want %q", path, w.Code, w.Body, want)
		}
	}
	r := httptest.NewRequest("GET", "/param/50", nil)
	r.URL.RawPath = "/param/50%"
	if w := serve(router, r); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), `"Malformed message."`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestReadBody(t *testing.T) {
	for _, test := range []struct {
		body   io.Reader
		status int
		answer string
	}{
		{strings.NewReader(""), 200, ""},
		{strings.NewReader("0123456789"), 200, "0123456789"},
		{iotest.OneByteReader(strings.NewReader("0123456789")), 200, "0123456789"},
		{strings.NewReader("0123456789a"), 413, `{"message":"Request is over its limit.","details":{"limit":10}}`},
		{iotest.ErrReader(errors.New("lost")), 400, `{"message":"Malformed message.","details":{"reason":"malformed message: reading the body: lost"}}`},
		{io.MultiReader(strings.NewReader("0123456789"), iotest.ErrReader(errors.New("lost"))), 400, `{"message":"Malformed message.","details":{"reason":"malformed message: reading the body: lost"}}`},
	} {
		router, _ := newRouter()
		w := serve(router, httptest.NewRequest("POST", "/body", test.body))
		if w.Code != test.status || w.Body.String() != test.answer {
			t.Errorf("got %d %s, want %d %s", w.Code, w.Body, test.status, test.answer)
		}
	}
}

// taker is a response in memory, whose bytes are handed over.
type taker struct {
	httptest.ResponseRecorder
	taken []byte
}

func (w *taker) Take(body []byte) { w.taken = body }

// A secret leaves the process in one write that bypasses the buffers of the server, however small it
// is, and is cleared. In memory it is handed over as it is.
func TestWriteSecret(t *testing.T) {
	for _, size := range []int{0, 1, unbuffered - 1, unbuffered, 2 * unbuffered} {
		secret := bytes.Repeat([]byte("x"), size)
		router := echo.New()
		router.GET("/", func(c echo.Context) error { return WriteSecret(c, secret) })
		own := &taker{ResponseRecorder: *httptest.NewRecorder()}
		router.ServeHTTP(own, httptest.NewRequest("GET", "/", nil))
		if string(own.taken) != strings.Repeat("x", size) || own.Header().Get("Content-Length") != fmt.Sprint(size) {
			t.Errorf("%d bytes in memory: %d bytes, %v", size, len(own.taken), own.Header())
		}
		w := serve(router, httptest.NewRequest("GET", "/", nil))
		body := w.Body.String()
		if len(body) != max(size, unbuffered) || strings.TrimRight(body, " ") != strings.Repeat("x", size) || w.Header().Get("Content-Length") != fmt.Sprint(len(body)) || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%d bytes over HTTP: %d bytes, %v", size, len(body), w.Header())
		}
		if bytes.ContainsRune(secret, 'x') {
			t.Errorf("%d bytes are not cleared", size)
		}
	}
}
