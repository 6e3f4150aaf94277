package conformance

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"dske/etsi/report"
	"dske/node"
	"dske/node/client"
	"dske/protocol"
)

const hubURL = "http://memory"

// tampering sits between a client and its hubs, or between the encryptor and the client.
type tampering struct {
	name   string // of the check that must fail
	toHubs func(r *http.Request, next http.RoundTripper) (*http.Response, error)
	tells  func(*http.Request, *httptest.ResponseRecorder)
}

// roundTrip is a function that carries requests.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// runClient checks a client of the program that is made to break rules.
func runClient(t *testing.T, suite protocol.Suite, tampered ...tampering) (results []report.Result) {
	t.Helper()
	hubs := NewHubs(suite, 5, "conformance-peer")
	var transport http.RoundTripper = inMemory{hubs}
	for _, d := range tampered {
		if next := transport; d.toHubs != nil {
			transport = roundTrip(func(r *http.Request) (*http.Response, error) { return d.toHubs(r.Clone(r.Context()), next) })
		}
	}
	config := client.Config{Name: "carol", Encryptors: []string{"sam", "susan"}, Threshold: 3, Token: "token", Suite: suite, Transport: transport,
		PSRD: client.PSRD{BlockSize: 4096, LowWater: 2048, HighWater: 4096}}
	for i, path := range hubs.Paths() {
		config.Hubs = append(config.Hubs, client.Hub{Name: hubs.hubs[i].name, URL: hubURL + path, Number: i})
	}
	c, err := client.New(config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { c.Run(ctx); close(done) }()
	defer func() { cancel(); <-done }()
	handler := c.Handler()
	for _, d := range tampered {
		handler = deviation{tells: d.tells}.around(handler)
	}
	checked := Client{URL: hubURL + node.Prefix(node.KindClient, "carol"), Suite: suite, Hubs: hubs, HTTP: &http.Client{Transport: inMemory{handler}}}
	all, err := checked.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Collect(all)
}

func TestClientsConform(t *testing.T) {
	for _, suite := range protocol.Suites {
		t.Run(suite.Name(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { conform(t, runClient(t, suite), 20, 1) })
		})
	}
}

// again repeats a request, with another body unless that is nil.
func again(r *http.Request, next http.RoundTripper, body []byte) {
	other := r.Clone(r.Context())
	other.Body, other.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	if response, err := next.RoundTrip(other); err == nil {
		response.Body.Close()
	}
}

// whenRefused calls then when a hub has refused a message with a status, unsigned.
func whenRefused(status int, then func(r *http.Request, body []byte, next http.RoundTripper)) func(*http.Request, http.RoundTripper) (*http.Response, error) {
	return func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		response, err := next.RoundTrip(r)
		if err == nil && response.StatusCode == status && response.Header.Get(protocol.SignatureHeader) == "" && strings.Contains(r.URL.Path, "/dske/api/") {
			then(r, body, next)
		}
		return response, err
	}
}

// outOfBandTo returns a request to a path of the same hub out of band.
func outOfBandTo(r *http.Request, path, query string) *http.Request {
	base, _, _ := strings.Cut(r.URL.String(), "/dske/")
	other, _ := http.NewRequestWithContext(r.Context(), http.MethodGet, base+path+"?client_name=carol"+query, http.NoBody)
	other.Header.Set(protocol.TokenHeader, "token")
	return other
}

