package exchange

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"dske/etsi"
	"dske/sim"
	"dske/sim/simtest"
	"dske/sim/topology"
	"dske/sim/wire"
)

// watched is a network with a book, and what its watchers are told.
type watched struct {
	*testing.T
	*Book
	network *sim.Network

	mu        sync.Mutex
	events    []wire.Event
	exchanges []Kept
}

func watch(t *testing.T, config sim.Config) *watched {
	t.Helper()
	w := &watched{T: t}
	config.Listen = "127.0.0.1:0"
	config.Pages = func(n *sim.Network, router *echo.Echo) {
		w.Book = NewBook(n)
		w.Book.Mount(router)
	}
	w.network = simtest.Start(t, config)
	t.Cleanup(w.Watch(w.message, w.exchange))
	return w
}

func (w *watched) message(e wire.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, e)
}

func (w *watched) exchange(k Kept) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.exchanges = append(w.exchanges, k)
}

// last returns the last exchange.
func (w *watched) last() Kept {
	w.Helper()
	kept := w.Kept()
	if len(kept) == 0 {
		w.Fatal("nothing is kept")
	}
	return kept[len(kept)-1]
}

// sae returns the ETSI client of an encryptor in this process.
func (w *watched) sae(name, client string) *etsi.Client {
	return &etsi.Client{URL: sim.KMEURL(w.network.URL(), client), SAE: name, HTTP: &http.Client{Transport: w.network.Wire().Direct("sae/" + name)}}
}

// pair makes a key for sam and fetches it for serena.
func (w *watched) pair() error {
	keys, err := w.sae("sam", "carol").GetKey(w.Context(), "serena", etsi.KeyRequest{})
	if err == nil {
		_, err = w.sae("serena", "celia").GetKeyWithKeyIDs(w.Context(), "sam", keys[0].ID)
	}
	return err
}

func (w *watched) idle() {
	w.Helper()
	if err := w.network.WaitIdle(w.Context()); err != nil {
		w.Fatal(err)
	}
}

// An exchange of encryptors themselves is like one on request.
func TestOutside(t *testing.T) {
	w := watch(t, sim.Config{})
	if err := w.pair(); err != nil {
		t.Fatal(err)
	}
	w.idle()
	k := w.last()
	if k.Origin != "outside" || k.Outcome.Kind != Made || k.Master.Encryptor != "sam" || k.Slave.Client != "celia" || len(k.Events) != 12 ||
		k.Master.Fingerprint == "" || k.Master.Fingerprint != k.Slave.Fingerprint || len(k.Outcome.Used) != 3 || len(k.Outcome.Liars) != 0 {
		t.Errorf("%+v", k.Exchange)
	}
	arrived := map[int]bool{}
	for i, h := range k.Hubs {
		arrived[h.Arrived] = true
		if h.Number != i+1 || !h.Placed || h.State != "running" || h.Fits == nil || !*h.Fits {
			t.Errorf("%+v", h)
		}
	}
	if len(arrived) != 5 || arrived[0] {
		t.Errorf("the order of arrival is %v", arrived)
	}
	for _, request := range []string{"GET " + Path + "/" + k.ID, "GET " + Path + "/" + k.ID + "/ladder.svg", "GET " + Path} {
		method, path, _ := strings.Cut(request, " ")
		if r := get(w.network, method, path, ""); r.Code != 200 {
			t.Errorf("%s: %d", request, r.Code)
		}
	}
	if r := get(w.network, "POST", Path+"/"+k.ID+"/values", ""); r.Code != 404 || !strings.Contains(r.Body.String(), "were not kept") {
		t.Errorf("the values: %d %s", r.Code, r.Body)
	}
}

// While nobody watches, nothing is recorded and no tap is on the wire.
func TestNobodyWatches(t *testing.T) {
	w := &watched{T: t}
	w.network = simtest.Start(t, sim.Config{Listen: "127.0.0.1:0", Pages: func(n *sim.Network, _ *echo.Echo) { w.Book = NewBook(n) }})
	stop := w.Watch(w.message, w.exchange)
	if !w.network.Wire().IsRead() {
		t.Error("messages are not read")
	}
	stop()
	if w.network.Wire().IsWatched() {
		t.Error("messages are still watched")
	}
	if err := w.pair(); err != nil || len(w.Kept()) != 0 || len(w.events) != 0 {
		t.Errorf("%v; %v, %v", err, w.Kept(), w.events)
	}
}

