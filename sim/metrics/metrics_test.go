package metrics

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"dske/etsi"
	"dske/sim"
	"dske/sim/simtest"
	"dske/sim/topology"
)

// start runs a generated network until the test ends.
func start(t testing.TB, hubs, clients int, size topology.PSRD) *sim.Network {
	t.Helper()
	top := simtest.Generate(t, topology.Sizes{Hubs: hubs, Clients: clients, Threshold: 2})
	top.PSRD = size
	return simtest.Start(t, sim.Config{Topology: top})
}

// usual is the default size of pools.
var usual = topology.PSRD{BlockSize: 16384, LowWater: 4096, HighWater: 16384}

func sae(n *sim.Network, number int) *etsi.Client {
	name := fmt.Sprint("sae", number)
	return &etsi.Client{
		URL:  fmt.Sprintf("%s/client/client%d/etsi", n.URL(), number),
		SAE:  name,
		HTTP: &http.Client{Transport: n.Wire().Transport("sae/" + name)},
	}
}

// keyPair makes a key for sae1 and fetches it for sae2.
func keyPair(t testing.TB, n *sim.Network) etsi.Key {
	t.Helper()
	made, err := sae(n, 1).GetKey(t.Context(), "sae2", etsi.KeyRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sae(n, 2).GetKeyWithKeyIDs(t.Context(), "sae1", made[0].ID); err != nil {
		t.Fatal(err)
	}
	if err := n.WaitIdle(t.Context()); err != nil {
		t.Fatal(err)
	}
	return made[0]
}

// scrape returns the lines that a handler serves, without comments.
func scrape(t testing.TB, h http.Handler) []string {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	var lines []string
	for line := range strings.Lines(w.Body.String()) {
		if !strings.HasPrefix(line, "#") {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	return lines
}

func TestValues(t *testing.T) {
	n := start(t, 3, 2, usual)
	h := Handler(n)
	keyPair(t, n)
	if _, err := sae(n, 2).GetKeyWithKeyIDs(t.Context(), "sae1", keyPair(t, n).ID); err == nil {
		t.Error("a key is delivered twice")
	}
	if err := errors.Join(n.WaitIdle(t.Context()), n.Stop(t.Context(), "hub/hub3")); err != nil {
		t.Fatal(err)
	}
	lines := scrape(t, h)
	for _, want := range []string{
		`dske_keys_made_total{node="client1"} 2`,
		`dske_keys_delivered_total{node="client2"} 2`,
		`dske_keys_delivered_total{node="client1"} 0`,
		`dske_shares_scattered_total{node="client1"} 6`,
		`dske_shares_gathered_total{node="client2"} 6`,
		`dske_shares_taken_total{node="hub3"} 2`,
		`dske_shares_handed_out_total{node="hub1"} 2`,
		`dske_shares_waiting{node="hub1"} 0`,
		`dske_shares_at_odds_total{node="client2"} 0`,
		`dske_shares_refused_total{kind="client",node="client2",reason="unknown_key"} 3`,
		`dske_shares_refused_total{kind="hub",node="hub1",reason="unknown_key"} 1`,
		`dske_failed_verifications_total{kind="hub",node="hub1"} 0`,
		`dske_associations{kind="client",node="client1"} 3`,
		`dske_associations{kind="hub",node="hub1"} 2`,
		`dske_associations{kind="hub",node="hub3"} 0`,
		// A pad and a signature for each share.
		`dske_psrd_available_bytes{kind="client",node="client1",owner="client"} ` + fmt.Sprint(3*(2*16384-2*(80+32))),
		`dske_psrd_allocated_bytes{kind="client",node="client1",owner="client"} 0`,
		`dske_psrd_consumed_bytes_total{kind="client",node="client1",owner="client"} ` + fmt.Sprint(3*2*(80+32)),
		`dske_psrd_consumed_bytes_total{kind="hub",node="hub3",owner="client"} ` + fmt.Sprint(2*(80+32)+3*32),
		`dske_nodes{kind="client",node="client1",state="ready"} 1`,
		`dske_nodes{kind="client",node="client1",state="running"} 0`,
		`dske_nodes{kind="hub",node="hub1",state="running"} 1`,
		`dske_nodes{kind="hub",node="hub3",state="running"} 0`,
		`dske_nodes{kind="hub",node="hub3",state="stopped"} 1`,
		`dske_request_duration_seconds_count{code="200",kind="client",method="GET",route="/etsi/api/v1/keys/:sae/enc_keys"} 2`,
		`dske_request_duration_seconds_count{code="400",kind="client",method="GET",route="/etsi/api/v1/keys/:sae/dec_keys"} 1`,
		`dske_request_duration_seconds_count{code="200",kind="hub",method="POST",route="/dske/api/v1/key-share"} 6`,
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("there is no %s in\n%s", want, strings.Join(lines, "\n"))
		}
	}
}

// names returns the metrics of the network, without those of the process.
func names(t *testing.T, r *prometheus.Registry) []string {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range families {
		if strings.HasPrefix(f.GetName(), "dske_") {
			names = append(names, f.GetName())
		}
	}
	return names
}

// complete returns the registry of a network in which every metric has a value.
func complete(t *testing.T) *prometheus.Registry {
	t.Helper()
	n := start(t, 2, 2, usual)
	r := newRegistry(n)
	keyPair(t, n)
	if err := n.Wire().AddFault("status=500 from=client/client1"); err != nil {
		t.Fatal(err)
	}
	if _, err := sae(n, 1).GetKey(t.Context(), "sae2", etsi.KeyRequest{}); err == nil {
		t.Error("a key without hubs")
	}
	return r
}

func TestLint(t *testing.T) {
	r := complete(t)
	if all := names(t, r); len(all) != 19 {
		t.Errorf("only %q are checked", all)
	}
	problems, err := testutil.GatherAndLint(r)
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
}

func TestReadmeHasAllMetrics(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, row := range regexp.MustCompile("(?m)^\\| `(dske_[a-z_]+)`").FindAllSubmatch(readme, -1) {
		listed = append(listed, string(row[1]))
	}
	slices.Sort(listed)
	if all := names(t, complete(t)); !slices.Equal(listed, all) {
		t.Errorf("README.md lists %q, and there are %q", listed, all)
	}
}

func TestManyNodesShareTheirLabels(t *testing.T) {
	n := start(t, 2, MaxNodes-1, topology.PSRD{BlockSize: 512, LowWater: 128, HighWater: 512})
	h := Handler(n)
	keyPair(t, n)
	if err := n.Stop(t.Context(), "client/client7"); err != nil {
		t.Fatal(err)
	}
	lines := scrape(t, h)
	for _, want := range []string{
		`dske_keys_made_total{node="all"} 1`,
		`dske_shares_taken_total{node="all"} 2`,
		`dske_nodes{kind="client",node="all",state="ready"} 48`,
		`dske_nodes{kind="client",node="all",state="stopped"} 1`,
		`dske_nodes{kind="hub",node="all",state="running"} 2`,
		`dske_associations{kind="hub",node="all"} 96`,
		`dske_psrd_consumed_bytes_total{kind="client",node="all",owner="client"} ` + fmt.Sprint(2*(80+32+32)),
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("there is no %s in\n%s", want, strings.Join(lines, "\n"))
		}
	}
	for _, line := range lines {
		if regexp.MustCompile(`(hub|client|sae)[0-9]`).MatchString(line) {
			t.Errorf("a single node: %s", line)
		}
	}
}

// Anybody who can reach the port can make up methods and paths, but must not be able to make up
// labels.
func TestLabelsOfRequestsAreBounded(t *testing.T) {
	n := start(t, 2, 2, usual)
	h := Handler(n)
	ask := func(i int) {
		for _, r := range []*http.Request{
			httptest.NewRequest(fmt.Sprint("BREW", i), "/client/client1/mgmt/v1/status", nil),
			httptest.NewRequest("GET", fmt.Sprintf("/client/client1/made/up%d", i), nil),
			httptest.NewRequest("GET", fmt.Sprintf("/client/client1/etsi/api/v1/keys/sae%d/status", 100+i), nil),
			httptest.NewRequest("GET", fmt.Sprintf("/client/client1/docs/%d", i), nil),
		} {
			n.ServeHTTP(httptest.NewRecorder(), r)
		}
	}
	count := func() int {
		return len(slices.DeleteFunc(scrape(t, h), func(line string) bool { return !strings.HasPrefix(line, "dske_request_duration_seconds_count") }))
	}
	ask(0)
	before := count()
	for i := range 20 {
		ask(i)
	}
	if after := count(); before < 4 || after != before {
		t.Errorf("%d series became %d", before, after)
	}
}

func TestNothingSecretIsShown(t *testing.T) {
	n := start(t, 3, 2, usual)
	h := Handler(n)
	key := keyPair(t, n)
	text := strings.Join(scrape(t, h), "\n")
	for _, form := range []string{base64.StdEncoding.EncodeToString(key.Key.Reveal()), hex.EncodeToString(key.Key.Reveal()), string(key.Key.Reveal()), key.ID.String()} {
		if strings.Contains(text, form) {
			t.Errorf("%q is shown", form)
		}
	}
}

func TestTwoNetworks(t *testing.T) {
	one, other := start(t, 2, 2, usual), start(t, 2, 2, usual)
	handlers := []http.Handler{Handler(one), Handler(other)}
	keyPair(t, one)
	for i, want := range []string{"1", "0"} {
		if line := `dske_keys_made_total{node="client1"} ` + want; !slices.Contains(scrape(t, handlers[i]), line) {
			t.Errorf("there is no %s", line)
		}
	}
}

// The cost of a pair of keys in a network with metrics and in one without.
func BenchmarkKeyPair(b *testing.B) {
	for _, measured := range []bool{false, true} {
		b.Run(fmt.Sprint("metrics=", measured), func(b *testing.B) {
			n := start(b, 5, 2, usual)
			if measured {
				Handler(n)
			}
			for b.Loop() {
				keyPair(b, n)
			}
		})
	}
}

// A large network is scraped.
func BenchmarkScrape(b *testing.B) {
	for _, clients := range []int{5, 200} {
		b.Run(fmt.Sprint(clients, " clients"), func(b *testing.B) {
			h := Handler(start(b, 5, clients, topology.PSRD{BlockSize: 512, LowWater: 128, HighWater: 512}))
			for b.Loop() {
				scrape(b, h)
			}
		})
	}
}
