package sim

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
)

func TestObserveRequests(t *testing.T) {
	n := start(t, Config{})
	var seen, also newsOf[Request]
	cancel := n.ObserveRequests(seen.add)
	cancelAlso := n.ObserveRequests(also.add)
	n.keyPair("sam", "sofia", 256)
	n.do("GET", "/client/carol/etsi/api/v1/keys/nobody/status", http.Header{"Authorization": {"sam"}}, "")
	n.do("GET", "/client/carol/nowhere", nil, "")
	n.do("GET", "/sim/v1/topology", nil, "")
	n.idle()
	count := map[string]int{}
	for _, r := range seen.take() {
		if r.Duration <= 0 || r.Start.IsZero() {
			t.Errorf("%+v", r)
		}
		count[fmt.Sprint(r.Node, " ", r.Method, " ", r.Route, " ", r.Status)]++
	}
	for request, want := range map[string]int{
		"client/carol GET /etsi/api/v1/keys/:sae/enc_keys 200":  1,
		"client/connie GET /etsi/api/v1/keys/:sae/dec_keys 200": 1,
		"client/carol GET /etsi/api/v1/keys/:sae/status 400":    1,
		"client/carol GET  404":                                 1,
		"hub/hank POST /dske/api/v1/key-share 200":              1,
		"hub/hank GET /dske/api/v1/key-share 200":               1,
	} {
		if count[request] != want {
			t.Errorf("%d times %s, want %d; seen are %v", count[request], request, want, count)
		}
	}
	if len(also.take()) < 12 {
		t.Error("the second observer was not told")
	}
	cancel()
	n.do("GET", "/hub/hank/mgmt/v1/status", nil, "")
	if len(seen.take()) != 0 || len(also.take()) != 1 {
		t.Error("cancel has no effect")
	}
	cancelAlso()
	if n.requests.Any() {
		t.Error("an observer is still there")
	}
}

// Requests by the host name or on the port of a client count as those of its node, too.
func TestObserveRequestsOfAppliances(t *testing.T) {
	n := start(t, Config{Transport: Loopback, Listen: "127.0.0.1:0", KMEListen: slices.Repeat([]string{"127.0.0.1:0"}, 5)})
	var seen newsOf[Request]
	defer n.ObserveRequests(seen.add)()
	response, err := (&http.Client{Transport: n.outside}).Get(n.Overview().Clients[0].KMEURL + "/api/v1/keys/sofia/status")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	for _, r := range seen.take() {
		if r.Node == "client/carol" && r.Route == "/etsi/api/v1/keys/:sae/status" && r.Status == http.StatusOK {
			return
		}
	}
	t.Error("it was not seen")
}
