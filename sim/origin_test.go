package sim

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
)

func TestOtherSitesAreRefused(t *testing.T) {
	n := start(t, Config{Listen: "127.0.0.1:0"})
	ask := asking(t, n)
	const stop = "/sim/v1/nodes/hub/hank/stop"
	const enc = "/client/carol/etsi/api/v1/keys/sofia/enc_keys"
	page := map[string]string{"Accept-Language": "en", "Referer": "http://evil.example/"} // from a browser that leaves out Sec-Fetch-Site
	for _, test := range []struct {
		method, path, host string
		header             map[string]string
		status             int
		reason             string
	}{
		{"POST", stop, "", map[string]string{"Origin": "http://evil.example"}, 403, "another site"},
		{"POST", stop, "", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403, "another site"},
		{"POST", stop, "", map[string]string{"Sec-Fetch-Site": "same-site"}, 403, "another site"},
		{"POST", "/hub/hank/mgmt/v1/stop", "", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403, "another site"},
		{"POST", "/anything", "", map[string]string{"Origin": "null"}, 403, "another site"},
		{"DELETE", "/sim/v1/faults", "", map[string]string{"Origin": "http://evil.example"}, 403, "another site"},
		{"GET", "/sim/v1/topology", "evil.example", nil, 403, "localhost"},
		{"GET", "/sim/v1/topology", "localhost.evil.example:80", nil, 403, "localhost"},
		{"GET", "/sim/v1/topology", "localhost:8100", nil, 200, ""},
		{"GET", "/sim/v1/topology", "[::1]", nil, 200, ""},
		{"GET", "/sim/v1/topology", "localhost.:8100", nil, 200, ""}, // the fully qualified name
		{"GET", "/sim/v1/topology", "evil.example.", nil, 403, "localhost"},
		{"GET", "/sim/v1/topology", "", map[string]string{"Sec-Fetch-Site": "none"}, 200, ""}, // typed by hand
		{"GET", "/sim/v1/topology", "192.0.2.1:8100", nil, 200, ""},                           // of a proxy
		{"GET", "/sim/v1/topology", "127.0.0.2:8100", page, 200, ""},
		{"GET", "/sim/v1/topology", "[::1]:8100", page, 200, ""},
		{"GET", enc, "0.0.0.0:8100", page, 403, "127.0.0.1"},
		{"GET", enc, "[::]:8100", page, 403, "127.0.0.1"},
		{"GET", enc, "[::ffff:7f00:1]:8100", page, 403, "127.0.0.1"},
		{"GET", enc, "192.0.2.1", page, 403, "127.0.0.1"},
		{"POST", stop, "localhost", map[string]string{"Origin": "http://localhost"}, 200, ""},
		{"POST", stop, "", map[string]string{"Sec-Fetch-Site": "same-origin"}, 200, ""},
		{"POST", stop, "", nil, 200, ""},
		{"GET", "/hub/helen/docs", "", map[string]string{"Sec-Fetch-Site": "cross-site"}, 200, "frame-ancestors 'none'"},
		{"HEAD", "/hub/helen/docs", "", map[string]string{"Sec-Fetch-Site": "cross-site"}, 200, "frame-ancestors 'none'"},
		{"GET", "/client/carol/docs/swagger-ui.css", "", map[string]string{"Sec-Fetch-Site": "cross-site"}, 200, ""},
		{"POST", "/hub/helen/docs", "", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403, "another site"},
		{"GET", "/nonsense", "", nil, 404, "frame-ancestors 'none'"},
		{"GET", "/hub/nobody/docs", "", nil, 404, "frame-ancestors 'none'"},
	} {
		status, text := ask(test.method, test.path, test.host, test.header)
		if status != test.status || !strings.Contains(text, test.reason) {
			t.Errorf("%s %s to %q with %v: %d, want %d; %s", test.method, test.path, test.host, test.header, status, test.status, text)
		}
	}
}

