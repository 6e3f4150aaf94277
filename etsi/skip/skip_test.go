package skip_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"dske/etsi"
	"dske/etsi/skip"
)

// A vault is a KME of every system. Its keys wait for their slave.
type vault struct {
	keys    map[uuid.UUID]deposit
	failure error
}

type deposit struct {
	master, slave string
	value         []byte
}

func (v *vault) Encryptors() []string { return []string{"sam"} }

func (v *vault) GetKey(_ context.Context, master, slave string, r etsi.KeyRequest) ([]etsi.Key, error) {
	if v.failure != nil {
		return nil, v.failure
	}
	id, value := uuid.New(), make([]byte, r.Size/8)
	rand.Read(value)
	v.keys[id] = deposit{master, slave, value}
	return []etsi.Key{{ID: id, Key: etsi.NewSecret(bytes.Clone(value))}}, nil
}

func (v *vault) GetKeyWithKeyIDs(_ context.Context, slave, master string, ids []uuid.UUID) ([]etsi.Key, error) {
	d, ok := v.keys[ids[0]]
	switch {
	case v.failure != nil:
		return nil, v.failure
	case !ok || d.master != master:
		return nil, etsi.ErrKeyNotFound
	case d.slave != slave:
		return nil, etsi.ErrUnauthorized
	}
	delete(v.keys, ids[0])
	return []etsi.Key{{ID: ids[0], Key: etsi.NewSecret(bytes.Clone(d.value))}}, nil
}

// world is three systems with their providers. It compares the answers with their description.
type world struct {
	testing.TB
	vault     *vault
	random    io.Reader
	log       strings.Builder
	providers map[string]http.Handler
}

// description returns the routes of the OpenAPI document that a client gives of itself.
var description = sync.OnceValue(func() routers.Router {
	data, err := os.ReadFile("../../node/client/openapi.json")
	if err != nil {
		panic(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData([]byte(strings.ReplaceAll(string(data), "{prefix}", "/")))
	if err != nil {
		panic(err)
	}
	routes, err := legacy.NewRouter(doc)
	if err != nil {
		panic(err)
	}
	return routes
})

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{TB: t, vault: &vault{keys: map[uuid.UUID]deposit{}}, random: rand.Reader, providers: map[string]http.Handler{}}
	for system, remote := range map[string][]string{
		"carol":  {"connie", "curtis"},
		"connie": {"carol", "curtis"},
		"curtis": {"carol", "connie"},
		"lonely": nil,
	} {
		e := echo.New()
		skip.Register(e.Group("/skip"), func(*http.Request) skip.Config {
			return skip.Config{KME: w.vault, System: system, Remote: remote, Algorithm: "DSKE",
				Random: w, Logger: slog.New(slog.NewTextHandler(&w.log, nil))}
		})
		w.providers[system] = e
	}
	return w
}

// Read is the source of entropy.
func (w *world) Read(p []byte) (int, error) { return w.random.Read(p) }

// get makes a request of a system's provider.
func (w *world) get(system, path string) *httptest.ResponseRecorder {
	w.Helper()
	return w.do(system, httptest.NewRequest(http.MethodGet, "/skip"+path, nil))
}

func (w *world) do(system string, r *http.Request) *httptest.ResponseRecorder {
	w.Helper()
	answer := httptest.NewRecorder()
	w.providers[system].ServeHTTP(answer, r)
	route, params, err := description().FindRoute(r)
	if err != nil || answer.Code == http.StatusInternalServerError || answer.Code == http.StatusNotFound {
		if answer.Code < 400 {
			w.Errorf("%s is answered and not described: %v", r.URL, err)
		}
		return answer
	}
	options := &openapi3filter.Options{IncludeResponseStatus: true}
	response := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route, Options: options},
		Status:                 answer.Code,
		Header:                 answer.Header(),
		Options:                options,
	}
	if err := openapi3filter.ValidateResponse(context.Background(), response.SetBodyBytes(answer.Body.Bytes())); err != nil {
		w.Errorf("%s, %d: %v", r.URL, answer.Code, err)
	}
	return answer
}

type key struct {
	ID    string `json:"keyId"`
	Value string `json:"key"`
}

