package topology

import (
	"reflect"
	"testing"

	"go.yaml.in/yaml/v4"
)

func TestGenerate(t *testing.T) {
	got, err := Generate(3, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	all := []string{"hub1", "hub2", "hub3"}
	want := &Topology{
		Threshold: 3,
		Hubs:      []Hub{{"hub1"}, {"hub2"}, {"hub3"}},
		Clients: []Client{
			{"client1", []Encryptor{{"sae1"}}, all},
			{"client2", []Encryptor{{"sae2"}}, all},
		},
		PSRD:      PSRD{BlockSize: 16384, LowWater: 4096, HighWater: 16384},
		Suite:     SuitePython,
		KeySource: KeysFromRNG,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestGenerateDefaultThreshold(t *testing.T) {
	got, err := Generate(5, 1, 0)
	if err != nil || got.Threshold != 3 {
		t.Errorf("got %+v, %v; want threshold 3", got, err)
	}
}

func TestGenerateLarge(t *testing.T) {
	got, err := Generate(MaxHubs, 10_000, 3)
	if err != nil {
		t.Fatal(err)
	}
	if last := got.Clients[9_999]; last.Name != "client10000" || len(last.Hubs) != MaxHubs {
		t.Errorf("the last client is %s with %d hubs", last.Name, len(last.Hubs))
	}
}

func TestGenerateOutOfRange(t *testing.T) {
	for _, test := range []struct {
		hubs, clients, threshold int
		want                     string
	}{
		{0, 1, 0, `there are no hubs: list them under "hubs"`},
		{-1, 1, 0, `there are no hubs: list them under "hubs"`},
		{1, 1, 0, "there is only one hub, which would know every key: add hubs"},
		{255, 1, 0, "255 hubs are too many: a client can use at most 254"},
		{3, 0, 0, `there are no clients: list them under "clients"`},
		{3, -1, 0, `there are no clients: list them under "clients"`},
		{3, 1, 1, "threshold is 1: set it to at least 2, or else a single hub knows every key"},
		{3, 1, -1, "threshold is -1: set it to at least 2, or else a single hub knows every key"},
		{3, 1, 4, "threshold is 4 and there are 3 hubs: set it to 2 to 3, or add hubs"},
	} {
		topology, err := Generate(test.hubs, test.clients, test.threshold)
		if topology != nil || err == nil || err.Error() != test.want {
			t.Errorf("Generate(%d, %d, %d) = %v, %v; want %s",
				test.hubs, test.clients, test.threshold, topology, err, test.want)
		}
	}
}

func BenchmarkGenerate(b *testing.B) {
	for b.Loop() {
		if _, err := Generate(MaxHubs, 10_000, 3); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	top, err := Generate(5, 10_000, 3)
	if err != nil {
		b.Fatal(err)
	}
	text, err := yaml.Dump(top)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := Load("bench", text); err != nil {
			b.Fatal(err)
		}
	}
}
