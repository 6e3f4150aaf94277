package hub_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"dske/node/hub"
	"dske/protocol"
)

// newStage returns a hub with carol and connie and a share that waits for sofia. It is the same at
// every call, so that a signature for one stage is valid for the next.
func newStage(t testing.TB) (h *hub.Hub, carol, connie *conversation) {
	t.Helper()
	h = newHub(t, hub.Config{Random: seeded(), Stop: func() {}})
	carol, connie = connect(t, h, "carol", "sam"), connect(t, h, "connie", "sofia")
	carol.accept(carol.send(carol.post(shareOf(keyID(1)), []byte("a share of a key"))))
	return h, carol, connie
}

// FuzzRequests sends arbitrary requests. The hub never fails; a refusal costs the hub nothing, and
// costs the client something only if the signature was valid.
func FuzzRequests(f *testing.F) {
	_, carol, connie := newStage(f)
	seeds := []request{
		carol.post(shareOf(keyID(2)), []byte("another share")),
		carol.post(shareOf(keyID(1)), []byte("another share")),
		connie.get(askFor(keyID(1))),
		connie.get(askFor(keyID(2))),
		carol.postAll(batchOf(map[int]int{2: 15, 3: 15})),
		connie.getAll("sofia", 1, 2),
		carol.put(`{"client_name": "carol", "encryptor_names": ["sam", "dan"]}`),
		carol.put(`{"client_name": "connie"}`),
		carol.psrd(protocol.OwnerClient, 100),
		carol.psrd(protocol.OwnerHub, 5<<20),
		carol.remove(),
		{method: "GET", path: protocol.PathEncryptors + "/s%6ffia"},
		{method: "GET", path: protocol.PathEncryptors + "/"},
		{method: "GET", path: "/mgmt/v1/status"},
		{method: "POST", path: "/mgmt/v1/stop"},
		{method: "GET", path: "/docs"},
		{method: "GET", path: "/docs/../%2e%2e/nothing"},
		{method: "GET", path: "/openapi.json"},
		{method: "BREW", path: "//"},
		{method: "OPTIONS", path: protocol.PathKeyShare},
	}
	for c, good := range map[*conversation]request{carol: seeds[0], connie: seeds[2]} {
		for _, bad := range badSignatures(c, good) {
			r := good
			r.signatures = bad.headers
			seeds = append(seeds, r)
		}
	}
	for _, r := range seeds {
		f.Add(r.method, prefix+r.path, r.query, strings.Join(r.tokens, "\n"), strings.Join(r.signatures, "\n"), r.body)
	}
	f.Fuzz(func(t *testing.T, method, path, query, tokens, signatures string, body []byte) {
		target, err := url.ParseRequestURI(path)
		if err != nil {
			t.Skip()
		}
		target.RawQuery = query
		r := &http.Request{Method: method, URL: target, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body))}
		for name, values := range map[string]string{protocol.TokenHeader: tokens, protocol.SignatureHeader: signatures} {
			if values != "" {
				r.Header[http.CanonicalHeaderKey(name)] = strings.Split(values, "\n")
			}
		}
		h, _, _ := newStage(t)
		before := state(h)
		w := httptest.NewRecorder()
		h.Handler().ServeHTTP(w, r)
		switch {
		case w.Code == http.StatusOK, w.Code == http.StatusNoContent && method == http.MethodOptions:
		case strings.HasPrefix(path, prefix+"/docs"):
		case w.Code < 400 || w.Code >= 500:
			t.Errorf("%d %s", w.Code, w.Body)
		default:
			wantErrorBody(t, w)
			wantRefusedState(t, w.Code, before, state(h))
		}
	})
}

// wantRefusedState fails the test if a request that was refused with this status should not have
// changed the hub like that.
func wantRefusedState(t *testing.T, status int, before, after hub.Inspection) {
	t.Helper()
	for i := range before.PeerClients {
		if status != 400 && status != 401 && i < len(after.PeerClients) { // a valid signature is spent
			before.PeerClients[i].PeerPool = after.PeerClients[i].PeerPool
		}
	}
	if !reflect.DeepEqual(before, after) {
		t.Errorf("%d took the hub from\n%+v\nto\n%+v", status, before, after)
	}
}

// Checks the seeds of the fuzz test: their signatures must be valid on a new stage.
func TestStageIsTheSame(t *testing.T) {
	_, carol, connie := newStage(t)
	h, _, _ := newStage(t)
	for _, r := range []request{carol.post(shareOf(keyID(2)), []byte("another share")), connie.get(askFor(keyID(1)))} {
		wantOK(t, r.to(t, h))
	}
}
