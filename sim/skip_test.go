package sim

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"dske/etsi"
)

func TestSKIP(t *testing.T) {
	n := start(t, Config{})
	get := func(path string, want int) string {
		t.Helper()
		status, body := n.do("GET", path, nil, "")
		if status != want {
			t.Fatalf("%s: %d %s, want %d", path, status, body, want)
		}
		return strings.TrimSpace(body)
	}
	const capabilities = `{"entropy":true,"key":true,"algorithm":"DSKE","localSystemID":"carol","remoteSystemID":["celia","cindy","connie","curtis"]}`
	if got := get("/client/carol/skip/capabilities", 200); got != capabilities {
		t.Errorf("capabilities %s", got)
	}
	made := get("/client/carol/skip/key?remoteSystemID=connie", 200)
	var key struct{ KeyID, Key string }
	if err := json.Unmarshal([]byte(made), &key); err != nil || len(key.Key) != 64 {
		t.Fatal(made, err)
	}
	get("/client/curtis/skip/key/"+key.KeyID+"?remoteSystemID=carol", 400)
	path := "/client/connie/skip/key/" + key.KeyID + "?remoteSystemID=carol"
	if fetched := get(path, 200); fetched != made {
		t.Errorf("made %s, fetched %s", made, fetched)
	}
	get(path, 400)
	get("/client/carol/skip/entropy", 200)

	n.stop("hub/hank", "hub/helen", "hub/hugo")
	get("/client/carol/skip/key?remoteSystemID=connie", 503)
}

// TestInterfacesAreApart tries to fetch over each interface what was made over the other.
func TestInterfacesAreApart(t *testing.T) {
	n := start(t, Config{})
	overETSI := n.getKey("sam", "sofia", 256)
	hex := strings.ReplaceAll(overETSI.ID.String(), "-", "")
	if status, body := n.do("GET", "/client/connie/skip/key/"+hex+"?remoteSystemID=carol", nil, ""); status != 400 {
		t.Errorf("%d %s", status, body)
	}
	_, made := n.do("GET", "/client/carol/skip/key?remoteSystemID=connie", nil, "")
	var key struct{ KeyID string }
	if err := json.Unmarshal([]byte(made), &key); err != nil {
		t.Fatal(err)
	}
	id := fmt.Sprintf("%s-%s-%s-%s-%s", key.KeyID[:8], key.KeyID[8:12], key.KeyID[12:16], key.KeyID[16:20], key.KeyID[20:])
	for _, master := range []string{"sam", "skip:carol"} {
		for _, sae := range []string{"sofia", "skip:connie"} {
			header := map[string][]string{"Authorization": {sae}}
			if status, body := n.do("GET", "/client/connie/etsi/api/v1/keys/"+master+"/dec_keys?key_ID="+id, header, ""); status < 400 {
				t.Errorf("%s fetches as %s: %d %s", sae, master, status, body)
			}
		}
	}
}

func TestEncryptorOfSKIPIsNotListed(t *testing.T) {
	n := start(t, Config{})
	if _, body := n.do("GET", "/client/carol/mgmt/v1/status", nil, ""); strings.Contains(body, "skip:") {
		t.Errorf("the status of a client lists it: %s", body)
	}
	impostor := n.saeAt("skip:carol", "carol")
	if _, err := impostor.GetKey(t.Context(), "sofia", etsi.KeyRequest{}); err == nil {
		t.Error("it fetches keys over ETSI GS QKD 014")
	}
}

