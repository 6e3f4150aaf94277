package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dske/etsi"
	"dske/node/hub"
	"dske/protocol"
	"dske/sim/certs"
	"dske/sim/topology"
)

const registrationPath = "/dske/oob/v1/registration"

// token returns the header that proves who a client is.
func token(value string) http.Header {
	h := http.Header{}
	h.Set(protocol.TokenHeader, value)
	return h
}

// load reads the YAML of a topology.
func load(t testing.TB, text string) *topology.Topology {
	t.Helper()
	top, err := topology.Load("test.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return top
}

// Connie uses two of four hubs. No hub gives a stranger her name, that of her encryptor, or a share
// for it, at any moment, over TLS or not.
func TestStrangersGetNothing(t *testing.T) {
	dir := certify(t)
	for _, suite := range protocol.Suites {
		for _, config := range []Config{{}, {Transport: Loopback, Listen: "127.0.0.1:0", TLS: dir}} {
			top := load(t, "threshold: 2\nhubs: [{name: h1}, {name: h2}, {name: h3}, {name: h4}]\nsuite: "+suite.Name()+
				"\nclients: [{name: carol, encryptors: [{name: sam}]}, {name: connie, encryptors: [{name: sofia}], hubs: [h1, h2]}]\n")
			config.Topology = top
			t.Run(fmt.Sprint(suite.Name(), config.TLS != ""), func(t *testing.T) {
				n := start(t, config)
				claim := func() {
					for _, h := range top.Hubs {
						for _, body := range []string{
							`{"client_name": "mallory", "encryptor_names": ["sofia"]}`,
							`{"client_name": "connie", "encryptor_names": ["sofia"]}`,
							`{"client_name": "sofia"}`,
						} {
							if status, answer := n.do("PUT", "/hub/"+h.Name+registrationPath, token("mine"), body); status != 403 {
								t.Errorf("%s at %s: %d %s", body, h.Name, status, answer)
							}
						}
					}
				}
				sae := n.sae
				if config.TLS != "" {
					sae = func(name string) *etsi.Client {
						return n.shows(dir, dir.SAE(name), n.kme(map[string]string{"sam": "carol", "sofia": "connie"}[name]))
					}
				}
				sam, sofia := sae("sam"), sae("sofia")
				pair := func(meanwhile func()) {
					keys, err := sam.GetKey(t.Context(), "sofia", etsi.KeyRequest{})
					if err != nil {
						t.Fatal(err)
					}
					meanwhile()
					got, err := sofia.GetKeyWithKeyIDs(t.Context(), "sam", keys[0].ID)
					if err != nil || !bytes.Equal(got[0].Key.Reveal(), keys[0].Key.Reveal()) {
						t.Errorf("sofia fetches %v, %v", got, err)
					}
				}
				claim()
				pair(claim)
				for _, hub := range []string{"hub/h1", "hub/h3", "hub/h4"} {
					n.stop(hub)
					n.start(hub)
				}
				claim()
				pair(claim)
				n.stop("client/connie")
				pair(func() {
					claim()
					n.start("client/connie")
				})
				if leak, err := n.Leak("hub/h3"); err != nil || len(leak.Shares) > 0 {
					t.Errorf("a hub that connie does not use has %d shares for her: %v", len(leak.Shares), err)
				}
			})
		}
	}
}

// A stranger who claims the name of a client from the start does not keep the network from becoming
// ready, over TLS or not.
func TestNameClaimedAtLaunch(t *testing.T) {
	top, err := topology.Generate(topology.Sizes{Hubs: 3, Clients: 20})
	if err != nil {
		t.Fatal(err)
	}
	claimAtLaunch(t, Config{Topology: top, Transport: Memory}, "hub1", "client20")
	claimAtLaunch(t, Config{Topology: topology.Reference(), Listen: "127.0.0.1:0", TLS: certify(t)}, "hank", "curtis")
}

func claimAtLaunch(t *testing.T, config Config, hub, client string) {
	n, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	running.Go(func() { n.Run(ctx) })
	ready := make(chan error, 1)
	running.Go(func() { ready <- n.WaitReady(ctx) })
	refused := 0
	for {
		select {
		case err := <-ready:
			if err != nil || refused == 0 {
				t.Errorf("%d attempts: %v", refused, err)
			}
			return
		default:
		}
		w := httptest.NewRecorder()
		r := httptest.NewRequest("PUT", "/hub/"+hub+registrationPath, strings.NewReader(`{"client_name": "`+client+`"}`))
		r.Header.Set(protocol.TokenHeader, "mine")
		n.ServeHTTP(w, r)
		switch w.Code {
		case http.StatusForbidden:
			refused++
		case http.StatusServiceUnavailable: // the hub does not run yet
		default:
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
}

// Clients learn within 5 s that a hub has lost its state, without traffic, even if some answers are
// lost.
func TestClientsLearnOfARestartedHub(t *testing.T) {
	for _, suite := range protocol.Suites {
		for _, fault := range []string{"", "drop method=GET path=/registration count=7", "delay=1s path=/hub-started"} {
			synctest.Test(t, func(t *testing.T) {
				top := topology.Reference()
				top.Suite = suite.Name()
				n := start(t, Config{Topology: top})
				if err := n.WaitIdle(t.Context()); err != nil {
					t.Fatal(err)
				}
				n.stop("hub/hank")
				if fault != "" {
					if err := n.Wire().AddFault(fault); err != nil {
						t.Fatal(err)
					}
				}
				n.start("hub/hank")
				time.Sleep(5 * time.Second)
				_, body := n.do("GET", "/hub/hank/mgmt/v1/status", nil, "")
				var seen hub.Inspection
				if err := json.Unmarshal([]byte(body), &seen); err != nil || len(seen.PeerClients) != len(top.Clients) {
					t.Errorf("%s, %q: %d clients have registered again: %v", suite.Name(), fault, len(seen.PeerClients), err)
				}
				for _, c := range n.Snapshot().Clients {
					if c.Levels[0] <= 0 {
						t.Errorf("%s has the levels %v", c.Name, c.Levels)
					}
				}
			})
		}
	}
}

// A client that runs elsewhere is enrolled, and has no place here. It may come without a token only
// in the Python suite.
func TestExternalClient(t *testing.T) {
	top := load(t, "threshold: 2\nhubs: [{name: h1}, {name: h2}]\nsuite: dske-python\nclients: [{name: carol, encryptors: [{name: sam}]}, "+
		"{name: python, external: true, encryptors: [{name: pam}]}, {name: dave, external: true, token: secret}]\n")
	n := start(t, Config{Topology: top})
	for _, test := range []struct {
		body, token string
		status      int
	}{
		{`{"client_name": "python", "encryptor_names": ["pam"]}`, "", 200},
		{`{"client_name": "dave"}`, "secret", 200},
		{`{"client_name": "dave"}`, "", 403},
		{`{"client_name": "python", "encryptor_names": ["sam"]}`, "", 403},
	} {
		if status, answer := n.do("PUT", "/hub/h1"+registrationPath, token(test.token), test.body); status != test.status {
			t.Errorf("%s with %q: %d %s", test.body, test.token, status, answer)
		}
	}
	if nodes := n.Overview().Nodes(); len(nodes) != 3 {
		t.Errorf("the nodes are %q", nodes)
	}
	n.getKey("sam", "pam", 256)
	if status, text := n.do("GET", "/sim/v1/topology", nil, ""); status != 200 || strings.Contains(text, "secret") {
		t.Errorf("%d %s", status, text)
	}
}

// Over TLS, too, a key that nobody could fetch is not made, and a key is delivered only once even
// if the slave's client restarts and most hubs have not heard of the delivery.
func TestKeysOverTLS(t *testing.T) {
	dir := certify(t)
	top := load(t, "threshold: 2\nhubs: [{name: h1}, {name: h2}, {name: h3}, {name: h4}, {name: h5}]\nclients: [{name: carol, encryptors: [{name: sam}]}, "+
		"{name: connie, encryptors: [{name: sofia}], hubs: [h1, h2, h3, h4]}, {name: celia, encryptors: [{name: serena}], hubs: [h4, h5]}]\n")
	n := start(t, Config{Topology: top, Transport: Loopback, Listen: "127.0.0.1:0", TLS: dir, TLSAll: true})
	sam, sofia := n.shows(dir, dir.SAE("sam"), n.kme("carol")), n.shows(dir, dir.SAE("sofia"), n.kme("connie"))
	var refused *etsi.Error
	if _, err := sofia.GetKey(t.Context(), "serena", etsi.KeyRequest{}); !errors.As(err, &refused) || refused.Status != 400 {
		t.Errorf("a key with one hub in common: %v", err)
	}
	keys, err := sam.GetKey(t.Context(), "sofia", etsi.KeyRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Wire().AddFault("drop method=GET path=/key-share to=h3,h4"); err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		_, err := sofia.GetKeyWithKeyIDs(t.Context(), "sam", keys[0].ID)
		if delivered := err == nil; delivered != (i == 0) {
			t.Errorf("request %d: %v", i+1, err)
		}
		n.ClearFaults()
		n.stop("client/connie")
		n.start("client/connie")
	}
}

// Over TLS a client proves its identity to hubs with its certificate. Neither a token nor any other
// certificate will do: of another client, of an encryptor with its name, of the operator, or of an
// authority that is trusted for encryptors.
func TestClientsProveThemselvesWithCertificates(t *testing.T) {
	dir, other := certify(t), certify(t)
	if _, err := dir.Add(certs.Names{SAEs: []string{"carol"}}); err != nil {
		t.Fatal(err)
	}
	authority, err := os.ReadFile(other.Authority().Certificate)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dir.Trust(authority); err != nil {
		t.Fatal(err)
	}
	top := topology.Reference()
	top.Clients = append(top.Clients, topology.Client{Name: "dave", External: true, Token: "dave's", Hubs: top.Clients[0].Hubs})
	n := start(t, Config{Topology: top, Transport: Loopback, Listen: "127.0.0.1:0", TLS: dir})
	encryptors := map[string]string{"carol": "sam", "dave": "dave"}
	for _, test := range []struct {
		shown  certs.Pair
		name   string
		token  string
		status int
	}{
		{dir.ToHubs("carol"), "carol", "", 200},
		{dir.ToHubs("celia"), "carol", "", 403},
		{dir.SAE("carol"), "carol", "", 403},
		{dir.Operator(), "carol", "", 403},
		{other.ToHubs("carol"), "carol", "", 403},
		{dir.Operator(), "carol", "any", 403},
		{dir.Operator(), "dave", "dave's", 200},
		{dir.Operator(), "dave", "", 403},
	} {
		sender := n.shows(dir, test.shown, "").HTTP
		r, err := http.NewRequest("PUT", n.URL()+"/hub/hank"+registrationPath, strings.NewReader(`{"client_name": "`+test.name+`", "encryptor_names": ["`+encryptors[test.name]+`"]}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header = token(test.token)
		response, err := sender.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if response.Body.Close(); response.StatusCode != test.status {
			t.Errorf("%s with %s and %q: %s", test.name, test.shown.Certificate, test.token, response.Status)
		}
	}
}
