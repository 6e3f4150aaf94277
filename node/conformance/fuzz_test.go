package conformance

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"dske/protocol"
)

// Any request to the hubs that the checker plays gets an answer.
func FuzzPlayedHub(f *testing.F) {
	registration := `{"client_name":"carol","encryptor_names":["sam"]}`
	f.Add("PUT", protocol.PathRegistration, "", "", registration)
	f.Add("GET", protocol.PathRegistration, "client_name=carol", "", "")
	f.Add("DELETE", protocol.PathRegistration, "client_name=carol", "", "")
	f.Add("GET", protocol.PathPSRD, "client_name=carol&pool_owner=hub&purpose=key&size=64", "", "")
	f.Add("GET", protocol.PathPSRD, "client_name=carol&pool_owner=hub&purpose=key&size=33", "", "")
	f.Add("GET", protocol.PathEncryptors+"/sam", "", "", "")
	f.Add("POST", protocol.PathKeyShare, "", "d5000000-0000-4000-8000-000000000001:0:32%nSjwLwHLvj//gizJfEKsLw==", `{"master_client_name":"carol"}`)
	f.Add("GET", protocol.PathKeyShares, "client_name=carol&master_sae_id=a&slave_sae_id=b&key_ids=", "x:y:z%", "")
	f.Add("PATCH", "//", "%zz", "", "")
	f.Fuzz(func(t *testing.T, method, path, query, signature, body string) {
		hubs := NewHubs(protocol.ITS, 1, "sofia")
		for _, r := range []request{{method: "PUT", path: protocol.PathRegistration, body: []byte(registration)}, {method, path, query, http.Header{protocol.SignatureHeader: {signature}}, []byte(body)}} {
			target := "/hub/h1" + r.path + "?" + r.query
			if u, err := url.ParseRequestURI(target); err != nil || u.Host != "" {
				return
			}
			there, err := http.NewRequest(r.method, target, strings.NewReader(string(r.body)))
			if err != nil {
				return
			}
			there.Header = r.header
			w := httptest.NewRecorder()
			if hubs.ServeHTTP(w, there); w.Code < 200 || w.Code > 599 {
				t.Errorf("%s %s: %d", r.method, target, w.Code)
			}
		}
	})
}
