package hub_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"dske/node/hub"
	"dske/protocol"
)

func TestUnknownPath(t *testing.T) {
	h, carol, _ := newPair(t)
	for _, path := range []string{"", "/", "/dske", "/dske/oob/v1", "/dske/oob/v2/psrd", "/dske/api/v1/key-share/1", "/../helen/mgmt/v1/status"} {
		w := request{method: "GET", path: path}.to(t, h)
		if w.Code != 404 || !strings.Contains(w.Body.String(), `"Unknown path."`) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	wantDetails(t, request{method: "GET", path: "/helen"}.to(t, h), `{"method":"GET","path":"/hub/hank/helen"}`)

	r := httptest.NewRequest("PUT", "/hub/helen"+protocol.PathRegistration, bytes.NewReader(carol.put(`{"client_name": "dave"}`).body))
	w := httptest.NewRecorder()
	h.Handler().ServeHTTP(w, r)
	wantErrorBody(t, w)
	if w.Code != 404 {
		t.Errorf("another hub: %d %s", w.Code, w.Body)
	}
}

func TestWrongMethod(t *testing.T) {
	h, _, _ := newPair(t)
	for _, r := range []request{
		{method: "PATCH", path: protocol.PathRegistration},
		{method: "POST", path: protocol.PathRegistration},
		{method: "POST", path: protocol.PathPSRD},
		{method: "PUT", path: protocol.PathEncryptors + "/sofia"},
		{method: "PUT", path: protocol.PathKeyShare},
		{method: "DELETE", path: protocol.PathKeyShare},
		{method: "HEAD", path: protocol.PathKeyShare},
		{method: "POST", path: "/mgmt/v1/status"},
		{method: "GET", path: "/mgmt/v1/stop"},
	} {
		wantUnchanged(t, h, func() {
			w := r.to(t, h)
			if w.Code != 405 || !strings.Contains(w.Body.String(), `"Wrong method for this path."`) {
				t.Errorf("%s %s: %d %s", r.method, r.path, w.Code, w.Body)
			}
			wantDetails(t, w, `{"method":"`+r.method+`","path":"/hub/hank`+r.path+`"}`)
		})
	}
}

func TestBodyTooLarge(t *testing.T) {
	h, carol, _ := newPair(t)
	body := bytes.Repeat([]byte("}"), 4<<20+1) // not JSON from the first byte on
	for _, r := range []request{postOf(body), carol.put(string(body))} {
		wantUnchanged(t, h, func() {
			w := r.to(t, h)
			wantRefused(t, w, 413, protocol.ErrTooLarge)
			wantDetails(t, w, `{"limit":4194304}`)
		})
	}
	wantFreeRefusal(t, h, postOf(body[1:]), 400, protocol.ErrMalformed)
}

func TestBodyBreaksOff(t *testing.T) {
	h, _, _ := newPair(t)
	for method, path := range map[string]string{"POST": protocol.PathKeyShare, "PUT": protocol.PathRegistration} {
		body := io.MultiReader(strings.NewReader(`{"client_name": "carol"`), iotest.ErrReader(errors.New("connection lost")))
		w := httptest.NewRecorder()
		wantUnchanged(t, h, func() { h.Handler().ServeHTTP(w, httptest.NewRequest(method, prefix+path, body)) })
		wantErrorBody(t, w)
		wantRefused(t, w, 400, protocol.ErrMalformed)
	}
}

func TestStop(t *testing.T) {
	stops := 0
	h := newHub(t, hub.Config{Stop: func() { stops++ }})
	wantOK(t, request{method: "POST", path: "/mgmt/v1/stop"}.to(t, h))
	if stops != 1 {
		t.Errorf("stopped %d times", stops)
	}
	for range 2 {
		lonely := newHub(t, hub.Config{})
		if w := (request{method: "POST", path: "/mgmt/v1/stop"}.to(t, lonely)); w.Code != 403 {
			t.Errorf("a hub without Stop: %d %s", w.Code, w.Body)
		}
	}
}

type panicking struct{}

func (panicking) Read([]byte) (int, error) { panic("the entropy daemon is on fire") }

// TestInternalErrors breaks the source of random data. The answer does not give the reason; the log
// does.
func TestInternalErrors(t *testing.T) {
	zeros := bytes.NewReader(make([]byte, 2*(16+32)))
	for _, test := range []struct {
		source io.Reader
		log    string
	}{
		{iotest.ErrReader(errors.New("the disk is full")), "the disk is full"},
		{iotest.TimeoutReader(iotest.HalfReader(bytes.NewReader(make([]byte, 100)))), "timeout"},
		{bytes.NewReader(make([]byte, 20)), "unexpected EOF"},
		{panicking{}, "the entropy daemon is on fire"},
		{zeros, "block is already in the pool"}, // the same UUID twice
	} {
		var log bytes.Buffer
		good := seeded()
		h := newHub(t, hub.Config{
			Logger: slog.New(slog.NewTextHandler(&log, nil)),
			Random: func(purpose string) io.Reader {
				if purpose == "psrd carol hub" {
					return test.source
				}
				return good(purpose)
			},
		})
		carol := meet(t, h, "carol")
		carol.register("sam")
		carol.fetch(protocol.OwnerClient, 32)
		if test.source == zeros {
			carol.fetch(protocol.OwnerHub, 32)
		}
		wantUnchanged(t, h, func() {
			w := carol.send(carol.psrd(protocol.OwnerHub, 32))
			if body := w.Body.String(); w.Code != 500 || body != `{"message":"Internal error.","details":{}}` {
				t.Errorf("%d %s", w.Code, body)
			}
		})
		if text := log.String(); !strings.Contains(text, "level=ERROR") || !strings.Contains(text, test.log) || !strings.Contains(text, protocol.PathPSRD) {
			t.Errorf("the log lacks %q or the path: %s", test.log, text)
		}
		carol.fetch(protocol.OwnerClient, 32) // everything else continues
	}
}
