package sim

import (
	"encoding/json"
	"fmt"
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

// TestInterfacesAreApart fetches over either interface what was made over the other one.
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
