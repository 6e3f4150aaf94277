package conformance

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"dske/etsi/report"
	"dske/node"
	"dske/node/hub"
	"dske/node/store"
	"dske/protocol"
)

var (
	carol  = Party{Name: "carol", Encryptor: "sam", Token: "token of carol"}
	connie = Party{Name: "connie", Encryptor: "sofia", Token: "token of connie"}
)

// serve returns a hub that runs during the test, and the configuration to check it.
func serve(t *testing.T, config hub.Config, open bool) (http.Handler, Hub) {
	t.Helper()
	var clients []node.Enrolment
	if !open {
		for _, p := range []Party{carol, connie} {
			clients = append(clients, node.Enrolment{Name: p.Name, Token: p.Token, Encryptors: []string{p.Encryptor}, Hubs: []string{"hank"}})
		}
	}
	var err error
	if config.Directory, err = node.NewDirectory(open, clients); err != nil {
		t.Fatal(err)
	}
	config.Name = "hank"
	h, err := hub.New(config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { h.Run(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	return h.Handler(), Hub{Suite: config.Suite, Master: carol, Slave: connie}
}

// inMemory carries requests to a handler, without a network.
type inMemory struct{ http.Handler }

func (m inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	there := httptest.NewRequestWithContext(r.Context(), r.Method, r.URL.String(), r.Body)
	there.Header, there.ContentLength = r.Header.Clone(), r.ContentLength
	recorder := httptest.NewRecorder()
	m.ServeHTTP(recorder, there)
	return recorder.Result(), nil
}

// run checks the hub that a handler serves.
func (h Hub) run(t *testing.T, handler http.Handler) []report.Result {
	t.Helper()
	h.URL = "http://memory/hub/hank"
	client := &http.Client{Transport: inMemory{handler}}
	h.Master.HTTP, h.Slave.HTTP = client, client
	results, err := h.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var all []report.Result
	for r := range results {
		all = append(all, r)
	}
	return all
}

// secretBytes finds PSRD and keys.
var secretBytes = regexp.MustCompile(`"(data|key)": ?"[A-Za-z0-9+/]{8}`)

// conform fails the test if a check has failed, if fewer than least conform, if more are skipped,
// or if a result contains a secret.
func conform(t *testing.T, results []report.Result, least, skipped int) {
	t.Helper()
	for _, r := range results {
		if r.Err != nil {
			t.Errorf("%s, %s: %s: %v", r.Standard, r.Clause, r.Name, r.Err)
		}
		for _, e := range r.Exchanges {
			if text := fmt.Sprint(e); secretBytes.MatchString(text) || strings.Contains(text, carol.Token) {
				t.Errorf("%s: the report has a secret: %.300s", r.Name, text)
			}
		}
	}
	if n := (report.Report{Results: results}).Count(); n.Conform < least || n.Skipped > skipped {
		t.Errorf("%v", n)
	}
}

func TestHubsConform(t *testing.T) {
	for suite, open := range map[protocol.Suite]bool{protocol.ITS: false, protocol.Python: true} {
		t.Run(suite.Name(), func(t *testing.T) {
			handler, h := serve(t, hub.Config{Suite: suite, Number: 3}, open)
			conform(t, h.run(t, handler), 45, 10)
		})
	}
}

func TestDurableHubConforms(t *testing.T) {
	s, err := store.Open(store.Config{FS: store.NewMemoryDisk(), Dir: "/hank", Identity: store.Identity{Kind: "hub", Node: "hank", Suite: protocol.SuiteITS}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	handler, h := serve(t, hub.Config{Store: s}, false)
	conform(t, h.run(t, handler), 80, 3)
}
