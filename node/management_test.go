package node

import (
	"compress/gzip"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
)

// manage returns the management interface of client carol.
func manage(stop func()) http.Handler {
	router := NewRouter(slog.New(slog.DiscardHandler), nil)
	MountManagement(router.Group(Prefix(KindClient, "carol")), func(*http.Request) Management {
		return Management{
			Kind:   KindClient,
			Name:   "carol",
			Status: func() any { return map[string]string{"name": "carol"} },
			Stop:   stop,
			API:    `{"openapi": "3.0.3", "servers": [{"url": "{prefix}"}]}`,
		}
	})
	return router
}

func TestManagement(t *testing.T) {
	stops := 0
	stopping, lonely := manage(func() { stops++ }), manage(nil)
	for _, test := range []struct {
		node         http.Handler
		method, path string
		status       int
		body         string
	}{
		{lonely, "GET", "/mgmt/v1/status", 200, `{"name":"carol"}`},
		{lonely, "GET", "/openapi.json", 200, `{"openapi": "3.0.3", "servers": [{"url": "/client/carol"}]}`},
		{lonely, "POST", "/mgmt/v1/stop", 403, `{"message":"This node cannot be stopped from outside.","details":{"node":"client/carol"}}`},
		{stopping, "GET", "/mgmt/v1/stop", 405, `{"message":"Wrong method for this path.","details":{"method":"GET","path":"/client/carol/mgmt/v1/stop"}}`},
		{stopping, "POST", "/mgmt/v1/stop", 200, `{"result":"client carol is stopping"}`},
	} {
		w := serve(test.node, httptest.NewRequest(test.method, "/client/carol"+test.path, nil))
		if got := strings.TrimSpace(w.Body.String()); w.Code != test.status || got != test.body {
			t.Errorf("%s %s\n got %d %s\nwant %d %s", test.method, test.path, w.Code, got, test.status, test.body)
		}
	}
	if stops != 1 {
		t.Errorf("stopped %d times", stops)
	}
}

func TestDocs(t *testing.T) {
	node := manage(nil)
	page := serve(node, httptest.NewRequest("GET", "/client/carol/docs", nil))
	for _, want := range []string{"client carol", "/client/carol/openapi.json", "/client/carol/docs/"} {
		if !strings.Contains(page.Body.String(), want) {
			t.Errorf("%d, the page lacks %q", page.Code, want)
		}
	}
	sheet := func(method, name, encoding string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, "/client/carol/docs/"+name, nil)
		r.Header.Set("Accept-Encoding", encoding)
		return serve(node, r)
	}
	packed, err := gzip.NewReader(sheet("GET", "swagger-ui.css", "gzip").Body)
	if err != nil {
		t.Fatal(err)
	}
	want, err := io.ReadAll(packed)
	if err != nil || len(want) == 0 {
		t.Fatalf("%d bytes, %v", len(want), err)
	}
	for range 2 {
		if w := sheet("GET", "swagger-ui.css", ""); w.Code != 200 || w.Body.String() != string(want) || w.Header().Get("Content-Type") != "text/css; charset=utf-8" {
			t.Errorf("style sheet: %d, %d bytes, %v", w.Code, w.Body.Len(), w.Header())
		}
	}
	if w := sheet("HEAD", "swagger-ui.css", ""); w.Code != 200 || w.Body.Len() != 0 || w.Header().Get("Content-Length") != strconv.Itoa(len(want)) {
		t.Errorf("head of the style sheet: %d, %v", w.Code, w.Header())
	}
	if w := sheet("GET", "nothing", ""); w.Code != 404 {
		t.Errorf("no file: %d", w.Code)
	}
}
