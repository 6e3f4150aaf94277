package dashboard

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"dske/sim"
	"dske/sim/certs"
)

// get asks the port of a network in the process.
func get(n *sim.Network, method, path, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	n.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
	return w
}

func TestFiles(t *testing.T) {
	n := start(t, sim.Config{})
	files, err := assets.ReadDir("assets")
	if err != nil || len(files) < 15 {
		t.Fatal(err, files)
	}
	for _, f := range files {
		w := get(n, "GET", pathAssets+f.Name(), "")
		if w.Code != http.StatusOK || w.Body.Len() == 0 {
			t.Errorf("%s: %d", f.Name(), w.Code)
		}
		if text := strings.ReplaceAll(w.Body.String(), "http://www.w3.org/2000/svg", ""); strings.Contains(text, "http://") || strings.Contains(text, "https://") {
			t.Errorf("%s speaks of other hosts", f.Name())
		}
		if text := w.Body.String(); strings.Contains(text, "innerHTML") || strings.Contains(text, "style=") || strings.Contains(text, "eval(") {
			t.Errorf("%s does what the policy forbids", f.Name())
		}
	}
	for path, status := range map[string]int{"/": 200, "/index.html": 404, pathAssets: 404, pathAssets + "..%2fdashboard.go": 404, pathAssets + "nothing.js": 404} {
		w := get(n, "GET", path, "")
		if w.Code != status {
			t.Errorf("%s: %d, want %d", path, w.Code, status)
		}
	}
	h := get(n, "GET", "/", "").Result().Header
	for name, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Content-Security-Policy": policy,
	} {
		if h.Get(name) != want {
			t.Errorf("%s is %q", name, h.Get(name))
		}
	}
	if strings.Contains(policy, "unsafe") || !strings.Contains(policy, "default-src 'none'") {
		t.Errorf("the policy is %s", policy)
	}
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
		r := remote(t, start(t, config))
		r.HTTP.Transport.(*http.Transport).TLSClientConfig = secure
		x, err := Ask(t.Context(), r, "sam", "sofia")
		if err != nil || !x.Match || len(x.Ladder.Messages) != 12 || x.Master.Fingerprint == "" {
			t.Fatalf("%v, %+v", err, x)
		}
		var shown values
		if err := r.Post(t.Context(), pathExchanges+"/"+x.ID+"/values", struct{}{}, &shown); err != nil || len(shown.Master) != 32 || string(shown.Master) != string(shown.Slave) {
			t.Errorf("%v, %d bytes", err, len(shown.Master))
		}
	}
}

func TestExchangesThatCannotBe(t *testing.T) {
	n := start(t, sim.Config{})
	for body, want := range map[string]string{
		"":                                     "unexpected end of JSON input",
		"[]":                                   "cannot unmarshal",
		`{"master": "sam", "slave": "nobody"}`: "no client has encryptor",
		`{"master": "sam", "slave": "sam"}`:    "the same encryptor",
		`{"master": "` + strings.Repeat("s", maxRequest) + `"}`:     "over its limit",
		`{"master": "sam", "slave": "</script><script>alert(1)//"}`: "no client has encryptor",
	} {
		w := get(n, "POST", pathExchanges, body)
		if w.Code != 400 && w.Code != 413 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%.50s: %d %s", body, w.Code, w.Body)
		}
	}
	for _, request := range [][2]string{{"POST", "/none/values"}, {"GET", "/none/ladder.svg"}, {"GET", "/none/ladder.gif"}} {
		if w := get(n, request[0], pathExchanges+request[1], ""); w.Code != 404 {
			t.Errorf("%v: %d", request, w.Code)
		}
	}
}

