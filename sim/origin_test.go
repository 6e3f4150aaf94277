package sim

import (
	"net/http"
	"strings"
	"testing"
)

func TestOtherSitesAreRefused(t *testing.T) {
	n := start(t, Config{Listen: "127.0.0.1:0"})
	ask := func(method, path, host string, header map[string]string) (int, string) {
		t.Helper()
		r, err := http.NewRequest(method, n.URL()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		for name, value := range header {
			r.Header.Set(name, value)
		}
		transport := &http.Transport{}
		defer transport.CloseIdleConnections()
		response, err := transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		var text strings.Builder
		response.Write(&text)
		return response.StatusCode, text.String()
	}
	const stop = "/sim/v1/nodes/hub/hank/stop"
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
		{"GET", "/sim/v1/topology", "", map[string]string{"Sec-Fetch-Site": "cross-site"}, 200, ""}, // its page cannot read the answer
		{"POST", stop, "localhost", map[string]string{"Origin": "http://localhost"}, 200, ""},
		{"POST", stop, "", map[string]string{"Sec-Fetch-Site": "same-origin"}, 200, ""},
		{"POST", stop, "", nil, 200, ""},
	} {
		status, text := ask(test.method, test.path, test.host, test.header)
		if status != test.status || !strings.Contains(text, test.reason) {
			t.Errorf("%s %s to %q with %v: %d, want %d; %s", test.method, test.path, test.host, test.header, status, test.status, text)
		}
	}
}