// key makes a request that returns a key.
func (w *world) key(system, path string) key {
	w.Helper()
	var k key
	answer := w.get(system, path)
	if err := json.Unmarshal(answer.Body.Bytes(), &k); err != nil || answer.Code != http.StatusOK {
		w.Fatalf("%s: %d %s", path, answer.Code, answer.Body)
	}
	return k
}

func TestCapabilities(t *testing.T) {
	w := newWorld(t)
	for system, want := range map[string]string{
		"carol":  `{"entropy":true,"key":true,"algorithm":"DSKE","localSystemID":"carol","remoteSystemID":["connie","curtis"]}`,
		"lonely": `{"entropy":true,"key":false,"algorithm":"DSKE","localSystemID":"lonely","remoteSystemID":[]}`,
	} {
		if got := strings.TrimSpace(w.get(system, "/capabilities").Body.String()); got != want {
			t.Errorf("%s:\n got %s\nwant %s", system, got, want)
		}
	}
}

func TestBothSystemsGetTheSameKey(t *testing.T) {
	w := newWorld(t)
	form := regexp.MustCompile(`^[0-9a-f]{32}$`)
	for query, digits := range map[string]int{"": 64, "&size=64": 16, "&size=1024&color=blue": 256} {
		made := w.key("carol", "/key?remoteSystemID=connie"+query)
		if !form.MatchString(made.ID) || len(made.Value) != digits {
			t.Errorf("%q: %+v", query, made)
		}
		for _, other := range []string{"/key/" + made.ID + "?remoteSystemID=curtis", "/key/" + made.ID + "?remoteSystemID=connie"} {
			if w := w.get("curtis", other); w.Code != http.StatusBadRequest {
				t.Errorf("%s for a third system: %d %s", other, w.Code, w.Body)
			}
		}
		encoded := fmt.Sprintf("%%%02X", made.ID[0]) + strings.ToUpper(made.ID[1:]) // RFC 3986, clause 6.2.2.2: the same
		path := "/key/" + encoded + "?remoteSystemID=carol"
		if fetched := w.key("connie", path); fetched != made {
			t.Errorf("%q: made %+v, fetched %+v", query, made, fetched)
		}
		if w := w.get("connie", path); w.Code != http.StatusBadRequest {
			t.Errorf("a second time: %d %s", w.Code, w.Body)
		}
	}
}

func TestEntropy(t *testing.T) {
	w := newWorld(t)
	for query, want := range map[string]string{
		"":                  `^{"randomStr":"[0-9a-f]{64}","minentropy":256}\s$`,
		"?minentropy=1":     `^{"randomStr":"[0-9a-f]{2}","minentropy":8}\s$`,
		"?minentropy=100":   `^{"randomStr":"[0-9a-f]{26}","minentropy":104}\s$`,
		"?minentropy=65536": `^{"randomStr":"[0-9a-f]+","minentropy":65536}\s$`,
	} {
		if answer := w.get("carol", "/entropy"+query); !regexp.MustCompile(want).MatchString(answer.Body.String()) {
			t.Errorf("%q: %d %s", query, answer.Code, answer.Body)
		}
	}
	first := w.get("carol", "/entropy").Body.String()
	if second := w.get("carol", "/entropy").Body.String(); first == second {
		t.Error("the same twice")
	}
	w.random = strings.NewReader("short")
	if answer := w.get("carol", "/entropy"); answer.Code != http.StatusServiceUnavailable {
		t.Errorf("out of entropy: %d %s", answer.Code, answer.Body)
	}
}