// asking returns a function that requests a path of a network under a host name, and returns the
// answer.
func asking(t *testing.T, n *testNetwork) func(method, path, host string, header map[string]string) (int, string) {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return func(method, path, host string, header map[string]string) (int, string) {
		t.Helper()
		r, err := http.NewRequest(method, n.URL()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		for name, value := range header {
			r.Header.Set(name, value)
		}
		response, err := transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		var text strings.Builder
		response.Write(&text)
		return response.StatusCode, text.String()
	}
}

// A GET can have effects too: it makes keys, hands them out, spends PSRD and shows what the network
// does. Pages of other sites get none of it, and none of it can be shown in a frame.
func TestOtherSitesHaveNoEffect(t *testing.T) {
	n := start(t, Config{Listen: "127.0.0.1:0"})
	ask := asking(t, n)
	key := n.getKey("sam", "sofia", 256)
	before := n.Snapshot()
	for _, request := range []string{
		"GET /client/carol/etsi/api/v1/keys/sofia/enc_keys?number=128",
		"GET /client/connie/etsi/api/v1/keys/sam/dec_keys?key_ID=" + key.ID.String(),
		"GET /client/carol/etsi/api/v1/keys/sofia/status",
		"GET /client/c%61rol/etsi/api/v1/keys/sofia/enc_keys",
		"GET /client/carol/skip/key?remoteSystemID=connie",
		"GET /client/carol/skip/entropy",
		"GET /hub/hank/dske/oob/v1/psrd?client_name=carol&pool_owner=client&size=64",
		"DELETE /hub/hank/dske/oob/v1/registration?client_name=carol",
		"GET /hub/hank/dske/oob/v1/encryptors/sam",
		"GET /hub/hank/dske/api/v1/key-share",
		"GET /hub/hank/mgmt/v1/status",
		"GET /sim/v1/events",
		"GET /sim/v1/idle",
		"GET /dashboard/v1/stream",
		"GET /docsx", "GET /hub/hank/docsx",
	} {
		method, path, _ := strings.Cut(request, " ")
		for name, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "http://evil.example"} {
			status, text := ask(method, path, "", map[string]string{name: value})
			if status != 403 || !strings.Contains(text, "another site") || !strings.Contains(text, "frame-ancestors 'none'") {
				t.Errorf("%s with %s: %d, %s", request, name, status, text)
			}
		}
		if status, _ := ask(method, strings.TrimPrefix(path, "/client/carol/etsi"), "carol.localhost.", map[string]string{"Sec-Fetch-Site": "same-site"}); status != 403 {
			t.Errorf("%s by host name: %d", request, status)
		}
	}
	if after := n.Snapshot(); !reflect.DeepEqual(before, after) {
		t.Errorf("something has happened:\n%+v\n%+v", before, after)
	}
	if _, err := n.fetch("sam", "sofia", key.ID); err != nil {
		t.Errorf("the key has gone: %v", err)
	}
}

// Needless percent-encoding does not change a resource, except in paths of in-band messages, which
// have one spelling.
func TestSpellings(t *testing.T) {
	n := start(t, Config{Listen: "127.0.0.1:0"})
	ask := asking(t, n)
	for path, want := range map[string]int{
		"/client/%63arol/etsi/api/v1/keys/s%6Ffia/%73tatus": 200,
		"/hub/h%61nk/mgmt/v1/status":                        200,
		"/%68ub/hank/mgmt%2Fv1/status":                      404, // an encoded slash is not a separator
		"/%73im/v1/topology":                                200,
		"/hub/hank/%64ocs":                                  200,
		"/hub/h%61nk/dske/oob/v1/%70srd":                    400, // the query is missing
		"/hub/hank/dske/api/v1/key-share":                   400,
		"/hub/h%61nk/dske/api/v1/key-share":                 404,
		"/hub/hank/dske/%61pi/v1/key-share":                 404,
		"/hub/hank/dske/api/v1/key%2Dshare":                 404,
	} {
		if status, text := ask("GET", path, "", nil); status != want {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
}
