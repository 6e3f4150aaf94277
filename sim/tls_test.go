package sim

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"dske/etsi"
	"dske/sim/certs"
	"dske/sim/topology"
)

// certify writes certificates for the reference topology.
func certify(t testing.TB) certs.Directory {
	t.Helper()
	dir := certs.Directory(t.TempDir())
	names := certs.Names{
		KMEs: []string{"carol", "celia", "cindy", "connie", "curtis"},
		SAEs: []string{"sam", "serena", "cindy", "sofia", "sunny", "susan", "mallory"},
	}
	if err := dir.Write(names); err != nil {
		t.Fatal(err)
	}
	return dir
}

// shows returns the ETSI client of a holder of a certificate, at any client.
func (n *testNetwork) shows(dir certs.Directory, shown certs.Pair, url string) *etsi.Client {
	n.Helper()
	config, err := dir.Client(shown)
	if err != nil {
		n.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: config}
	n.Cleanup(transport.CloseIdleConnections)
	return &etsi.Client{URL: url, HTTP: &http.Client{Transport: transport}}
}

func (n *testNetwork) kme(client string) string { return n.URL() + "/client/" + client + "/etsi" }

func TestTLS(t *testing.T) {
	dir := certify(t)
	for _, transport := range []string{Loopback, Memory} {
		for _, everybody := range []bool{false, true} {
			t.Run(fmt.Sprint(transport, everybody), func(t *testing.T) {
				n := start(t, Config{Transport: transport, Listen: "127.0.0.1:0", TLS: dir, TLSAll: everybody})
				sam := n.shows(dir, dir.SAE("sam"), n.kme("carol"))
				made, err := sam.GetKey(t.Context(), "sofia", etsi.KeyRequest{})
				if err != nil {
					t.Fatal(err)
				}
				sofia := n.shows(dir, dir.SAE("sofia"), n.kme("connie"))
				fetched, err := sofia.GetKeyWithKeyIDs(t.Context(), "sam", made[0].ID)
				if err != nil || !bytes.Equal(fetched[0].Key.Reveal(), made[0].Key.Reveal()) {
					t.Errorf("sofia fetches %v, %v", fetched, err)
				}
			})
		}
	}
}

func TestWhoIsCallingOverTLS(t *testing.T) {
	dir, other := certify(t), certify(t)
	n := start(t, Config{Transport: Loopback, Listen: "127.0.0.1:0", TLS: dir})
	for _, caller := range []struct {
		name  string
		shown certs.Pair
	}{
		{"an SAE of another KME", dir.SAE("sofia")},
		{"an SAE of no KME", dir.SAE("mallory")},
		{"the operator", dir.Operator()},
	} {
		client := n.shows(dir, caller.shown, n.kme("carol"))
		client.SAE = "sam" // it does not count
		if _, err := client.Status(t.Context(), "sofia"); !errors.Is(err, etsi.ErrUnauthorized) {
			t.Errorf("%s: %v, want %v", caller.name, err, etsi.ErrUnauthorized)
		}
	}
	nobody := n.shows(dir, dir.SAE("sam"), n.kme("carol"))
	nobody.HTTP.Transport.(*http.Transport).TLSClientConfig.Certificates = nil
	nobody.SAE = "sam"
	if _, err := nobody.Status(t.Context(), "sofia"); !errors.Is(err, etsi.ErrUnauthorized) {
		t.Errorf("without a certificate: %v, want %v", err, etsi.ErrUnauthorized)
	}
	stranger := n.shows(dir, other.SAE("sam"), n.kme("carol"))
	if _, err := stranger.Status(t.Context(), "sofia"); err == nil || errors.As(err, new(*etsi.Error)) {
		t.Errorf("with a certificate of another authority: %v, want a failed handshake", err)
	}
}

// TestIdentityOfResumedSession connects again without a new handshake; the caller is still known.
func TestIdentityOfResumedSession(t *testing.T) {
	dir := certify(t)
	n := start(t, Config{Transport: Loopback, Listen: "127.0.0.1:0", TLS: dir})
	sam := n.shows(dir, dir.SAE("sam"), n.kme("carol"))
	transport := sam.HTTP.Transport.(*http.Transport)
	transport.TLSClientConfig.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	transport.DisableKeepAlives = true
	resumed := 0
	transport.TLSClientConfig.VerifyConnection = func(state tls.ConnectionState) error {
		if state.DidResume {
			resumed++
		}
		return nil
	}
	for range 3 {
		if _, err := sam.Status(t.Context(), "sofia"); err != nil {
			t.Error(err)
		}
	}
	if resumed == 0 {
		t.Error("no session was resumed")
	}
}

