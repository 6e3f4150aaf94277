package conformance

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"dske/etsi/report"
	"dske/node/hub"
	"dske/protocol"
)

// deviation sits between the checker and a node and makes the node break a rule: it may change
// requests and answers.
type deviation struct {
	name  string // of the only check that must fail
	asks  func(*http.Request)
	tells func(*http.Request, *httptest.ResponseRecorder)
}

// around returns a handler that deviates.
func (d deviation) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d.asks != nil {
			d.asks(r)
		}
		recorder := httptest.NewRecorder()
		next.ServeHTTP(recorder, r)
		if d.tells != nil {
			d.tells(r, recorder)
		}
		for name, values := range recorder.Header() {
			if name != "Content-Length" {
				w.Header()[name] = values
			}
		}
		w.WriteHeader(recorder.Code)
		w.Write(recorder.Body.Bytes())
	})
}

// wantFailed fails the test unless these checks have failed, and no others.
func wantFailed(t *testing.T, results []report.Result, want []string) {
	t.Helper()
	for _, r := range results {
		if isWanted := slices.Contains(want, r.Name); isWanted != (r.Err != nil) {
			t.Errorf("%s: %v", r.Name, r.Err)
		}
	}
}

// is reports whether a request has that method and that path below the name of the node.
func is(r *http.Request, method, path string) bool {
	return r.Method == method && strings.HasSuffix(r.URL.Path, path)
}

func replace(w *httptest.ResponseRecorder, from, to string) {
	w.Body = bytes.NewBufferString(strings.ReplaceAll(w.Body.String(), from, to))
}

// instead replaces a status.
func instead(status int, of int, about string) func(*http.Request, *httptest.ResponseRecorder) {
	return func(_ *http.Request, w *httptest.ResponseRecorder) {
		if w.Code == of && strings.Contains(w.Body.String(), about) {
			w.Code = status
		}
	}
}

// hubDeviations are for a hub of suite its that serves only enrolled clients.
var hubDeviations = []deviation{
	{"PUT registration is answered with the name of the hub", nil, func(r *http.Request, w *httptest.ResponseRecorder) {
		replace(w, `"hub_name":"hank"`, `"hub_name":"hugo"`)
	}},
	{"the answer to PUT registration names suite its, version 2", nil, func(r *http.Request, w *httptest.ResponseRecorder) {
		if is(r, "PUT", protocol.PathRegistration) {
			replace(w, `"version":2`, `"version":1`)
		}
	}},
	{"a client that is not enrolled is 403", nil, instead(401, 403, "Client is not enrolled")},
	{"a name with another token, or none, is 403, and nothing changes", func(r *http.Request) {
		if is(r, "GET", protocol.PathPSRD) && r.URL.Query().Get("client_name") == carol.Name {
			r.Header.Set(protocol.TokenHeader, carol.Token)
		}
	}, nil},
	{"more than 4 MiB at once is 413", func(r *http.Request) {
		r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "size=4194336", "size=64", 1)
	}, nil},
	{"PSRD without a purpose, or for an unknown one, is 400", func(r *http.Request) {
		if q := r.URL.Query(); is(r, "GET", protocol.PathPSRD) && q.Get("purpose") != "key" {
			q.Set("purpose", "pad")
			r.URL.RawQuery = q.Encode()
		}
	}, nil},
	{"a key block that does not consist of whole slots is 400", func(r *http.Request) {
		r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "size=33", "size=64", 1)
	}, nil},
	{"GET encryptors returns the client that serves an encryptor; a 404 has a message", nil, func(r *http.Request, w *httptest.ResponseRecorder) {
		if w.Code == 404 && strings.Contains(r.URL.Path, protocol.PathEncryptors) {
			w.Body.Reset()
		}
	}},
	{"GET registration returns the hub's view of the association", nil, func(r *http.Request, w *httptest.ResponseRecorder) {
		replace(w, `"registered":true`, `"registered":false`)
	}},
	{"GET registration returns what the hub lacked for an answer", nil, func(r *http.Request, w *httptest.ResponseRecorder) {
		replace(w, `"lacks"`, `"needs"`)
	}},
	{"out of PSRD is 503 with pool_owner, needed and available", nil, func(r *http.Request, w *httptest.ResponseRecorder) {
		if w.Code == 503 {
			replace(w, `"pool_owner"`, `"owner"`)
		}
	}},
	{"a path in another spelling is 404", func(r *http.Request) {
		if strings.Contains(r.URL.EscapedPath(), "%") {
			r.URL = &url.URL{Path: "/hub/hank" + protocol.PathKeyShare, RawQuery: r.URL.RawQuery}
		}
	}, nil},
	{"a POST with a query is 400", func(r *http.Request) {
		if r.Method == http.MethodPost {
			r.URL.RawQuery, r.URL.ForceQuery = "", false
		}
	}, nil},
	{"a GET with a body is 400", func(r *http.Request) {
		if r.Method == http.MethodGet && r.ContentLength > 0 {
			io.Copy(io.Discard, r.Body)
			r.Body, r.ContentLength = http.NoBody, 0
		}
	}, nil},
	{"a message with a Content-Encoding is 400", func(r *http.Request) { r.Header.Del("Content-Encoding") }, nil},
	{"no header overrides the method", func(r *http.Request) {
		if method := r.Header.Get("X-HTTP-Method-Override"); method != "" {
			r.Method = method
		}
	}, nil},
	{"a signature in another spelling is 400", func(r *http.Request) {
		if values := r.Header[http.CanonicalHeaderKey(protocol.SignatureHeader)]; len(values) == 1 {
			names, tag, _ := strings.Cut(values[0], "%")
			r.Header.Set(protocol.SignatureHeader, strings.ToLower(names)+"%"+tag)
		}
	}, nil},
	{"a message without a signature is 401, and costs nothing", nil, func(r *http.Request, w *httptest.ResponseRecorder) {
		if w.Code == 401 && r.Header.Get(protocol.SignatureHeader) == "" {
			w.Code = 400
		}
	}},
	{"404 for an unknown key is signed", nil, func(r *http.Request, w *httptest.ResponseRecorder) {
		if w.Code == 404 {
			w.Header().Del(protocol.SignatureHeader)
		}
	}},
	{"409 for a second share is signed", nil, func(r *http.Request, w *httptest.ResponseRecorder) {
		if w.Code == 409 {
			w.Header().Del(protocol.SignatureHeader)
		}
	}},
	{"a request that was not verified gets an unsigned answer", nil, func(r *http.Request, w *httptest.ResponseRecorder) {
		if w.Code == 401 {
			w.Header().Set(protocol.SignatureHeader, r.Header.Get(protocol.SignatureHeader)+"x")
		}
	}},
	{"errors are a message and details, in JSON", nil, func(r *http.Request, w *httptest.ResponseRecorder) {
		if w.Code == 405 {
			w.Body = bytes.NewBufferString("Method Not Allowed")
		}
	}},
	{"a known path with a wrong method is 405", nil, instead(404, 405, "")},
	{"GET mgmt/v1/status describes clients, pools and shares without a byte of them", nil, func(r *http.Request, w *httptest.ResponseRecorder) {
		if is(r, "GET", "/mgmt/v1/status") {
			replace(w, `"nr_used_bytes"`, `"data":"AAAA...","nr_used_bytes"`)
		}
	}},
	{"a master SAE that the client does not serve is 403", nil, func(r *http.Request, w *httptest.ResponseRecorder) {
		if r.Method == http.MethodPost && w.Code == 403 && strings.Contains(w.Body.String(), "Encryptor is not registered") {
			w.Code = 400
		}
	}},
	{"key-shares: no slave, more than 32, or a repeated slave is 400", nil, instead(413, 400, "slaves, which is more")},
}

