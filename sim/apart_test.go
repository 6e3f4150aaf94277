package sim

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"dske/etsi"
	"dske/sim/certs"
	"dske/sim/simtest/ports"
	"dske/sim/topology"
)

func tokenOf(client string) string { return "secret of " + client }

// divided returns two configurations of a topology of two hubs and two clients at two addresses:
// the first hub and client run at the first address, the others at the second.
func divided(t *testing.T, scheme string) (here, there Config) {
	t.Helper()
	addresses := ports.Free(t, 2)
	first, second := addresses[0], addresses[1]
	text := fmt.Sprintf("hubs: [{name: h1, url: '%[1]s://%[2]s/hub/h1'}, {name: h2, url: '%[1]s://%[3]s/hub/h2'}]\n"+
		"clients: [{name: carol, encryptors: [{name: sam}], url: '%[1]s://%[2]s/client/carol'}, {name: connie, encryptors: [{name: sofia}], url: '%[1]s://%[3]s/client/connie'}]\n",
		scheme, first, second)
	of := func(listen string, names ...string) Config {
		top := load(t, text)
		if err := top.RunOnly(names); err != nil {
			t.Fatal(err)
		}
		return Config{Topology: top, Transport: Loopback, Listen: listen, Tokens: tokenOf}
	}
	return of(first, "hub/h1", "client/carol"), of(second, "hub/h2", "client/connie")
}

// Two processes of a network over TLS: the nodes reach each other, and an encryptor is referred to
// its own client, where its certificate counts.
func TestElsewhereOverTLS(t *testing.T) {
	dir := certs.Directory(filepath.Join(t.TempDir(), "certs"))
	if err := dir.Write(certs.Names{KMEs: []string{"carol", "connie"}, SAEs: []string{"sam", "sofia"}}); err != nil {
		t.Fatal(err)
	}
	here, there := divided(t, "https")
	here.TLS, there.TLS = dir, dir
	second := make(chan *testNetwork)
	t.Run("both", func(t *testing.T) {
		go func() { second <- start(t, there) }()
		n, other := start(t, here), <-second
		client := func(name, sae string) *etsi.Client {
			secure, err := dir.Client(dir.SAE(sae))
			if err != nil {
				t.Fatal(err)
			}
			return &etsi.Client{URL: n.at("client/"+name).base() + "/etsi", SAE: sae, HTTP: &http.Client{Transport: &http.Transport{TLSClientConfig: secure}}}
		}
		keys, err := client("carol", "sam").GetKey(t.Context(), "sofia", etsi.KeyRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client("connie", "sofia").GetKeyWithKeyIDs(t.Context(), "sam", keys[0].ID); err != nil {
			t.Error(err)
		}
		status, body := n.do("GET", "/client/connie/etsi/api/v1/keys/sam/status", nil, "")
		if status != http.StatusMisdirectedRequest || !strings.Contains(body, "https://"+there.Listen+"/client/connie") {
			t.Errorf("%d %s", status, body)
		}
		for _, s := range []Snapshot{n.Snapshot(), other.Snapshot()} {
			if s.Hubs[0].State != "running" || s.Hubs[1].State != "running" || s.Hubs[0].PSRD.Associations != 2 || s.Clients[0].KeysMade != 1 || s.Clients[1].KeysDelivered != 1 {
				t.Errorf("%+v", s)
			}
		}
	})
}

// Whatever a node that runs elsewhere reports about itself, it can do no harm.
func TestElsewhereIsNotTrusted(t *testing.T) {
	type said struct {
		status int
		answer string
	}
	var says atomic.Pointer[said]
	says.Store(&said{http.StatusNotFound, ""})
	lies := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/client/connie/mgmt/v1/status" { // as of another implementation
			io.WriteString(w, `{"peer_hubs": [{"hub_name": "h1", "registered": true, "local_pool": {"blocks": [{"nr_unused_bytes": 7}]}}, {"hub_name": "h2"}]}`)
			return
		}
		w.WriteHeader(says.Load().status)
		io.WriteString(w, says.Load().answer)
	}))
	t.Cleanup(lies.Close)
	top := load(t, "hubs: [{name: h1}, {name: h2}]\nclients: [{name: carol, encryptors: [{name: sam}]}, {name: connie, encryptors: [{name: sofia}], url: '"+lies.URL+"/client/connie'}]\n")
	n := start(t, Config{Topology: top, Tokens: tokenOf})
	for _, test := range []struct {
		said
		running bool
		state   string
		levels  int
	}{
		{said{200, `{"name": "sofia", "running": true, "state": "<b>", "levels": [1, 2, 3, 4]}`}, true, "running", 0},
		{said{200, `{"running": true, "state": "ready", "levels": [1, 2]}`}, true, "ready", 2},
		{said{200, `{"running": "yes"}`}, false, stateUnreachable, 0},
		{said{200, strings.Repeat("[", 1000)}, false, stateUnreachable, 0},
		{said{500, `{"running": true}`}, false, stateUnreachable, 0},
		{said{404, ""}, true, "running", 2},
	} {
		says.Store(&test.said)
		s := n.Snapshot().Clients[1]
		if s.Name != "connie" || s.Running != test.running || s.State != test.state || len(s.Levels) != test.levels {
			t.Errorf("%.20s: %+v", test.answer, s)
		}
	}
}

