package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// port is a port, and a loopback to it.
type port struct {
	*loopback
	url         string
	connections atomic.Int64 // number of opened connections
}

func serve(t *testing.T, secure bool, h http.HandlerFunc) *port {
	t.Helper()
	p := &port{}
	server := httptest.NewUnstartedServer(h)
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			p.connections.Add(1)
		}
	}
	var config *tls.Config
	if secure {
		server.StartTLS()
		config = server.Client().Transport.(*http.Transport).TLSClientConfig
	} else {
		server.Start()
	}
	p.url, p.loopback = server.URL, newLoopback(config, 0)
	t.Cleanup(server.Close)
	t.Cleanup(p.CloseIdleConnections)
	return p
}

func (p *port) send(ctx context.Context, method, path, body string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, p.url+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	return p.RoundTrip(r)
}

// ask sends a request and reads the whole answer.
func (p *port) ask(t *testing.T, method, path, body string) (status int, answer string) {
	t.Helper()
	response, err := p.send(t.Context(), method, path, body)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	all, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(all)
}

// free returns the number of idle connections.
func (p *port) free() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	free := 0
	for _, idle := range p.idle {
		free += len(idle)
	}
	return free
}

func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Came", r.Method+" "+r.URL.String())
	w.Write(body)
}

func TestLoopbackKeepsItsConnection(t *testing.T) {
	for _, secure := range []bool{false, true} {
		p := serve(t, secure, echo)
		large := strings.Repeat("share", 1<<20)
		for _, body := range []string{"", "share", large, ""} {
			if status, answer := p.ask(t, http.MethodPost, "/hub/hank?x=%2F", body); status != http.StatusOK || answer != body {
				t.Errorf("TLS %t: %d, %d bytes, want %d", secure, status, len(answer), len(body))
			}
		}
		if n := p.connections.Load(); n != 1 || p.free() != 1 || len(p.places) != 0 {
			t.Errorf("TLS %t: %d connections, %d of them idle, %d requests under way", secure, n, p.free(), len(p.places))
		}
	}
}

func TestLoopbackEndsWithTheContext(t *testing.T) {
	came, leave := make(chan struct{}), make(chan struct{})
	p := serve(t, false, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/body" {
			w.Header().Set("Content-Length", "9")
			w.Write([]byte("half"))
			w.(http.Flusher).Flush()
		}
		came <- struct{}{}
		<-leave
	})
	defer close(leave)
	gone := errors.New("gone")

	ctx, cancel := context.WithCancelCause(t.Context())
	go func() { <-came; cancel(gone) }()
	if _, err := p.send(ctx, http.MethodGet, "/", ""); err != gone {
		t.Errorf("before the response: %v", err)
	}

	ctx, cancel = context.WithCancelCause(t.Context())
	response, err := p.send(ctx, http.MethodGet, "/body", "")
	if err != nil {
		t.Fatal(err)
	}
	<-came
	cancel(gone)
	if got, err := io.ReadAll(response.Body); err != gone || string(got) != "half" {
		t.Errorf("within the response: %q, %v", got, err)
	}
	if _, err := p.send(ctx, http.MethodGet, "/", ""); err != gone {
		t.Errorf("before the request: %v", err)
	}
	if p.free() != 0 || len(p.places) != 0 {
		t.Errorf("%d connections idle, %d requests under way", p.free(), len(p.places))
	}
}

func TestLoopbackWaitsForAPlace(t *testing.T) {
	p := serve(t, false, echo)
	p.places = make(chan struct{}, 1)
	response, err := p.send(t.Context(), http.MethodPost, "/", "first")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := p.send(ctx, http.MethodGet, "/", ""); err != context.DeadlineExceeded {
		t.Errorf("without a place: %v", err)
	}
	response.Body.Close()
	if _, answer := p.ask(t, http.MethodPost, "/", "second"); answer != "second" || p.connections.Load() != 2 {
		t.Errorf("after a body that was not read: %q, %d connections", answer, p.connections.Load())
	}
}

func TestLoopbackHearsAnEarlyAnswer(t *testing.T) {
	p := serve(t, false, func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
	})
	response, err := p.send(t.Context(), http.MethodPost, "/", strings.Repeat("x", 300<<10))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusRequestEntityTooLarge || !response.Close {
		t.Errorf("%s, close %t", response.Status, response.Close)
	}
}

func TestLoopbackFails(t *testing.T) {
	answers := map[string]string{"/nothing": "", "/half": "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", "/junk": "220 smtp\r\n\r\n"}
	p := serve(t, false, func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		io.WriteString(conn, answers[r.URL.Path])
	})
	for path := range answers {
		response, err := p.send(t.Context(), http.MethodGet, path, "")
		if err == nil {
			_, err = io.ReadAll(response.Body)
		}
		if err == nil || p.free() != 0 || len(p.places) != 0 {
			t.Errorf("%s: %v, %d connections idle", path, err, p.free())
		}
	}
	p.url = "http://127.0.0.1:1"
	if _, err := p.send(t.Context(), http.MethodGet, "/", ""); err == nil || len(p.places) != 0 {
		t.Errorf("nobody listens: %v", err)
	}
}

func TestLoopbackLeavesStaleConnections(t *testing.T) {
	p := serve(t, false, echo)
	p.fresh = time.Hour
	p.ask(t, http.MethodGet, "/", "")
	for _, idle := range p.idle {
		idle[0].since = time.Now().Add(-2 * time.Hour)
	}
	p.ask(t, http.MethodGet, "/", "")
	if n := p.connections.Load(); n != 2 || p.free() != 1 {
		t.Errorf("%d connections, %d of them idle", n, p.free())
	}
}
