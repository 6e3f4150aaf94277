package client_test

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"dske/etsi"
	"dske/node"
	"dske/node/client"
	"dske/node/contract"
	"dske/node/hub"
	"dske/protocol"
)

const (
	keys  = "/etsi/api/v1/keys/"
	sofia = "söfia/1" // an ID that has to be encoded in a path
)

// described is a client together with the description that it serves of itself. It compares every
// response with the description.
type described struct {
	t       *testing.T
	prefix  string
	client  *client.Client
	handler http.Handler
	tls     bool // requests come over TLS, and show no certificate
	*contract.Contract
}

// newDescribed returns a client of three hubs, two of which make a key.
func newDescribed(t *testing.T, config client.Config) *described {
	t.Helper()
	for i, name := range []string{"hank", "helen", "hilary"} {
		config.Hubs = append(config.Hubs, client.Hub{Name: name, URL: "http://memory/hub/" + name, Number: i})
	}
	config.Threshold = 2
	config.HubTimeout = time.Minute
	c, err := client.New(config)
	if err != nil {
		t.Fatal(err)
	}
	d := &described{t: t, prefix: "/client/" + config.Name, client: c, handler: c.Handler()}
	if d.Contract, err = contract.Fetch(d.handler, d.prefix+"/openapi.json"); err != nil {
		t.Fatal(err)
	}
	return d
}

// run runs the client until the test ends.
func (d *described) run() {
	done := make(chan error, 1)
	go func() { done <- d.client.Run(d.t.Context()) }()
	d.t.Cleanup(func() {
		if err := <-done; err != nil {
			d.t.Errorf("Run: %v", err)
		}
	})
}

// call is a request to the client, and the status that it should be answered with.
type call struct {
	method string
	path   string // below the client's prefix, with the query
	sae    string // for the Authorization header; not sent if empty
	status int
	body   string // JSON; none if empty
}

func (d *described) do(c call) *httptest.ResponseRecorder {
	d.t.Helper()
	return d.doWithin(d.t.Context(), c)
}

func (d *described) doWithin(ctx context.Context, c call) *httptest.ResponseRecorder {
	d.t.Helper()
	r := httptest.NewRequestWithContext(ctx, c.method, d.prefix+c.path, strings.NewReader(c.body))
	if c.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if d.tls {
		r.TLS = &tls.ConnectionState{}
	}
	if c.sae != "" {
		r.Header.Set("Authorization", c.sae)
	}
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	if w.Code != c.status {
		d.t.Errorf("%s %s: %d %s, want %d", c.method, c.path, w.Code, w.Body, c.status)
	}
	r.Body = io.NopCloser(strings.NewReader(c.body)) // the handler has read it
	if err := d.Check(r, w); err != nil {
		d.t.Errorf("%s %s, %d: %v", c.method, c.path, w.Code, err)
	}
	return w
}

// hubs is a transport that calls the handlers of three hubs, unless they are down.
type hubs struct {
	handlers map[string]http.Handler // by the start of the path
	down     atomic.Bool
}

func newHubs(t *testing.T) *hubs {
	t.Helper()
	h := &hubs{handlers: map[string]http.Handler{}}
	directory, err := node.NewDirectory(true, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"hank", "helen", "hilary"} {
		made, err := hub.New(hub.Config{Name: name, Number: i, Directory: directory})
		if err != nil {
			t.Fatal(err)
		}
		h.handlers["/hub/"+name+"/"] = made.Handler()
	}
	return h
}

func (h *hubs) RoundTrip(r *http.Request) (*http.Response, error) {
	if h.down.Load() {
		return nil, errors.New("connection refused")
	}
	for prefix, handler := range h.handlers {
		if strings.HasPrefix(r.URL.Path, prefix) {
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			return w.Result(), nil
		}
	}
	return nil, fmt.Errorf("no hub at %s", r.URL)
}

// stalled is a transport to hubs that never answer.
type stalled struct {
	reached chan struct{} // gets a value for every request, while there is room
}

