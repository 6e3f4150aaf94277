package topology

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"dske/protocol"
)

// three is a list of hubs for the start of a test file: lines 1 to 4.
const three = `hubs:
  - name: hank
  - name: helen
  - name: hilary
`

// mustLoad returns the topology in text, which must be valid.
func mustLoad(t *testing.T, text string) *Topology {
	t.Helper()
	topology, err := Load("test.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return topology
}

func TestReference(t *testing.T) {
	all := []string{"hank", "helen", "hilary", "holly", "hugo"}
	want := &Topology{
		Threshold: 3,
		Hubs:      []Hub{{Name: "hank"}, {Name: "helen"}, {Name: "hilary"}, {Name: "holly"}, {Name: "hugo"}},
		Clients: []Client{
			{Name: "carol", Encryptors: []Encryptor{{"sam"}}, Hubs: all},
			{Name: "celia", Encryptors: []Encryptor{{"serena"}}, Hubs: all},
			{Name: "cindy", Encryptors: []Encryptor{}, Hubs: all},
			{Name: "connie", Encryptors: []Encryptor{{"sofia"}}, Hubs: all},
			{Name: "curtis", Encryptors: []Encryptor{{"sunny"}, {"susan"}}, Hubs: all},
		},
		PSRD:      PSRD{BlockSize: 16384, LowWater: 4096, HighWater: 16384},
		Suite:     protocol.SuiteITS,
		KeySource: KeysFromRNG,
		Enrolment: EnrolmentClosed,
	}
	if got := Reference(); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestDefaults(t *testing.T) {
	got := mustLoad(t, three+"clients: [{name: carol}]\npsrd: {high_water: 65536}\n")
	all := []string{"hank", "helen", "hilary"}
	want := &Topology{
		Threshold: 2,
		Hubs:      []Hub{{Name: "hank"}, {Name: "helen"}, {Name: "hilary"}},
		Clients:   []Client{{Name: "carol", Encryptors: []Encryptor{}, Hubs: all}},
		PSRD:      PSRD{BlockSize: 16384, LowWater: 4096, HighWater: 65536},
		Suite:     protocol.SuiteITS,
		KeySource: KeysFromRNG,
		Enrolment: EnrolmentClosed,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestDefaultThreshold(t *testing.T) {
	for hubs, want := range map[int]int{2: 2, 3: 2, 4: 3, 5: 3, 254: 128} {
		if got := defaultThreshold(hubs); got != want {
			t.Errorf("%d hubs: threshold %d, want %d", hubs, got, want)
		}
	}
}

func TestGoodFiles(t *testing.T) {
	for name, text := range map[string]string{
		"block sizes at their limits": three + "clients: [{name: a}]\npsrd: {block_size: 64, low_water: 1, high_water: 1}",
		"largest sizes":               three + "clients: [{name: a}]\npsrd: {block_size: 4194304, low_water: 16777216, high_water: 16777216}",
		"number forms":                three + "clients: [{name: a}]\npsrd: {block_size: 0x4000, low_water: 4_096}",
		"lazy":                        three + "clients: [{name: a}]\npsrd: {lazy: true}",
		"hub and client of one name":  three + "clients: [{name: hank}]",
		"digits, quoted":              three + "clients: [{name: '1'}]",
		"longest name":                three + "clients: [{name: " + strings.Repeat("a", 63) + "}]",
		"longest encryptor":           three + "clients: [{name: a, encryptors: [{name: " + strings.Repeat("é", 127) + "}]}]",
		"encryptor of any kind":       three + "clients: [{name: a, encryptors: [{name: 'https://KMS #1/ü'}]}]",
		"encryptor named as client":   three + "clients: [{name: a, encryptors: [{name: a}]}]",
		"encryptor named as other":    three + "clients: [{name: a, encryptors: [{name: b}]}, {name: b, encryptors: [{name: a}]}]",
		"aliases":                     three + "clients: [{name: a, hubs: &two [hank, helen]}, {name: b, hubs: *two}]",
		"Windows line ends":           strings.ReplaceAll(three, "\n", "\r\n") + "clients: [{name: a}]\r\n",
		"byte order mark":             "\ufeff" + three + "clients: [{name: a}]",
		"document marks":              "---\n" + three + "clients: [{name: a}]\n...\n",
		"JSON":                        `{"hubs": [{"name": "h1"}, {"name": "h2"}], "clients": [{"name": "a", "encryptors": []}]}`,
	} {
		t.Run(name, func(t *testing.T) { mustLoad(t, text) })
	}
}

func TestClientHubsInTopologyOrder(t *testing.T) {
	got := mustLoad(t, three+"clients: [{name: a, hubs: [hilary, hank]}, {name: b}]")
	if want := []string{"hank", "hilary"}; !reflect.DeepEqual(got.Clients[0].Hubs, want) {
		t.Errorf("got %v, want %v", got.Clients[0].Hubs, want)
	}
}

func TestManyHubsIfClientsNameTheirs(t *testing.T) {
	var text strings.Builder
	text.WriteString("threshold: 2\nclients: [{name: a, hubs: [h7, h9]}]\nhubs:\n")
	for i := range 1000 {
		fmt.Fprintf(&text, "- name: h%d\n", i+1)
	}
	mustLoad(t, text.String())
}

// A file of n hubs and n clients must not take n*n names.
func TestDefaultHubsAreShared(t *testing.T) {
	clients := mustLoad(t, three+"clients: [{name: a}, {name: b}]").Clients
	if &clients[0].Hubs[0] != &clients[1].Hubs[0] {
		t.Error("each client has a slice of its own")
	}
}

func TestJSON(t *testing.T) {
	topology := mustLoad(t, "clients: [{name: a}, {name: b, encryptors: [{name: c}], hubs: [h2, h1]}]\n"+
		"hubs: [{name: h1}, {name: h2}]")
	got, err := json.Marshal(topology)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"threshold":2,"hubs":[{"name":"h1"},{"name":"h2"}],` +
		`"clients":[{"name":"a","encryptors":[],"hubs":["h1","h2"]},` +
		`{"name":"b","encryptors":[{"name":"c"}],"hubs":["h1","h2"]}],` +
		`"psrd":{"block_size":16384,"low_water":4096,"high_water":16384,"lazy":false},"suite":"its","key_source":"rng","enrolment":"closed"}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
