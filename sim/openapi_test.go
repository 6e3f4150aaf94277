package sim

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"dske/node/contract"
	"dske/protocol"
)

// described is the network's own interface together with its description.
type described struct {
	*testNetwork
	*contract.Contract
}

func newDescribed(t *testing.T) described {
	t.Helper()
	c, err := contract.Parse([]byte(API))
	if err != nil {
		t.Fatal(err)
	}
	return described{start(t, Config{Transport: Loopback, Listen: "127.0.0.1:0", KMEListen: slices.Repeat([]string{"127.0.0.1:0"}, 5)}), c}
}

// call makes a request and compares the response, which must have the given status, with the
// description.
func (d described) call(method, path, body string, status int) {
	d.Helper()
	r := httptest.NewRequest(method, "/sim/v1"+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	if w.Code != status {
		d.Errorf("%s %s: %d %s, want %d", method, path, w.Code, w.Body, status)
	}
	r.Body = io.NopCloser(strings.NewReader(body)) // the handler has read the body
	if err := d.Check(r, w); err != nil {
		d.Errorf("%s %s, %d: %v", method, path, w.Code, err)
	}
}

func TestResponsesAreDescribed(t *testing.T) {
	d := newDescribed(t)
	d.call("GET", "/events", "", 200)
	d.call("GET", "/faults", "", 200)
	d.call("POST", "/faults", `{"spec": "tamper=request to=hub/hank method=POST"}`, 200)
	d.call("PUT", "/nodes/hub/helen/corrupt", "", 200)
	d.keyPair("sam", "sofia", 256)
	d.call("GET", "/idle", "", 200)
	for _, path := range []string{"/topology", "/nodes", "/faults", "/events?after=3"} {
		d.call("GET", path, "", 200)
	}
	d.call("DELETE", "/faults/1", "", 200)
	d.call("DELETE", "/faults/1", "", 404)
	d.call("DELETE", "/nodes/hub/helen/corrupt", "", 200)
	d.call("DELETE", "/faults", "", 200)
	d.call("POST", "/nodes/client/carol/stop", "", 200)
	d.call("GET", "/topology", "", 200)
	d.call("GET", "/nodes", "", 200)
	d.call("POST", "/nodes/client/carol/start", "", 200)
	d.call("GET", "/ready", "", 200)
	d.call("GET", "/own/ready", "", 200)
	d.call("GET", "/own/idle", "", 200)
	d.call("GET", "/nodes/hub/hank", "", 200)
	d.call("GET", "/nodes/client/carol", "", 200)
	d.call("GET", "/nodes/router/ralph", "", 404)

	for _, verb := range []string{"copy", "restore"} {
		d.call("POST", "/nodes/hub/hank/"+verb, "", 409)
	}
	d.call("POST", "/nodes/hub/hank/crash", "", 200)
	d.call("POST", "/nodes/hub/hank/start", "", 200)
	driveCopies(t, d)

	for verb, method := range map[string]string{"start": "POST", "stop": "POST", "crash": "POST", "copy": "POST", "restore": "POST", "corrupt": "PUT"} {
		d.call(method, "/nodes/hub/nobody/"+verb, "", 404)
		d.call(method, "/nodes/router/ralph/"+verb, "", 404)
	}
	for _, method := range []string{"PUT", "DELETE"} {
		d.call(method, "/nodes/client/carol/corrupt", "", 400)
		d.call(method, "/nodes/hub/nobody/corrupt", "", 404)
	}
	d.call("GET", "/events?after=x", "", 400)
	d.call("POST", "/faults", `{"spec": "dorp"}`, 400)
	d.call("POST", "/faults", "{", 400)
	d.call("POST", "/faults", strings.Repeat(" ", maxSpec+1), 413)
	d.call("PUT", "/faults", "", 405)
	d.call("GET", "/nowhere", "", 404)
	if unseen := d.Unseen(); unseen != nil {
		t.Errorf("described and not seen: %q", unseen)
	}
}

// driveCopies copies and restores a disk.
func driveCopies(t *testing.T, d described) {
	d.testNetwork = durable(t, protocol.SuiteITS)
	for _, verb := range []string{"copy", "crash", "restore", "start"} {
		d.call("POST", "/nodes/hub/hank/"+verb, "", 200)
	}
}

func TestDescriptionHasAllRoutes(t *testing.T) {
	d := newDescribed(t)
	betweenProcesses := func(route string) bool {
		return strings.Contains(route, " /own/faults") || strings.Contains(route, " /own/messages")
	}
	registered := slices.DeleteFunc(contract.Routes(d.router.Echo, "/sim/v1"), betweenProcesses)
	if listed := d.Operations(); !slices.Equal(registered, listed) {
		t.Errorf("registered %q\ndescribed  %q", registered, listed)
	}
}

func TestOnlyHubsLie(t *testing.T) {
	n := start(t, Config{})
	if status, body := n.do(http.MethodPut, "/sim/v1/nodes/client/carol/corrupt", nil, ""); status != http.StatusBadRequest || !strings.Contains(body, "Only hubs can lie.") {
		t.Errorf("%d %s", status, body)
	}
}

// The description lists all suites.
func TestDescriptionHasAllSuites(t *testing.T) {
	var d struct {
		Components struct {
			Schemas struct {
				Topology struct {
					Properties struct{ Suite struct{ Enum []string } }
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(API), &d); err != nil {
		t.Fatal(err)
	}
	listed := slices.Sorted(slices.Values(d.Components.Schemas.Topology.Properties.Suite.Enum))
	if want := slices.Sorted(slices.Values(protocol.SuiteNames())); !slices.Equal(listed, want) {
		t.Errorf("described are %q, not %q", listed, want)
	}
}