// Each deviation makes the check of its rule fail, and no other. Several are tested together to
// save time.
func TestDeviationsOfHubsAreFound(t *testing.T) {
	handler, h := serve(t, hub.Config{Number: 1}, false)
	all := append(hubDeviations, lockingOut(), forgetful())
	const groups = 2
	for group := range groups {
		around := handler
		var want []string
		for i := group; i < len(all); i += groups {
			around = all[i].around(around)
			want = append(want, all[i].name)
		}
		wantFailed(t, h.run(t, around), want)
	}
}

// lockingOut is a hub that refuses a client after a number of wrong tags.
func lockingOut() deviation {
	wrong := 0
	return deviation{"no client is refused because of wrong tags", nil, func(r *http.Request, w *httptest.ResponseRecorder) {
		switch {
		case w.Code == 401:
			wrong++
		case strings.Contains(r.URL.Path, "/dske/api/") && wrong > 60:
			w.Code, wrong = 429, 0
		default:
			wrong = 0
		}
	}}
}

// forgetful is a hub that does not remember its answers.
func forgetful() deviation {
	var mu sync.Mutex
	seen := map[string]bool{}
	return deviation{"a request that is repeated byte for byte gets the same answer", nil, func(r *http.Request, w *httptest.ResponseRecorder) {
		mu.Lock()
		defer mu.Unlock()
		signature := r.Header.Get(protocol.SignatureHeader)
		if strings.Contains(r.URL.Path, "/dske/api/") && signature != "" && w.Header().Get(protocol.SignatureHeader) != "" && r.Header.Get("X-HTTP-Method") == "" {
			if seen[signature] {
				w.Code, w.Body = 409, bytes.NewBufferString(`{"message":"PSRD was used.","details":{}}`)
				w.Header().Del(protocol.SignatureHeader)
			}
			seen[signature] = true
		}
	}}
}

// Deviations that matter in suite dske-python, at an open hub.
func TestDeviationsOfHubsOfSuitePython(t *testing.T) {
	handler, h := serve(t, hub.Config{Suite: protocol.Python}, true)
	var want []string
	for _, d := range []deviation{
		{"refusals are not signed", nil, func(r *http.Request, w *httptest.ResponseRecorder) {
			if w.Code == 404 {
				w.Header().Set(protocol.SignatureHeader, r.Header.Get(protocol.SignatureHeader))
			}
		}},
		{"members that are not listed are ignored", func(r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(bytes.Replace(body, []byte(`"color"`), []byte(`"user_key_id"`), 1)))
		}, nil},
		{"a signing key whose parts overlap is 400", nil, func(r *http.Request, w *httptest.ResponseRecorder) {
			if r.Method == http.MethodGet && w.Code == 400 && strings.Contains(strings.ToLower(w.Body.String()), "overlap") {
				w.Code = 409
			}
		}},
		{"without encryptor_names a client has one encryptor with its own name", nil, instead(404, 200, `"encryptor_name":"conformance-other"`)},
	} {
		handler = d.around(handler)
		want = append(want, d.name)
	}
	wantFailed(t, h.run(t, handler), want)
}