func TestManagementOverTLS(t *testing.T) {
	dir := certify(t)
	for _, everybody := range []bool{false, true} {
		n := start(t, Config{Transport: Loopback, Listen: "127.0.0.1:0", TLS: dir, TLSAll: everybody})
		nobody := n.shows(dir, dir.SAE("sam"), "").HTTP
		nobody.Transport.(*http.Transport).TLSClientConfig.Certificates = nil
		if _, err := (Remote{URL: n.URL(), HTTP: nobody}).Topology(t.Context()); (err != nil) != everybody {
			t.Errorf("without a certificate, which everybody has to show: %v: %v", everybody, err)
		}
		remote := Remote{URL: n.URL(), HTTP: n.shows(dir, dir.Operator(), "").HTTP}
		if err := remote.Stop(t.Context(), "hub/hank"); err != nil {
			t.Error(err)
		}
	}
}

func TestTLSWithoutCertificates(t *testing.T) {
	_, err := New(Config{Topology: topology.Reference(), Listen: "127.0.0.1:0", TLS: certs.Directory(t.TempDir())})
	if err == nil || !strings.Contains(err.Error(), "dske certs") {
		t.Errorf("got %v", err)
	}
}

// kmePorts has an address for each client of the reference topology.
var kmePorts = []string{"127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"}

func (n *testNetwork) port(client string) string {
	for _, c := range n.Overview().Clients {
		if c.Name == client {
			return c.KMEURL
		}
	}
	n.Fatal("no such client")
	return ""
}

func TestPortPerKME(t *testing.T) {
	n := start(t, Config{KMEListen: kmePorts})
	sam := &etsi.Client{URL: n.port("carol"), SAE: "sam"}
	sofia := &etsi.Client{URL: n.port("connie")}
	made, err := sam.GetKey(t.Context(), "sofia", etsi.KeyRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sofia.GetKeyWithKeyIDs(t.Context(), "sam", made[0].ID); err != nil {
		t.Error(err)
	}
	if _, err := sam.Status(t.Context(), "a/b"); err == nil || !strings.Contains(err.Error(), "unknown slave SAE") {
		t.Errorf("an ID that is encoded in the path: %v", err)
	}
	for _, path := range []string{"/", "/sim/v1/topology", "/client/carol/mgmt/v1/status", "/api/v1/keys"} {
		response, err := http.Get(n.port("carol") + path)
		if err != nil {
			t.Fatal(err)
		}
		if response.Body.Close(); response.StatusCode != 404 {
			t.Errorf("%s: %s", path, response.Status)
		}
	}
	n.stop("client/carol")
	var refused *etsi.Error
	if _, err := sam.Status(t.Context(), "sofia"); !errors.As(err, &refused) || refused.Status != 503 {
		t.Errorf("of a stopped client: %v", err)
	}
	n.start("client/carol")
	if _, err := sam.Status(t.Context(), "sofia"); err != nil {
		t.Error(err)
	}
}

func TestPortPerKMEOverTLS(t *testing.T) {
	dir := certify(t)
	n := start(t, Config{KMEListen: kmePorts, TLS: dir})
	if _, err := n.shows(dir, dir.SAE("sam"), n.port("carol")).Status(t.Context(), "sofia"); err != nil {
		t.Error(err)
	}
	if _, err := n.shows(dir, dir.SAE("sam"), n.port("connie")).Status(t.Context(), "sofia"); !errors.Is(err, etsi.ErrUnauthorized) {
		t.Errorf("sam at connie: %v", err)
	}
}

func TestKMEByHostName(t *testing.T) {
	n := start(t, Config{})
	for host, want := range map[string]int{
		"carol.localhost":      200,
		"carol.localhost:8100": 200,
		"CAROL.LOCALHOST":      200,
		"nobody.localhost":     404,
		"localhost":            404,
		"carol.example":        404,
	} {
		r, err := http.NewRequest("GET", "http://"+host+"/api/v1/keys/sofia/status", nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := n.outside.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		if response.Body.Close(); response.StatusCode != want {
			t.Errorf("%s: %d, want %d", host, response.StatusCode, want)
		}
	}
}

func TestKMEPortInUse(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	listen := []string{"127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0", taken.Addr().String()}
	n, err := New(Config{Topology: topology.Reference(), Listen: "127.0.0.1:0", KMEListen: listen})
	if err != nil {
		t.Fatal(err)
	}
	err = n.Run(context.Background())
	if err == nil || !strings.Contains(err.Error(), "cannot listen on "+taken.Addr().String()) || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
	if connection, err := net.Dial("tcp", n.ports[0].listener.Addr().String()); err == nil {
		connection.Close()
		t.Error("the port of the network is still open")
	}
}

func TestPortOnAllAddresses(t *testing.T) {
	n := start(t, Config{Transport: Loopback, Listen: ":0", TLS: certify(t)})
	if !strings.HasPrefix(n.URL(), "https://localhost:") {
		t.Errorf("the URL is %s", n.URL())
	}
}
