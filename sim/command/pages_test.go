package command

import (
	"io"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"dske/node/client"
	"dske/node/contract"
	"dske/node/hub"
	"dske/sim"
	"dske/sim/simtest"
	"dske/sim/topology"
)

// port runs a network with its pages until the test ends.
func port(t *testing.T, top *topology.Topology) *sim.Network {
	t.Helper()
	return simtest.Start(t, sim.Config{Topology: top, Pages: addPages})
}

// operations returns the operations of a description, with a prefix.
func operations(t *testing.T, api, prefix string) []string {
	t.Helper()
	c, err := contract.Parse([]byte(api))
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, name := range c.Operations() {
		method, path, _ := strings.Cut(name, " ")
		list = append(list, method+" "+prefix+path)
	}
	return list
}

// The tests of the packages of the nodes and of the network show that their descriptions list all
// that they serve.
func TestTheWholePortIsDescribed(t *testing.T) {
	n := port(t, topology.Reference())
	c, err := contract.Fetch(n, "/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	pages := echo.New()
	addPages(n, pages)
	served := slices.Concat(
		contract.Routes(pages, ""),
		operations(t, sim.API, "/sim/v1"),
		operations(t, strings.ReplaceAll(hub.API, "{prefix}", "/"), "/hub/{hub}"),
		operations(t, strings.ReplaceAll(client.API, "{prefix}", "/"), "/client/{client}"),
	)
	slices.Sort(served)
	if listed := c.Operations(); !slices.Equal(served, listed) {
		t.Errorf("served    %q\ndescribed %q", served, listed)
	}
	if err := contract.CheckDocs(n, ""); err != nil {
		t.Error(err)
	}
}

// Every operation can be tried out in any topology, and answers as described.
func TestExamplesCanBeTriedOut(t *testing.T) {
	generated := simtest.Generate(t, topology.Sizes{Hubs: 3, Clients: 2, Threshold: 2})
	for _, top := range []*topology.Topology{topology.Reference(), generated} {
		n := port(t, top)
		c, err := contract.Fetch(n, "/openapi.json")
		if err != nil {
			t.Fatal(err)
		}
		requests, err := c.Examples()
		if err != nil {
			t.Fatal(err)
		}
		statuses := map[string]int{}
		for _, r := range requests {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Fatal(err)
			}
			name := r.Method + " " + r.URL.Path
			if strings.HasPrefix(name, "POST /sim/v1/nodes/") || strings.HasSuffix(name, "/stop") {
				continue // the others need the nodes
			}
			if strings.HasSuffix(name, "/stream") {
				continue // it does not end
			}
			r.Body = io.NopCloser(strings.NewReader(string(body)))
			w := httptest.NewRecorder()
			n.ServeHTTP(w, r)
			r.Body = io.NopCloser(strings.NewReader(string(body)))
			if err := c.Check(r, w); err != nil || w.Code >= 500 {
				t.Errorf("%s: %d %s: %v", name, w.Code, w.Body, err)
			}
			statuses[name] = w.Code
		}
		first, next := top.Clients[0], top.Clients[1]
		for _, name := range []string{
			"GET /client/" + first.Name + "/etsi/api/v1/keys/" + next.Encryptors[0].Name + "/enc_keys",
			"GET /client/" + first.Name + "/skip/key",
			"GET /hub/" + top.Hubs[0].Name + "/dske/oob/v1/encryptors/" + first.Encryptors[0].Name,
			"GET /hub/" + top.Hubs[0].Name + "/mgmt/v1/status",
			"POST /sim/v1/faults", "GET /metrics", "GET /docs", "GET /", "POST /sim/v1/exchanges",
		} {
			if statuses[name] != 200 {
				t.Errorf("%s: %d; all are %v", name, statuses[name], statuses)
			}
		}
	}
}

// Whatever has no effect can also be requested with HEAD.
func TestHead(t *testing.T) {
	n := port(t, topology.Reference())
	for _, path := range []string{"/", "/docs", "/docs/swagger-ui.css", "/metrics", "/openapi.json", "/hub/hank/docs", "/client/carol/openapi.json"} {
		w := httptest.NewRecorder()
		n.ServeHTTP(w, httptest.NewRequest("HEAD", path, nil))
		if w.Code != 200 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	for _, path := range []string{"/sim/v1/topology", "/client/carol/etsi/api/v1/keys/sofia/enc_keys"} { // these can have effects
		w := httptest.NewRecorder()
		n.ServeHTTP(w, httptest.NewRequest("HEAD", path, nil))
		if w.Code != 405 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}
