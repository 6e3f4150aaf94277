package exchange

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"dske/sim"
	"dske/sim/certs"
	"dske/sim/simtest"
)

// serve runs a network that makes exchanges, on a free port, until the test ends.
func serve(t testing.TB, config sim.Config) *sim.Network {
	t.Helper()
	config.Listen, config.Pages = "127.0.0.1:0", func(n *sim.Network, router *echo.Echo) { NewBook(n).Mount(router) }
	return simtest.Start(t, config)
}

// remote returns a Remote for the network.
func remote(t testing.TB, n *sim.Network) sim.Remote {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return sim.Remote{URL: n.URL(), HTTP: &http.Client{Transport: transport}}
}

// get makes a request to the port of a network in the process.
func get(n *sim.Network, method, path, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	n.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
	return w
}

func TestExchangeOverHTTP(t *testing.T) {
	dir := certs.Directory(t.TempDir())
	if err := dir.Write(certs.Names{KMEs: []string{"carol", "celia", "cindy", "connie", "curtis"}}); err != nil {
		t.Fatal(err)
	}
	secure, err := dir.Client(dir.Operator())
	if err != nil {
		t.Fatal(err)
	}
	for _, config := range []sim.Config{{}, {TLS: dir, TLSAll: true}} {
		r := remote(t, serve(t, config))
		r.HTTP.Transport.(*http.Transport).TLSClientConfig = secure
		x, err := Ask(t.Context(), r, "sam", "sofia")
		if err != nil || !x.Match || len(x.Ladder.Messages) != 12 || x.Master.Fingerprint == "" {
			t.Fatalf("%v, %+v", err, x)
		}
		var shown values
		if err := r.Post(t.Context(), Path+"/"+x.ID+"/values", struct{}{}, &shown); err != nil || len(shown.Master) != 32 || string(shown.Master) != string(shown.Slave) {
			t.Errorf("%v, %d bytes", err, len(shown.Master))
		}
	}
}

func TestExchangesThatCannotBe(t *testing.T) {
	n := serve(t, sim.Config{})
	for body, want := range map[string]string{
		"":                                     "unexpected end of JSON input",
		"[]":                                   "cannot unmarshal",
		`{"master": "sam", "slave": "nobody"}`: "no client has encryptor",
		`{"master": "sam", "slave": "sam"}`:    "the same encryptor",
		`{"master": "` + strings.Repeat("s", maxRequest) + `"}`:     "over its limit",
		`{"master": "sam", "slave": "</script><script>alert(1)//"}`: "no client has encryptor",
	} {
		w := get(n, "POST", Path, body)
		if w.Code != 400 && w.Code != 413 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%.50s: %d %s", body, w.Code, w.Body)
		}
	}
	for _, request := range [][2]string{{"POST", "/none/values"}, {"GET", "/none/ladder.svg"}, {"GET", "/none/ladder.gif"}} {
		if w := get(n, request[0], Path+request[1], ""); w.Code != 404 {
			t.Errorf("%v: %d", request, w.Code)
		}
	}
}

func TestPictures(t *testing.T) {
	n := serve(t, sim.Config{})
	var x Kept
	if err := json.Unmarshal(get(n, "POST", Path, `{"master": "sam", "slave": "sofia"}`).Body.Bytes(), &x); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][2]string{
		"ladder.svg": {"image/svg+xml", "<svg "}, "ladder.mmd": {"text/plain", "sequenceDiagram"}, "ladder.txt": {"text/plain", "12 messages among 9"},
	} {
		w := get(n, "GET", Path+"/"+x.ID+"/"+name, "")
		if w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), want[0]) || !strings.Contains(w.Body.String(), want[1]) {
			t.Errorf("%s: %d %v %.100s", name, w.Code, w.Header(), w.Body)
		}
	}
	header := get(n, "GET", Path+"/"+x.ID+"/ladder.svg", "").Result().Header
	if policy := header.Get("Content-Security-Policy"); strings.Contains(policy, "unsafe") || !strings.Contains(policy, "default-src 'none'") || header.Get("Cache-Control") != "no-store" {
		t.Errorf("a picture comes with %v", header)
	}
	if w := get(n, "GET", Path+"/"+x.ID+"/ladder.gif", ""); w.Code != 404 {
		t.Errorf("ladder.gif: %d", w.Code)
	}
}

// Only the last exchanges are kept, with their keys.
func TestOldExchangesAreForgotten(t *testing.T) {
	n := serve(t, sim.Config{})
	var first, last Kept
	for i := range maxKept + 1 {
		x := &last
		if i == 0 {
			x = &first
		}
		if err := json.Unmarshal(get(n, "POST", Path, `{"master": "sam", "slave": "sofia"}`).Body.Bytes(), x); err != nil {
			t.Fatal(err)
		}
	}
	for id, status := range map[string]int{first.ID: 404, last.ID: 200} {
		if w := get(n, "POST", Path+"/"+id+"/values", ""); w.Code != status {
			t.Errorf("%d, want %d", w.Code, status)
		}
	}
}

func TestAskFails(t *testing.T) {
	n := serve(t, sim.Config{})
	if _, err := Ask(context.Background(), remote(t, n), "sam", "sam"); err == nil || !strings.Contains(err.Error(), "the same encryptor") {
		t.Error(err)
	}
}