func (s stalled) RoundTrip(r *http.Request) (*http.Response, error) {
	select {
	case s.reached <- struct{}{}:
	default:
	}
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// TestResponsesAreDescribed makes the client give every response in its description except those
// that its network gives when the client is stopped.
func TestResponsesAreDescribed(t *testing.T) {
	network := newHubs(t)
	d := newDescribed(t, client.Config{Name: "carol", Encryptors: []string{"sam"}, Systems: []string{"connie"}, Transport: network, Stop: func() {}})
	other := newDescribed(t, client.Config{Name: "connie", Encryptors: []string{sofia, "susan"}, Systems: []string{"carol"}, Transport: network})
	other.Shares(d.Contract)

	d.driveBeforeRun()
	d.run()
	other.run()
	<-d.client.Ready()
	<-other.client.Ready()
	d.driveManagement()
	other.do(call{"POST", "/mgmt/v1/stop", "", 403, ""}) // its Config has no Stop
	d.driveRefusals()
	driveDelivery(d, other)
	driveSKIP(d, other)
	driveOutage(d, other, network)
	d.driveDeadline()

	if unseen := d.Unseen(); unseen != nil {
		t.Errorf("described and not seen: %q", unseen)
	}
}

const (
	toSofia    = keys + "s%C3%B6fia%2F1/"
	unknownKey = "?key_ID=7d0f6c1e-2b4a-4f83-8c95-e1a6d3b7f204"
	toConnie   = "/skip/key?remoteSystemID=connie"
	unknownIDs = `{"key_IDs": [{"key_ID": "7d0f6c1e-2b4a-4f83-8c95-e1a6d3b7f204"}]}`
)

const unknownSKIPKey = "/skip/key/7d0f6c1e2b4a4f838c95e1a6d3b7f204?remoteSystemID=connie"

func (d *described) driveBeforeRun() {
	d.do(call{"GET", "/mgmt/v1/status", "", 200, ""}) // registered with none of the hubs
	d.do(call{"GET", toSofia + "status", "", 503, ""})
	d.do(call{"GET", toSofia + "enc_keys", "", 503, ""})
	d.do(call{"GET", toSofia + "dec_keys" + unknownKey, "", 503, ""})
	d.do(call{"POST", toSofia + "enc_keys", "", 503, "{}"})
	d.do(call{"POST", toSofia + "dec_keys", "", 503, unknownIDs})
	d.do(call{"GET", toConnie, "", 503, ""})
	d.do(call{"GET", unknownSKIPKey, "", 503, ""})
}

func (d *described) driveManagement() {
	for _, path := range []string{"/mgmt/v1/status", "/openapi.json", "/docs"} {
		d.do(call{"GET", path, "", 200, ""})
		d.do(call{"DELETE", path, "", 405, ""})
	}
	for body, status := range map[string]int{
		`{"hub_name": "hank"}`:    200,
		`{"hub_name": "helga"}`:   404,
		`{"hub_name": `:           400,
		strings.Repeat(" ", 4097): 413,
	} {
		d.do(call{"POST", protocol.PathHubStarted, "", status, body})
	}
	d.do(call{"POST", "/mgmt/v1/stop", "", 200, ""})
	d.do(call{"GET", "/mgmt/v2/status", "", 404, ""})
	d.do(call{"GET", keys + "sofia/other_keys", "", 404, ""})
	d.do(call{"PUT", keys + "sofia/enc_keys", "", 405, ""})
}

func (d *described) driveRefusals() {
	for _, c := range []call{
		{"GET", keys + "nobody/status", "", 400, ""},
		{"GET", keys + "sam/status", "", 400, ""},
		{"GET", toSofia + "status", "stranger", 401, ""},

		{"GET", toSofia + "enc_keys?size=100", "", 400, ""},
		{"GET", toSofia + "enc_keys?size=56", "", 400, ""},
		{"GET", toSofia + "enc_keys?size=big", "", 400, ""},
		{"GET", toSofia + "enc_keys?number=1&number=2", "", 400, ""},
		{"GET", keys + "nobody/enc_keys", "", 400, ""},
		{"GET", toSofia + "enc_keys", "stranger", 401, ""},

		{"GET", toSofia + "dec_keys", "", 400, ""},
		{"GET", toSofia + "dec_keys?key_ID=1", "", 400, ""},
		{"GET", toSofia + "dec_keys" + unknownKey, "", 400, ""},
		{"GET", toSofia + "dec_keys" + unknownKey, "stranger", 401, ""},

		{"POST", toSofia + "enc_keys", "", 400, `{"extension_mandatory": [{"a": 1}]}`},
		{"POST", toSofia + "enc_keys", "stranger", 401, "{}"},
		{"POST", toSofia + "enc_keys", "", 413, strings.Repeat(" ", etsi.MaxRequestBody+1)},
		{"POST", toSofia + "dec_keys", "", 400, unknownIDs},
		{"POST", toSofia + "dec_keys", "", 400, "{"},
		{"POST", toSofia + "dec_keys", "stranger", 401, unknownIDs},
		{"POST", toSofia + "dec_keys", "", 413, strings.Repeat(" ", etsi.MaxRequestBody+1)},
	} {
		d.do(c)
	}
}

// makeKeys fetches two keys for sofia at carol and returns the queries that name them.
func (d *described) makeKeys() [2]string {
	d.t.Helper()
	var container etsi.KeyContainer
	body := d.do(call{"GET", toSofia + "enc_keys?number=2&size=64", "sam", 200, ""}).Body
	if err := json.Unmarshal(body.Bytes(), &container); err != nil || len(container.Keys) != 2 {
		d.t.Fatalf("two keys: %v, %s", err, body)
	}
	return [2]string{"?key_ID=" + container.Keys[0].ID.String(), "?key_ID=" + strings.ToUpper(container.Keys[1].ID.String())}
}

func driveDelivery(master, slave *described) {
	master.do(call{"GET", toSofia + "status", "", 200, ""})
	ids := master.makeKeys()
	for _, id := range ids {
		slave.do(call{"GET", keys + "sam/dec_keys" + id, "susan", 401, ""})
		slave.do(call{"GET", keys + "sam/dec_keys" + id, sofia, 200, ""})
		slave.do(call{"GET", keys + "sam/dec_keys" + id, sofia, 400, ""})
	}
	master.do(call{"GET", toSofia + "enc_keys", "", 200, ""})
	var made etsi.KeyContainer
	body := master.do(call{"POST", toSofia + "enc_keys", "", 200, `{"size": 128}`}).Body
	if err := json.Unmarshal(body.Bytes(), &made); err != nil {
		master.t.Fatal(err)
	}
	slave.do(call{"POST", keys + "sam/dec_keys", sofia, 200, `{"key_IDs": [{"key_ID": "` + made.Keys[0].ID.String() + `"}]}`})
}

func driveSKIP(master, slave *described) {
	master.do(call{"GET", "/skip/capabilities", "", 200, ""})
	master.do(call{"GET", "/skip/entropy?minentropy=100", "", 200, ""})
	master.do(call{"GET", "/skip/entropy?minentropy=0", "", 400, ""})
	master.do(call{"GET", "/skip/key", "", 400, ""})
	master.do(call{"GET", unknownSKIPKey, "", 400, ""})
	var made struct{ KeyID, Key string }
	body := master.do(call{"GET", toConnie + "&size=128", "", 200, ""}).Body
	if err := json.Unmarshal(body.Bytes(), &made); err != nil {
		master.t.Fatal(err)
	}
	path := "/skip/key/" + made.KeyID + "?remoteSystemID=carol"
	if fetched := slave.do(call{"GET", path, "", 200, ""}).Body; !strings.Contains(fetched.String(), made.Key) {
		slave.t.Errorf("the keys differ: %s and %s", body, fetched)
	}
	slave.do(call{"GET", path, "", 400, ""})
	master.tls = true
	for _, path := range []string{"/skip/capabilities", "/skip/entropy", toConnie, unknownSKIPKey, toSofia + "status"} {
		master.do(call{"GET", path, "sam", 401, ""})
	}
	master.tls = false
}

func driveOutage(master, slave *described, network *hubs) {
	ids := master.makeKeys()
	network.down.Store(true)
	master.do(call{"GET", toSofia + "enc_keys", "", 503, ""})
	slave.do(call{"GET", keys + "sam/dec_keys" + ids[0], sofia, 503, ""})
	network.down.Store(false)
	slave.do(call{"GET", keys + "sam/dec_keys" + ids[0], sofia, 200, ""})
}

// driveDeadline makes requests with a short deadline of a client whose hubs never answer.
func (d *described) driveDeadline() {
	network := stalled{make(chan struct{}, 1)}
	noEntropy := func(purpose string) io.Reader {
		if purpose == "entropy" {
			return strings.NewReader("")
		}
		return rand.Reader
	}
	waiting := newDescribed(d.t, client.Config{Name: "carol", Systems: []string{"connie"}, Transport: network, Random: noEntropy})
	waiting.Shares(d.Contract)
	waiting.run()
	<-network.reached // it is running
	ctx, cancel := context.WithDeadline(d.t.Context(), time.Now())
	defer cancel()
	for _, path := range []string{"status", "enc_keys", "dec_keys" + unknownKey} {
		waiting.doWithin(ctx, call{"GET", toSofia + path, "", 504, ""})
	}
	waiting.doWithin(ctx, call{"POST", toSofia + "enc_keys", "", 504, "{}"})
	waiting.doWithin(ctx, call{"POST", toSofia + "dec_keys", "", 504, unknownIDs})
	waiting.doWithin(ctx, call{"GET", toConnie, "", 504, ""})
	waiting.doWithin(ctx, call{"GET", unknownSKIPKey, "", 504, ""})
	waiting.do(call{"GET", "/skip/entropy", "", 503, ""})
}

func TestDescriptionHasAllRoutes(t *testing.T) {
	d := newDescribed(t, client.Config{Name: "carol", Transport: newHubs(t)})
	registered := contract.Routes(d.client.Router(), client.Prefix)
	if listed := d.Operations(); !slices.Equal(registered, listed) {
		t.Errorf("registered %q\ndescribed  %q", registered, listed)
	}
}

func TestDocsAreReadableOffline(t *testing.T) {
	d := newDescribed(t, client.Config{Name: "connie", Transport: newHubs(t)})
	if err := contract.CheckDocs(d.handler, d.prefix); err != nil {
		t.Error(err)
	}
}