var clientTamperings = [][]tampering{{
	{"a client proves its identity with each out-of-band request, always in the same way", func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, protocol.PathPSRD) {
			r.Header.Del(protocol.TokenHeader)
		}
		return next.RoundTrip(r)
	}, nil},
	{"a POST has no query, a GET no body, and no message a Content-Encoding", func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		r.Header.Set("Content-Encoding", "identity")
		return next.RoundTrip(r)
	}, nil},
	{"redirections are not followed", func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		return (&http.Client{Transport: next}).Do(r)
	}, nil},
	{"k hubs are enough for a key, and fewer are 503", nil, func(r *http.Request, w *httptest.ResponseRecorder) {
		if w.Code == 503 && strings.Contains(w.Body.String(), "scatter") {
			w.Code = 500
		}
	}},
	{"not found is 400 when all but k-1 hubs have signed it", nil, func(r *http.Request, w *httptest.ResponseRecorder) {
		if w.Code == 400 && strings.Contains(w.Body.String(), "not found on KME") {
			w.Code = 503
		}
	}},
	{"not for the caller is 401 when all but k-1 hubs have signed it", nil, func(r *http.Request, w *httptest.ResponseRecorder) {
		if w.Code == 401 {
			w.Code = 503
		}
	}},
	{"an unknown key is 503 if no hub has signed the refusal", nil, func(r *http.Request, w *httptest.ResponseRecorder) {
		if w.Code == 503 && strings.Contains(w.Body.String(), "Unknown key ID") {
			w.Code = 400
		}
	}},
	{"GET mgmt/v1/status describes hubs and pools without a byte of them", nil, func(r *http.Request, w *httptest.ResponseRecorder) {
		if is(r, "GET", "/mgmt/v1/status") {
			replace(w, `"nr_used_bytes"`, `"data":"AAAA...","nr_used_bytes"`)
		}
	}},
	{"hub-started about a hub that the client does not use is 404", nil, func(r *http.Request, w *httptest.ResponseRecorder) {
		if is(r, "POST", protocol.PathHubStarted) {
			w.Code = 200
		}
	}},
}, {
	{"PUT registration names the client and its encryptors", func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		if r.Method == http.MethodPut {
			body, _ := io.ReadAll(r.Body)
			body = bytes.Replace(body, []byte(`"carol"`), []byte(`"celia"`), 1)
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		return next.RoundTrip(r)
	}, nil},
	{"a client believes k hubs that agree about who serves a slave, and no single hub", func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		response, err := next.RoundTrip(r)
		if err == nil && strings.HasSuffix(r.URL.Path, "/conformance-nobody") {
			response.StatusCode, response.Body = 200, io.NopCloser(strings.NewReader(`{"encryptor_name":"conformance-nobody","client_name":"conformance-client"}`))
		}
		return response, err
	}, nil},
	{"an answer to a POST without a valid signature is ignored", nil, func(r *http.Request, w *httptest.ResponseRecorder) {
		if text := w.Body.String(); w.Code == 503 && strings.Contains(text, "scatter") && strings.Contains(text, "without a valid signature") && !strings.Contains(text, "stopped") {
			w.Code, w.Body = 200, bytes.NewBufferString(`{"keys":[]}`)
		}
	}},
	{"shares that do not make a key give none", nil, func(r *http.Request, w *httptest.ResponseRecorder) {
		if w.Code == 503 && strings.Contains(w.Body.String(), "at odds with the others") {
			w.Code, w.Body = 200, bytes.NewBufferString(`{"keys":[]}`)
		}
	}},
	{"the same bytes are sent at most 3 times", whenRefused(403, func(r *http.Request, body []byte, next http.RoundTripper) {
		again(r, next, body)
	}), nil},
	{"an unsigned refusal makes no client register or fetch PSRD", whenRefused(403, func(r *http.Request, _ []byte, next http.RoundTripper) {
		if response, err := next.RoundTrip(outOfBandTo(r, protocol.PathPSRD, "&pool_owner=client&purpose=pad&size=64")); err == nil {
			response.Body.Close()
		}
	}), nil},
	{"after a question that changed nothing the next waits 1 s", whenRefused(403, func(r *http.Request, _ []byte, next http.RoundTripper) {
		if response, err := next.RoundTrip(outOfBandTo(r, protocol.PathRegistration, "")); err == nil {
			response.Body.Close()
		}
	}), nil},
	{"no signing key is used for two messages, and no pad twice", whenRefused(307, func(r *http.Request, body []byte, next http.RoundTripper) {
		again(r, next, append(body, ' '))
	}), nil},
}}

func TestDeviationsOfClientsAreFound(t *testing.T) {
	for _, group := range clientTamperings {
		synctest.Test(t, func(t *testing.T) {
			var want []string
			for _, d := range group {
				want = append(want, d.name)
			}
			results := runClient(t, protocol.ITS, group...)
			wantFailed(t, results, want)
		})
	}
}
