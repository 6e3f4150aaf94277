package sim

import (
	"net/http/httptest"
	"testing"

	"dske/node/conformance"
	"dske/protocol"
)

// A Python hub is recognised, and its known deviations are reported as expected.
func TestPythonHubConformsAsExpected(t *testing.T) {
	server := httptest.NewServer(newPythonHub("hank"))
	defer server.Close()
	h := conformance.Hub{URL: server.URL + "/hub/hank", Suite: protocol.Python,
		Master: conformance.Party{Name: "carol", Encryptor: "sam", Token: "t"}, Slave: conformance.Party{Name: "connie", Encryptor: "sofia", Token: "t"}}
	results, err := h.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	expected := map[string]bool{}
	count := map[string]int{}
	for r := range results {
		outcome, why := r.Outcome()
		count[outcome]++
		switch outcome {
		case "FAILED":
			t.Errorf("%s, %s: %s", r.Clause, r.Name, why)
		case "expected":
			expected[r.Name] = true
		}
	}
	for _, name := range []string{
		"a share is handed out once", "a second share for a key ID is 409, and the first one stays", "a request for a slave that the client does not serve is 403, and the share stays",
		"a wrong tag is 401, and costs nothing", "DELETE registration ends the pools, and shares stay", "out of PSRD is 503 with pool_owner, needed and available",
		"GET mgmt/v1/status describes clients, pools and shares without a byte of them",
	} {
		if !expected[name] {
			t.Errorf("%s: it does so", name)
		}
	}
	if count["conforms"] < 10 || count["expected"] < 25 {
		t.Errorf("%v", count)
	}
}