// Requests for a node elsewhere are forwarded once. Requests between nodes are never forwarded.
func TestPassedOnOnce(t *testing.T) {
	top := load(t, "hubs: [{name: h1}, {name: h2, url: 'http://127.0.0.1:1/hub/h2'}]\nclients: [{name: carol}, {name: connie}]\npsrd: {lazy: true}\nsuite: dske-python\n")
	n, err := New(Config{Topology: top, Transport: Memory, Tokens: tokenOf})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		path, passed string
		status       int
	}{
		{"/mgmt/v1/status", "", http.StatusServiceUnavailable}, // nobody listens there
		{"/mgmt/v1/status", "1", http.StatusMisdirectedRequest},
		{"/dske/oob/v1/psrd", "", http.StatusMisdirectedRequest},
		{"/dske/api/v1/key-share", "", http.StatusMisdirectedRequest},
		{"/sim/v1/stop", "", http.StatusMisdirectedRequest},
	} {
		r := httptest.NewRequest(http.MethodGet, "/hub/h2"+test.path, nil)
		r.Header.Set(passedOn, test.passed)
		w := httptest.NewRecorder()
		n.ServeHTTP(w, r)
		if w.Code != test.status || !strings.Contains(w.Body.String(), "http://127.0.0.1:1/hub/h2") {
			t.Errorf("%s: %d %s", test.path, w.Code, w.Body)
		}
	}
}

func TestElsewhereInTheClear(t *testing.T) {
	for url, says := range map[string]string{
		"http://192.0.2.7:8100/hub/h2":    "in the clear",
		"http://h2.example/hub/h2":        "in the clear",
		"http://[2001:db8::1]:81/hub/h2":  "in the clear",
		"http://localhost.example/hub/h2": "in the clear",
		"http://127.0.0.1:1/hub/h2":       "",
		"http://[::1]:1/hub/h2":           "",
		"http://localhost:1/hub/h2":       "",
		"https://h2.example/hub/h2":       "",
	} {
		top := load(t, "hubs: [{name: h1}, {name: h2, url: '"+url+"'}]\nclients: [{name: carol}, {name: connie}]\n")
		_, err := New(Config{Topology: top, Transport: Memory, Tokens: tokenOf})
		if (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", url, err)
		}
	}
	top := topology.Reference()
	top.Hubs[0].URL = "http://127.0.0.1:1/hub/hank"
	if err := top.RunOnly(top.Nodes()[1:]); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Config{Topology: top, Transport: Memory}); err == nil || !strings.Contains(err.Error(), "prove to them who they are") {
		t.Errorf("without tokens: %v", err)
	}
}