func TestPictures(t *testing.T) {
	n := start(t, sim.Config{})
	var x Exchange
	if err := json.Unmarshal(get(n, "POST", pathExchanges, `{"master": "sam", "slave": "sofia"}`).Body.Bytes(), &x); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][2]string{
		"ladder.svg": {"image/svg+xml", "<svg "}, "ladder.mmd": {"text/plain", "sequenceDiagram"}, "ladder.txt": {"text/plain", "12 messages among 9"},
	} {
		w := get(n, "GET", pathExchanges+"/"+x.ID+"/"+name, "")
		if w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), want[0]) || !strings.Contains(w.Body.String(), want[1]) {
			t.Errorf("%s: %d %v %.100s", name, w.Code, w.Header(), w.Body)
		}
	}
	if w := get(n, "GET", pathExchanges+"/"+x.ID+"/ladder.gif", ""); w.Code != 404 {
		t.Errorf("ladder.gif: %d", w.Code)
	}
}

// Only the last exchanges are kept, and with them their keys.
func TestOldExchangesAreForgotten(t *testing.T) {
	n := start(t, sim.Config{})
	var first, last Exchange
	for i := range maxKept + 1 {
		x := &last
		if i == 0 {
			x = &first
		}
		if err := json.Unmarshal(get(n, "POST", pathExchanges, `{"master": "sam", "slave": "sofia"}`).Body.Bytes(), x); err != nil {
			t.Fatal(err)
		}
	}
	for id, status := range map[string]int{first.ID: 404, last.ID: 200} {
		if w := get(n, "POST", pathExchanges+"/"+id+"/values", ""); w.Code != status {
			t.Errorf("%d, want %d", w.Code, status)
		}
	}
}

// A page of another site can neither change anything nor have a key revealed.
func TestOtherSites(t *testing.T) {
	n := start(t, sim.Config{})
	r := remote(t, n)
	for _, path := range []string{pathExchanges, pathExchanges + "/none/values", "/sim/v1/nodes/hub/hank/stop"} {
		request, err := http.NewRequest("POST", n.URL()+path, strings.NewReader(`{"master": "sam", "slave": "sofia"}`))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Origin", "https://evil.example")
		response, err := r.HTTP.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %s", path, response.Status)
		}
	}
}

// lockedBuffer is a writer for a logger.
type lockedBuffer struct {
	mu  sync.Mutex
	all strings.Builder
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.Write(p)
}

// Whatever the page is told, and whatever is logged meanwhile, the values of keys are not in it.
func TestNothingSecretIsShown(t *testing.T) {
	var seen lockedBuffer
	n := start(t, sim.Config{Logger: slog.New(slog.NewJSONHandler(&seen, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	stream := follow(t, n)
	stream.next("state")
	var secrets []string
	for range 3 {
		w := get(n, "POST", pathExchanges, `{"master": "sam", "slave": "sofia"}`)
		io.WriteString(&seen, w.Body.String())
		var x Exchange
		if err := json.Unmarshal(w.Body.Bytes(), &x); err != nil {
			t.Fatal(err)
		}
		for _, picture := range []string{"ladder.svg", "ladder.mmd", "ladder.txt"} {
			io.WriteString(&seen, get(n, "GET", pathExchanges+"/"+x.ID+"/"+picture, "").Body.String())
		}
		io.WriteString(&seen, stream.next("traffic"))
		io.WriteString(&seen, stream.next("state"))
		var v values
		if err := json.Unmarshal(get(n, "POST", pathExchanges+"/"+x.ID+"/values", "").Body.Bytes(), &v); err != nil || len(v.Master) != 32 {
			t.Fatal(err, len(v.Master))
		}
		secrets = append(secrets, base64.StdEncoding.EncodeToString(v.Master), hex.EncodeToString(v.Master), string(v.Master))
	}
	seen.mu.Lock()
	defer seen.mu.Unlock()
	shown := seen.all.String()
	for _, secret := range secrets {
		if strings.Contains(shown, secret) {
			t.Errorf("%q is shown", secret)
		}
	}
	if !strings.Contains(shown, "key-share") || !strings.Contains(shown, "fingerprint") {
		t.Error("this test would not see a leak")
	}
}

func TestAskFails(t *testing.T) {
	n := start(t, sim.Config{})
	if _, err := Ask(context.Background(), remote(t, n), "sam", "sam"); err == nil || !strings.Contains(err.Error(), "the same encryptor") {
		t.Error(err)
	}
}