// Two lying hubs are identified; of three, nobody knows.
func TestLiarsAreFoundOut(t *testing.T) {
	w := watch(t, sim.Config{})
	for _, hub := range []string{"hub/helen", "hub/hilary"} {
		if err := w.network.Corrupt(hub); err != nil {
			t.Fatal(err)
		}
	}
	for _, makeKey := range []func() (*Exchange, error){
		func() (*Exchange, error) { return Run(t.Context(), w.network, "sam", "serena") },
		func() (*Exchange, error) { err := w.pair(); w.idle(); return w.last().Exchange, err },
	} {
		x, err := makeKey()
		if err != nil || x.Outcome.Kind != Made || fmt.Sprint(x.Outcome.Liars) != "[helen hilary]" || x.Hubs[1].State != "lies" || *x.Hubs[1].Fits || !*x.Hubs[0].Fits {
			t.Errorf("%v, %+v, %+v", err, x.Outcome, x.Hubs)
		}
		if slices.Sort(x.Outcome.Used); fmt.Sprint(x.Outcome.Used) != "[1 4 5]" {
			t.Errorf("the key is made of %v", x.Outcome.Used)
		}
	}
	if err := w.network.Corrupt("hub/hank"); err != nil {
		t.Fatal(err)
	}
	x, err := Run(t.Context(), w.network, "sam", "serena")
	if err != nil || x.Outcome.Kind != NoFit || len(x.Outcome.Liars) != 0 || x.Hubs[0].Fits != nil || x.Outcome.Reason.Code != 503 {
		t.Errorf("%v, %+v", err, x.Outcome)
	}
	if err := w.pair(); err == nil || w.last().Outcome.Kind != NoFit {
		t.Errorf("%v, %+v", err, w.last().Outcome)
	}
}

func TestOutcomes(t *testing.T) {
	w := watch(t, sim.Config{})
	run := func(master, slave string) Outcome {
		x, err := Run(t.Context(), w.network, master, slave)
		if err != nil {
			t.Fatal(err)
		}
		return x.Outcome
	}
	if err := w.network.Wire().AddFault("status=503 method=GET path=key-share"); err != nil {
		t.Fatal(err)
	}
	if o := run("sam", "serena"); o.Kind != TooFew || o.Reason.Code != 503 {
		t.Errorf("no share comes back: %+v", o)
	}
	w.network.ClearFaults()
	stop(t, w.network, "client/celia")
	if o := run("sam", "serena"); o.Kind != Refused || o.Reason.Text != "celia is stopped" {
		t.Errorf("the slave's client is stopped: %+v", o)
	}
	stop(t, w.network, "hub/hank", "hub/helen", "hub/hugo")
	if o := run("sam", "sofia"); o.Kind != TooFew {
		t.Errorf("three hubs are stopped: %+v", o)
	}
	stop(t, w.network, "client/carol")
	if o := run("sam", "sofia"); o.Kind != Refused {
		t.Errorf("the master's client is stopped: %+v", o)
	}
}

// A hub that has forgotten a client says so, the client registers again, and the picture shows it.
func TestForgottenClient(t *testing.T) {
	w := watch(t, sim.Config{})
	if err := w.network.Wire().AddFault("drop from=hub/holly path=hub-started"); err != nil { // so that it cannot tell its clients
		t.Fatal(err)
	}
	stop(t, w.network, "hub/holly")
	if err := w.network.Start(t.Context(), "hub/holly"); err != nil {
		t.Fatal(err)
	}
	x, err := Run(t.Context(), w.network, "sam", "serena")
	if err != nil || !x.Match {
		t.Fatal(err, x.Error)
	}
	forgot := slices.ContainsFunc(x.Events, func(e wire.Event) bool { return e.To == "hub/holly" && e.Status == http.StatusForbidden })
	again := slices.ContainsFunc(x.Events, func(e wire.Event) bool { return e.To == "hub/holly" && e.Again && e.Status == http.StatusOK })
	registered := slices.ContainsFunc(x.Events, func(e wire.Event) bool { return e.To == "hub/holly" && e.Kind == wire.KindRegistration })
	if x.Hubs[3].State != "forgot" || x.Hubs[3].Forgot == "" || !forgot || !again || !registered {
		t.Errorf("%+v, %v, %v, %v", x.Hubs[3], forgot, again, registered)
	}
}

// There are too many messages to parse all of them: an exchange that was not seen completely is not
// shown as complete.
func TestBusy(t *testing.T) {
	w := watch(t, sim.Config{Single: true})
	const keys = 120 // 12 messages each, far more than are parsed in a second
	began := time.Now()
	for range keys {
		if err := w.pair(); err != nil {
			t.Fatal(err)
		}
	}
	w.idle()
	if time.Since(began) > 10*time.Second {
		t.Skip("this machine is too slow for this test")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.events) < keys*12 { // and messages for PSRD
		t.Errorf("%d events", len(w.events))
	}
	for _, k := range w.Kept() {
		if k.Outcome.Kind != Made && k.Outcome.Kind != Waiting {
			t.Errorf("%+v", k.Outcome)
		}
	}
}

