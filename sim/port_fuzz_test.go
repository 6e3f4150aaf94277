package sim_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"dske/sim"
	"dske/sim/topology"
)

// FuzzPort sends arbitrary requests to what a port serves besides the nodes. It refuses what it
// cannot read, and never fails. The network does not run, so nothing happens.
func FuzzPort(f *testing.F) {
	for _, path := range []string{"/", "/sim/v1/faults", "/sim/v1/faults/1", "/sim/v1/exchanges", "/sim/v1/exchanges/1/ladder.svg", "/sim/v1/attack?exchange=1", "/sim/v1/nodes/hub/hank/start",
		"/sim/v1/nodes/hub/%68ank/corrupt", "/sim/v1/messages/-1", "/sim/v1/messages/99999999999999999999", "/sim/v1/topology", "/dashboard/v1/state", "/metrics", "/client/carol", "/hub//", "//", "/docs/../.."} {
		for _, method := range []string{"GET", "POST", "PUT", "DELETE"} {
			f.Add(method, path, "localhost", []byte(`{"spec": "drop to=hub/hank"}`))
		}
	}
	for _, body := range []string{"", "null", "[]", "{", `{"spec": 1}`, `{"spec": "drop to=hub/hank prob=1e400"}`, `{"master": "sam", "slave": "sofia"}`, `{"master": "sam"}`,
		`{"links": "listen", "hubs": ["hank", "hank", ""], "client": false}`, `{"links": "x", "hubs": null}`, strings.Repeat("[", 4000)} {
		f.Add("POST", "/sim/v1/faults", "carol.localhost:1", []byte(body))
		f.Add("POST", "/sim/v1/exchanges", "[::1]:80", []byte(body))
		f.Add("PUT", "/sim/v1/attack?exchange=%zz", "[::1", []byte(body))
		f.Add("PUT", "/sim/v1/attack?exchange=1", ".localhost.", []byte(body))
		f.Add("GET", "/api/v1/keys/sofia/enc_keys", "carol.localhost", []byte(body))
	}
	n, err := sim.New(sim.Config{
		Topology:  topology.Reference(),
		Transport: sim.Memory,
		Pages:     addPages,
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, method, path, host string, body []byte) {
		target, err := url.ParseRequestURI(path)
		if err != nil || strings.Contains(target.Path, "stream") || strings.Contains(target.Path, "events") || strings.Contains(target.Path, "ready") || strings.Contains(target.Path, "idle") { // these wait
			t.Skip()
		}
		r := &http.Request{Method: method, URL: target, Host: host, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body)), RequestURI: path}
		w := httptest.NewRecorder()
		n.ServeHTTP(w, r.WithContext(t.Context()))
		n.ClearFaults()
		if w.Code >= 500 && w.Code != http.StatusServiceUnavailable {
			t.Errorf("%s %s at %q with %q: %d %s", method, path, host, body, w.Code, w.Body)
		}
	})
}