// TestSKIPAtTheRoot makes the requests of the draft, which have only a host and a port.
func TestSKIPAtTheRoot(t *testing.T) {
	n := start(t, Config{KMEListen: kmePorts})
	get := func(client, path string, want int) string {
		t.Helper()
		response, err := http.Get(n.port(client) + path)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != want {
			t.Fatalf("%s: %d %s, %v, want %d", path, response.StatusCode, body, err, want)
		}
		return strings.TrimSpace(string(body))
	}
	if got := get("carol", "/capabilities", 200); !strings.Contains(got, `"localSystemID":"carol"`) {
		t.Error(got)
	}
	made := get("carol", "/key?remoteSystemID=connie&size=128", 200)
	var key struct{ KeyID, Key string }
	if err := json.Unmarshal([]byte(made), &key); err != nil || len(key.Key) != 32 {
		t.Fatal(made, err)
	}
	path := "/key/" + strings.ToUpper(key.KeyID) + "?remoteSystemID=carol"
	if fetched := get("connie", path, 200); fetched != made {
		t.Errorf("made %s, fetched %s", made, fetched)
	}
	get("connie", path, 400)
	get("carol", "/entropy?minentropy=512", 200)
	for path, hint := range map[string]string{
		"/capabilities/":               "what is there is /capabilities",
		"//key?remoteSystemID=connie":  "what is there is /key",
		"//api/v1/keys//sofia/status/": "what is there is /api/v1/keys/sofia/status",
		"/api/v1/keys":                 "…/enc_keys",
		"/key/a/b":                     "/key/{keyId}",
		"/client/carol/skip/key":       "/key/{keyId}",
	} {
		if got := get("carol", path, 404); !strings.Contains(got, hint) || !strings.Contains(got, `"details":[`) {
			t.Errorf("%s: %s", path, got)
		}
	}
	n.stop("client/carol")
	for _, path := range []string{"/capabilities", "/api/v1/keys/sofia/status"} {
		if got := get("carol", path, 503); !strings.Contains(got, `"details":[`) {
			t.Errorf("of a stopped client: %s", got)
		}
	}
}

// TestNamesOfAKME uses names that a proxy forwards and appliances make up. They are accepted where
// only one KME is behind a port, but not from a browser.
func TestNamesOfAKME(t *testing.T) {
	n := start(t, Config{Listen: "127.0.0.1:0", KMEListen: kmePorts})
	for _, test := range []struct {
		url, host string
		header    http.Header
		want      int
	}{
		{n.port("carol"), "kp.example", nil, 200},
		{n.port("carol"), "sys_a", nil, 200},
		{n.port("carol"), "kp.example", http.Header{"User-Agent": {"python-requests/2.32"}, "Accept-Encoding": {"gzip"}}, 200},
		{n.port("carol"), "evil.example", http.Header{"User-Agent": {"Mozilla/5.0 (X11; Linux x86_64)"}}, 403},
		{n.port("carol"), "evil.example", http.Header{"Accept-Language": {""}}, 403},
		{n.port("carol"), "evil.example", http.Header{"Origin": {"http://evil.example"}}, 403},
		{n.port("carol"), "localhost", http.Header{"User-Agent": {"Mozilla/5.0 (X11; Linux x86_64)"}}, 200},
		{n.URL(), "carol.localhost", nil, 200},
		{n.URL(), "kp.example", nil, 403},
		{n.URL(), "sys_a", nil, 403},
	} {
		r, err := http.NewRequest("GET", test.url+"/capabilities", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = test.host
		if test.header != nil {
			r.Header = test.header
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != test.want {
			t.Errorf("%s at %s with %v: %d %s, %v", test.host, test.url, test.header, response.StatusCode, body, err)
		}
		if test.want == 403 && !strings.Contains(string(body), `"details":[`) {
			t.Errorf("%s", body)
		}
	}
}

func TestStrict401HasNoBody(t *testing.T) {
	for _, strict := range []bool{false, true} {
		dir := certify(t)
		n := start(t, Config{TLS: dir, KMEListen: kmePorts, Strict: strict})
		nobody := n.anonymous(dir)
		for _, path := range []string{"/api/v1/keys/sofia/status", "/capabilities"} {
			response, err := nobody.Get(n.port("carol") + path)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(response.Body)
			response.Body.Close()
			if err != nil || response.StatusCode != 401 || (len(body) == 0) != strict {
				t.Errorf("strict: %v: %s: %s %q, %v", strict, path, response.Status, body, err)
			}
		}
	}
}