// Kept exchanges contain no key, PSRD or token.
func TestOpenedShowsNoSecrets(t *testing.T) {
	w := watch(t, sim.Config{})
	x := Kept{Exchange: &Exchange{}}
	if err := json.Unmarshal(get(w.network, "POST", Path, `{"master": "sam", "slave": "serena"}`).Body.Bytes(), &x); err != nil {
		t.Fatal(err)
	}
	var shown values
	if err := json.Unmarshal(get(w.network, "POST", Path+"/"+x.ID+"/values", "").Body.Bytes(), &shown); err != nil || len(shown.Master) != 32 {
		t.Fatal(err)
	}
	secret, _ := json.Marshal(shown.Master)
	for _, e := range x.Events {
		r := get(w.network, "GET", fmt.Sprintf("%s/%d", PathMessages, e.Number), "")
		var o Opened
		if err := json.Unmarshal(r.Body.Bytes(), &o); err != nil || r.Code != 200 {
			t.Fatalf("%d %s", r.Code, r.Body)
		}
		if strings.Contains(r.Body.String(), strings.Trim(string(secret), `"`)) {
			t.Errorf("message %d shows the key", e.Number)
		}
		if e.Kind == wire.KindShare && (len(o.Uses) != 3 || o.Uses[0].End != "carol and "+bare(e.To) || o.Verified == nil || !*o.Verified || !strings.Contains(o.RequestBody, "encrypted_share_value")) {
			t.Errorf("%+v", o)
		}
		reveal := get(w.network, "POST", fmt.Sprintf("%s/%d/reveal", PathMessages, e.Number), "")
		var share revealed
		if json.Unmarshal(reveal.Body.Bytes(), &share); e.Kind == wire.KindShare && (reveal.Code != 200 || len(share.Share) < 32) || e.Kind == wire.KindEncryptor && reveal.Code != 404 {
			t.Errorf("reveal of %s: %d %s", e.Kind, reveal.Code, reveal.Body)
		}
		if e.Kind == wire.KindEncryptor && !strings.Contains(o.ResponseBody, "(not shown)") {
			t.Errorf("%+v", o)
		}
	}
	for number, status := range map[string]int{"99999999": 404, "x": 400} {
		if r := get(w.network, "GET", PathMessages+"/"+number, ""); r.Code != status {
			t.Errorf("%s: %d", number, r.Code)
		}
	}
	m := wire.Message{Request: wire.Request{Method: "GET", Path: "/dske/oob/v1/psrd", Header: http.Header{"Authorization": {"token"}}}}
	m.Response = wire.Response{Status: 200, Body: []byte(`{"data": "c2VjcmV0"}`)}
	if safe := m.WithoutSecrets(); strings.Contains(fmt.Sprint(safe), "token") || strings.Contains(string(safe.Response.Body), "c2VjcmV0") {
		t.Errorf("%+v", safe)
	}
}

// A refusal is kept, with request and answer, even while nobody watches.
func TestRefusalIsKept(t *testing.T) {
	w := watch(t, sim.Config{})
	request, err := http.NewRequest("GET", sim.KMEURL(w.network.URL(), "celia")+"/api/v1/keys/sofia/enc_keys", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "fw-munich-01")
	response, err := remote(t, w.network).HTTP.Do(request)
	if err != nil || response.StatusCode != http.StatusUnauthorized {
		t.Fatal(err, response)
	}
	response.Body.Close()
	refused := w.Refusals()
	if len(refused) != 1 || refused[0].Caller.Address == "" || !strings.HasPrefix(refused[0].Reason.Text, "celia does not serve fw-munich-01.") || len(refused[0].Reason.Helps) != 2 {
		t.Fatalf("%+v", refused)
	}
	var o Opened
	if err := json.Unmarshal(get(w.network, "GET", fmt.Sprintf("%s/%d", PathMessages, refused[0].Number), "").Body.Bytes(), &o); err != nil || o.Status != 401 ||
		!slices.Contains(o.RequestHeaders, "Authorization: fw-munich-01") || o.Caller == nil || o.Reason == nil {
		t.Errorf("%v, %+v", err, o)
	}
}

// Messages are written by others: a malformed body is ignored, and breaks nothing.
func FuzzDescribe(f *testing.F) {
	f.Add("POST", "/dske/api/v1/key-share", "", `{"user_key_id": "x", "share_index": 1}`, `{}`, 200)
	f.Add("GET", "/dske/api/v1/key-share", "key_id=%zz", ``, `{"share_index": -5, "message": 7}`, 200)
	f.Add("GET", "/dske/api/v1/key-shares", "key_ids=a,,b", ``, `{"share_index": 1, "refused": [{"status": 404}, null]}`, 200)
	f.Add("GET", "/etsi/api/v1/keys/%2f/enc_keys", "", `[]`, `{"keys": [{"key_ID": 4, "key": "AA=="}]}`, 200)
	f.Add("POST", "/etsi/api/v1/keys/a/dec_keys", "", `{"key_IDs": [{"key_ID": "x"}]}`, `{"details": [1, null, {"causes": {}}]}`, 503)
	f.Fuzz(func(t *testing.T, method, path, query, sent, came string, status int) {
		m := wire.Message{Request: wire.Request{From: "client/a", To: "hub/b", Method: method, Path: path, Query: query, Header: http.Header{"Dske-Signature": {sent}}, Body: []byte(sent)}}
		m.Response = wire.Response{Status: status, Body: []byte(came)}
		describe(m)
		m.Fingerprint()
		safe := m.WithoutSecrets()
		(&Book{network: fuzzed}).uses(safe)
		peerOf(path)
	})
}

// fuzzed is a network that is not running.
var fuzzed, _ = sim.New(sim.Config{Topology: topology.Reference(), Transport: sim.Memory})