func TestRefusals(t *testing.T) {
	const id = "/key/7d0f6c1e2b4a4f838c95e1a6d3b7f204"
	w := newWorld(t)
	for path, want := range map[string]int{
		"/key":                       400,
		"/key?remoteSystemID=":       400,
		"/key?remoteSystemID=nobody": 400,
		"/key?remoteSystemID=carol":  400, // itself
		"/key?remoteSystemID=connie&remoteSystemID=a":          400,
		"/key?remoteSystemID=%zz":                              400,
		"/key?remoteSystemID=connie&size=100":                  400,
		"/key?remoteSystemID=connie&size=56":                   400,
		"/key?remoteSystemID=connie&size=16777224":             400,
		"/key?remoteSystemID=connie&size=":                     400,
		"/key?remoteSystemID=connie&size=256&size=256":         400,
		"/key?remoteSystemID=connie&size=99999999999999999999": 400,
		id:                                    400,
		id + "?remoteSystemID=nobody":         400,
		id + "?remoteSystemID=connie":         400, // unknown
		"/key/7d0f6c1e?remoteSystemID=connie": 400,
		"/key/7d0f6c1e-2b4a-4f83-8c95-e1a6d3b7f204?remoteSystemID=connie": 400,
		"/key/%20?remoteSystemID=connie":                                  400,
		"/key/?remoteSystemID=connie":                                     404,
		"/entropy?minentropy=0":                                           400,
		"/entropy?minentropy=65537":                                       400,
		"/entropy?minentropy=much":                                        400,
		"/entropy?minentropy":                                             400,
		"/nonsense":                                                       404,
		"/key/a/b":                                                        404,
		"/key/":                                                           404,
		"//capabilities":                                                  404,
		"/capabilities/":                                                  404,
		"/key/00000000000000000000000000000000?remoteSystemID=connie": 400,
	} {
		if answer := w.get("carol", path); answer.Code != want {
			t.Errorf("%s: %d %s, want %d", path, answer.Code, answer.Body, want)
		}
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "HEAD"} {
		for _, path := range []string{"/capabilities", "/key?remoteSystemID=connie", id, "/entropy"} {
			if answer := w.do("carol", httptest.NewRequest(method, "/skip"+path, nil)); answer.Code != 405 {
				t.Errorf("%s %s: %d", method, path, answer.Code)
			}
		}
	}
}

func TestFailures(t *testing.T) {
	for _, test := range []struct {
		failure error
		status  int
		body    string
	}{
		{&etsi.Error{Status: 503, Message: "too few hubs"}, 503, `{"message":"too few hubs"}`},
		{context.DeadlineExceeded, 504, `{"message":"deadline passed"}`},
		{errors.New("disk on fire"), 500, `{"message":"internal error"}`},
	} {
		w := newWorld(t)
		w.vault.failure = test.failure
		for _, path := range []string{"/key?remoteSystemID=connie", "/key/7d0f6c1e2b4a4f838c95e1a6d3b7f204?remoteSystemID=connie"} {
			if answer := w.get("carol", path); answer.Code != test.status || strings.TrimSpace(answer.Body.String()) != test.body {
				t.Errorf("%v: %d %s", test.failure, answer.Code, answer.Body)
			}
		}
		if logged := strings.Contains(w.log.String(), "disk on fire"); logged != (test.status == 500) {
			t.Errorf("logged %q", w.log.String())
		}
	}
}

func TestWhoMayCallOverTLS(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/capabilities", "/key?remoteSystemID=connie", "/entropy"} {
		for name, want := range map[string]int{"sam": 200, "sofia": 401, "": 401} {
			r := httptest.NewRequest(http.MethodGet, "/skip"+path, nil)
			r.Header.Set("Authorization", "sam")
			r.TLS = &tls.ConnectionState{}
			if name != "" {
				holder := &x509.Certificate{Subject: pkix.Name{CommonName: name}}
				r.TLS.VerifiedChains = [][]*x509.Certificate{{holder}}
			}
			if answer := w.do("carol", r); answer.Code != want || want == 401 && !strings.Contains(answer.Body.String(), `{"message":"`) {
				t.Errorf("%s as %q: %d %s, want %d", path, name, answer.Code, answer.Body, want)
			}
		}
	}
}

// FuzzRequest sends arbitrary paths and queries.
func FuzzRequest(f *testing.F) {
	for _, path := range []string{"key", "key/7d0f6c1e2b4a4f838c95e1a6d3b7f204", "entropy", "capabilities", "key/", "key/%"} {
		for _, query := range []string{"", "remoteSystemID=connie", "remoteSystemID=connie&size=8", "minentropy=9", "size=-1", "%zz"} {
			f.Add(path, query)
		}
	}
	f.Fuzz(func(t *testing.T, path, query string) {
		r := httptest.NewRequest(http.MethodGet, "/skip/", nil)
		r.URL.Path, r.URL.RawQuery = "/skip/"+path, query
		if answer := newWorld(t).do("carol", r); answer.Code >= 500 {
			t.Errorf("%d %s", answer.Code, answer.Body)
		}
	})
}
