package node

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"dske/protocol"
)

// observedRouter returns a router with a few handlers.
func observedRouter(observer Observer) *Router {
	router := NewRouter(slog.New(slog.DiscardHandler), observer)
	router.GET("/fine/:name", func(c echo.Context) error { return c.NoContent(http.StatusOK) })
	router.GET("/refused", func(echo.Context) error { return protocol.ErrUnknownKey })
	router.GET("/broken", func(echo.Context) error { return errors.New("the disk is full") })
	router.GET("/panic", func(echo.Context) error { panic("the disk is on fire") })
	return router
}

func TestObserver(t *testing.T) {
	var told []string
	tell := func(r Request) {
		told = append(told, fmt.Sprint(r.Method, " ", r.Route, " ", r.Status))
		if r.Duration <= 0 || time.Since(r.Start) > time.Minute {
			t.Errorf("%+v", r)
		}
	}
	watching := true
	router := observedRouter(func(*http.Request) func(Request) {
		if watching {
			return tell
		}
		return nil
	})
	for _, path := range []string{"/fine/a", "/fine/b", "/refused", "/broken", "/panic", "/nowhere"} {
		before := serve(observedRouter(nil), httptest.NewRequest("GET", path, nil))
		if after := serve(router, httptest.NewRequest("GET", path, nil)); after.Code != before.Code || after.Body.String() != before.Body.String() {
			t.Errorf("%s: %d %s, and unobserved %d %s", path, after.Code, after.Body, before.Code, before.Body)
		}
	}
	serve(router, httptest.NewRequest("BREW", "/refused", nil))
	watching = false
	serve(router, httptest.NewRequest("GET", "/fine/c", nil))
	want := []string{"GET /fine/:name 200", "GET /fine/:name 200", "GET /refused 404", "GET /broken 500", "GET /panic 500", "GET  404", "BREW /refused 405"}
	if !slices.Equal(told, want) {
		t.Errorf("\n got %q\nwant %q", told, want)
	}
}

// BenchmarkObserver compares requests without an observer, which is the normal case, and with one.
func BenchmarkObserver(b *testing.B) {
	for _, bench := range []struct {
		name     string
		observer Observer
	}{
		{"none", nil},
		{"unwanted", func(*http.Request) func(Request) { return nil }},
		{"told", func(*http.Request) func(Request) { return func(Request) {} }},
	} {
		b.Run(bench.name, func(b *testing.B) {
			router := observedRouter(bench.observer)
			r := httptest.NewRequest("GET", "/fine/a", nil)
			w := httptest.NewRecorder()
			b.ReportAllocs()
			for b.Loop() {
				router.ServeHTTP(w, r)
			}
		})
	}
}
