package sim

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"dske/sim/certs"
	"dske/sim/wire"
)

// refusals runs a network with TLS or without, and returns a function that returns the next refusal
// at its port.
func refusals(t *testing.T, config Config) (n *testNetwork, refused func() Refusal) {
	t.Helper()
	config.Transport, config.Listen = Loopback, "127.0.0.1:0"
	n = start(t, config)
	found := make(chan Refusal, 10)
	t.Cleanup(n.ObserveRefusals(func(r Refusal) { found <- r }))
	return n, func() Refusal {
		t.Helper()
		select {
		case r := <-found:
			return r
		case <-time.After(time.Minute):
			t.Fatal("nothing was refused")
			return Refusal{}
		}
	}
}

// ask sends a request of an encryptor to the port.
func ask(t *testing.T, client *http.Client, url, authorization string) int {
	t.Helper()
	request, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	response, err := client.Do(request)
	if err != nil {
		return 0
	}
	response.Body.Close()
	return response.StatusCode
}

func TestReasons(t *testing.T) {
	n, refused := refusals(t, Config{})
	made := n.getKey("sam", "sofia", 256).ID.String()
	for _, test := range []struct {
		path, caller string
		status       int
		text, helps  string
	}{
		{"celia/etsi/api/v1/keys/sofia/enc_keys", "fw-munich-01", 401,
			"celia does not serve fw-munich-01. Over plain HTTP the header Authorization carries the SAE ID. But the topology gives celia one encryptor, serena.",
			"Ask at the client that serves it: no client lists fw-munich-01 yet."},
		{"celia/etsi/api/v1/keys/sofia/enc_keys", "sam", 401, "celia does not serve sam.", "Ask at the client that serves it: carol lists sam."},
		{"curtis/etsi/api/v1/keys/sofia/enc_keys", "", 401, "Nobody said who is calling. Over plain HTTP the header Authorization carries the SAE ID.", "Send the header Authorization: sunny."},
		{"curtis/etsi/api/v1/keys/sam/dec_keys?key_ID=" + made, "susan", 401, "Key " + made[:8] + " is for another encryptor, not for susan. The hubs said so. The key was not touched", "Fetch it with the encryptor"},
		{"connie/etsi/api/v1/keys/sam/dec_keys?key_ID=" + strings.Repeat("0", 8) + made[8:], "sofia", 400, "connie has no key of this ID: never made, already fetched, or expired.", "A key can be fetched once."},
		{"carol/etsi/api/v1/keys/sofia/enc_keys?size=13", "sam", 400, "Size shall be a multiple of 8. size: 13.", ""},
	} {
		status := ask(t, http.DefaultClient, n.URL()+"/client/"+test.path, test.caller)
		r := refused()
		if status != test.status || r.Event.Status != status || r.Reason.Code != status || !strings.HasPrefix(r.Reason.Text, test.text) || !strings.Contains(strings.Join(r.Reason.Helps, "\n"), test.helps) {
			t.Errorf("%s of %s: %d, %+v", test.path, test.caller, status, r.Reason)
		}
		if r.Kind != wire.KindEncryptor || !strings.HasPrefix(r.Caller.Address, "127.0.0.1:") || r.Message.Response.Status != status || r.Message.Number != r.Event.Number {
			t.Errorf("%+v", r)
		}
	}
	n.stop("hub/hank")
	n.stop("hub/helen")
	n.stop("hub/hugo")
	ask(t, http.DefaultClient, n.URL()+"/client/carol/etsi/api/v1/keys/sofia/enc_keys", "sam")
	if r := refused(); r.Reason.Code != 503 || !strings.HasPrefix(r.Reason.Text, "Could not scatter enough shares for key.\nhank: Node is stopped.\nhelen: Node is stopped.\nhugo: Node is stopped.") {
		t.Errorf("%+v", r.Reason)
	}
}

// Observers and the log get only the start of a text that a stranger has made long.
func TestLongRequestsAreToldShortly(t *testing.T) {
	log := &lockedLog{}
	n, refused := refusals(t, Config{Logger: slog.New(slog.NewTextHandler(log, nil))})
	long := strings.Repeat("a", 20_000)
	for _, caller := range []string{"sofia", long} {
		ask(t, http.DefaultClient, n.URL()+"/client/connie/etsi/api/v1/keys/"+long+"/dec_keys?key_ID="+long, caller)
		event, err := json.Marshal(refused().Event)
		if err != nil || len(event) > 8*maxTold {
			t.Errorf("an event of %d bytes, %v", len(event), err)
		}
	}
	for line := range strings.Lines(log.String()) {
		if len(line) > 8*maxTold {
			t.Errorf("a line of %d bytes: %.80s", len(line), line)
		}
	}
}

func TestHandshakes(t *testing.T) {
	dir := certs.Directory(t.TempDir())
	if err := dir.Write(certs.Names{KMEs: []string{"carol", "celia", "cindy", "connie", "curtis"}, SAEs: []string{"sam", "fw-munich-01"}}); err != nil {
		t.Fatal(err)
	}
	n, refused := refusals(t, Config{TLS: dir, KMEListen: []string{"127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"}})
	celia := n.Overview().Clients[1].KMEURL
	call := func(config *tls.Config, err error) int {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		transport := &http.Transport{TLSClientConfig: config}
		defer transport.CloseIdleConnections()
		return ask(t, &http.Client{Transport: transport}, celia+"/api/v1/keys/sofia/enc_keys", "")
	}
	shown := func(name string) (*tls.Config, error) { return dir.Client(dir.SAE(name)) }

	if status := call(shown("fw-munich-01")); status != 401 {
		t.Errorf("%d", status)
	}
	if r := refused(); !strings.HasPrefix(r.Reason.Text, "celia does not serve fw-munich-01. The certificate is good: common name fw-munich-01, issued by this network’s authority.") ||
		r.Caller.Certificate == nil || r.Event.From != "sae/fw-munich-01" {
		t.Errorf("%+v %+v", r.Reason, r.Caller)
	}
	call(dir.Anonymous())
	if r := refused(); !strings.HasPrefix(r.Reason.Text, "Nobody said who is calling. Over TLS the certificate of the caller does") {
		t.Errorf("%+v", r.Reason)
	}
	call(dir.Client(dir.ToHubs("celia")))
	if r := refused(); r.Reason.Text != "The certificate has no common name, which those of SAEs have: it is for OU=client celia,O=DSKE simulator." {
		t.Errorf("%+v", r.Reason)
	}
	call(dir.Stranger("fw-munich-01"))
	if r := refused(); r.Kind != wire.KindHandshake || r.Event.Method != "" || r.Event.To != "client/celia" || !strings.HasPrefix(r.Reason.Text, "The certificate was issued by “") ||
		!strings.HasSuffix(r.Reason.Text, "” only, so the connection ended before any request was read.") || r.Caller.Certificate == nil {
		t.Errorf("%+v %+v", r.Event, r.Reason)
	}
	call(&tls.Config{}, nil) // does not trust the authority
	if r := refused(); !strings.HasPrefix(r.Reason.Text, "The caller did not accept the certificate of this port") {
		t.Errorf("%+v", r.Reason)
	}
	address := strings.TrimPrefix(celia, "https://")
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", address)
	if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || !strings.Contains(line, "400") {
		t.Errorf("%q, %v", line, err)
	}
	if r := refused(); !strings.HasPrefix(r.Reason.Text, "The caller did not speak TLS") {
		t.Errorf("%+v", r.Reason)
	}
}
