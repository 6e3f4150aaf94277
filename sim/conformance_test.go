package sim

import (
	"net/http"
	"testing"

	"dske/etsi/conformance"
	"dske/sim/certs"
)

func TestConformance(t *testing.T) {
	t.Run("HTTP", func(t *testing.T) {
		n := start(t, Config{})
		n.conforms(94, func(sae string) *http.Client { return &http.Client{Transport: n.outside} }, conformance.Suite{})
	})
	for name, everybody := range map[string]bool{"TLS": false, "TLS of all callers": true} {
		t.Run(name, func(t *testing.T) {
			dir := certify(t)
			n := start(t, Config{Transport: Loopback, Listen: "127.0.0.1:0", TLS: dir, TLSAll: everybody})
			show := func(sae string) *http.Client { return n.shows(dir, dir.SAE(sae), "").HTTP }
			n.conforms(94, show, conformance.Suite{NoCertificate: n.anonymous(dir), Stranger: n.stranger(dir)})
		})
	}
}

// conforms runs the suite with sam at carol as master, sofia at connie as slave, and two more at
// other clients, and expects at least the given number of checks.
func (n *testNetwork) conforms(least int, client func(sae string) *http.Client, suite conformance.Suite) {
	n.Helper()
	party := func(sae, kme string) conformance.Party {
		return conformance.Party{SAE: sae, URL: n.kme(kme), HTTP: client(sae)}
	}
	suite.Master, suite.Slave = party("sam", "carol"), party("sofia", "connie")
	suite.Others = []conformance.Party{party("serena", "celia"), party("susan", "curtis")}
	made := 0
	for result := range suite.Run(n.Context()) {
		if result.Err != nil {
			n.Errorf("%s %s: %v", result.Clause, result.Name, result.Err)
		}
		if result.Skipped == "" {
			made++
		}
	}
	if made < least {
		n.Errorf("only %d checks were made", made)
	}
}

func (n *testNetwork) anonymous(dir certs.Directory) *http.Client {
	n.Helper()
	client := n.shows(dir, dir.SAE("sam"), "").HTTP
	client.Transport.(*http.Transport).TLSClientConfig.Certificates = nil
	return client
}

func (n *testNetwork) stranger(dir certs.Directory) *http.Client {
	n.Helper()
	config, err := dir.Stranger("sam")
	if err != nil {
		n.Fatal(err)
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: config}}
}
