package dashboard

import (
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
	"dske/sim/exchange"
)

// get makes a request to the port of a network in the process.
func get(n *sim.Network, method, path, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	n.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
	return w
}

// TestPort requests the parts of the page from the port.
func TestPort(t *testing.T) {
	n := start(t, sim.Config{})
	t.Run("files", func(t *testing.T) { testFiles(t, n) })
	t.Run("other sites", func(t *testing.T) { testOtherSites(t, n) })
	t.Run("levels", func(t *testing.T) { testLevels(t, n) })
}

func testFiles(t *testing.T, n *sim.Network) {
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
			t.Errorf("%s mentions other hosts", f.Name())
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

// A page of another site can neither change anything nor reveal a key.
func testOtherSites(t *testing.T, n *sim.Network) {
	r := remote(t, n)
	for _, path := range []string{exchange.Path, exchange.Path + "/none/values", "/sim/v1/nodes/hub/hank/stop"} {
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

// lockedBuffer is a writer for a logger that can be read at the same time.
type lockedBuffer struct {
	mu  sync.Mutex
	all strings.Builder
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.Write(p)
}

// Neither the page nor the log ever gets the values of keys.
func TestNothingSecretIsShown(t *testing.T) {
	var seen lockedBuffer
	n := start(t, sim.Config{Logger: slog.New(slog.NewJSONHandler(&seen, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	stream := follow(t, n)
	stream.next("state")
	var secrets []string
	for range 3 {
		w := get(n, "POST", exchange.Path, `{"master": "sam", "slave": "sofia"}`)
		io.WriteString(&seen, w.Body.String())
		var x exchange.Kept
		if err := json.Unmarshal(w.Body.Bytes(), &x); err != nil {
			t.Fatal(err)
		}
		for _, picture := range []string{"ladder.svg", "ladder.mmd", "ladder.txt"} {
			io.WriteString(&seen, get(n, "GET", exchange.Path+"/"+x.ID+"/"+picture, "").Body.String())
		}
		io.WriteString(&seen, stream.next("traffic"))
		io.WriteString(&seen, stream.next("state"))
		var v struct{ Master []byte }
		if err := json.Unmarshal(get(n, "POST", exchange.Path+"/"+x.ID+"/values", "").Body.Bytes(), &v); err != nil || len(v.Master) != 32 {
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
