package topology

import (
	"reflect"
	"slices"
	"testing"

	"go.yaml.in/yaml/v4"

	"dske/protocol"
)

func TestGenerate(t *testing.T) {
	got, err := Generate(Sizes{Hubs: 3, Clients: 2, Threshold: 3})
	if err != nil {
		t.Fatal(err)
	}
	all := []string{"hub1", "hub2", "hub3"}
	want := &Topology{
		Threshold: 3,
		Hubs:      []Hub{{Name: "hub1"}, {Name: "hub2"}, {Name: "hub3"}},
		Clients: []Client{
			{Name: "client1", Encryptors: []Encryptor{{"sae1"}}, Hubs: all},
			{Name: "client2", Encryptors: []Encryptor{{"sae2"}}, Hubs: all},
		},
		PSRD:      PSRD{BlockSize: 16384, LowWater: 4096, HighWater: 16384},
		Suite:     protocol.SuiteITS,
		KeySource: KeysFromRNG,
		Enrolment: EnrolmentClosed,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestGenerateDefaultThreshold(t *testing.T) {
	got, err := Generate(Sizes{Hubs: 5, Clients: 1})
	if err != nil || got.Threshold != 3 {
		t.Errorf("got %+v, %v; want threshold 3", got, err)
	}
}

func TestGenerateTooLarge(t *testing.T) {
	for _, sizes := range []Sizes{{Hubs: 1 << 40, Clients: 2, HubsPerClient: 2}, {Hubs: 2, Clients: 1 << 40}} {
		if got, err := Generate(sizes); got != nil || err == nil {
			t.Errorf("%+v: got no error", sizes)
		}
	}
}

func TestGenerateLarge(t *testing.T) {
	got, err := Generate(Sizes{Hubs: protocol.MaxHubs, Clients: 10_000, Threshold: 3})
	if err != nil {
		t.Fatal(err)
	}
	if last := got.Clients[9_999]; last.Name != "client10000" || len(last.Hubs) != protocol.MaxHubs {
		t.Errorf("the last client is %s with %d hubs", last.Name, len(last.Hubs))
	}
}

func TestGenerateHubsPerClient(t *testing.T) {
	got, err := Generate(Sizes{Hubs: 4, Clients: 9, HubsPerClient: 3})
	if err != nil {
		t.Fatal(err)
	}
	if got.Threshold != 2 {
		t.Errorf("threshold %d, want a majority of 3", got.Threshold)
	}
	for i, want := range [][]string{
		{"hub1", "hub2", "hub3"}, {"hub1", "hub2", "hub3"}, {"hub2", "hub3", "hub4"}, {"hub2", "hub3", "hub4"},
		{"hub1", "hub3", "hub4"}, {"hub1", "hub3", "hub4"}, {"hub1", "hub2", "hub4"}, {"hub1", "hub2", "hub4"}, {"hub1", "hub2", "hub3"},
	} {
		if hubs := got.Clients[i].Hubs; !slices.Equal(hubs, want) {
			t.Errorf("client %d uses %v, want %v", i+1, hubs, want)
		}
	}
	if got, err = Generate(Sizes{Hubs: 1000, Clients: 10, HubsPerClient: 5}); err != nil || len(got.Hubs) != 1000 {
		t.Errorf("1000 hubs: %v", err)
	}
}

func TestGenerateOutOfRange(t *testing.T) {
	for _, test := range []struct {
		sizes Sizes
		want  string
	}{
		{Sizes{Hubs: 0, Clients: 1}, `there are no hubs: list them under "hubs"`},
		{Sizes{Hubs: -1, Clients: 1}, `there are no hubs: list them under "hubs"`},
		{Sizes{Hubs: 1, Clients: 1}, "there is only one hub, which would know every key: add hubs"},
		{Sizes{Hubs: 255, Clients: 1}, "255 hubs are too many: a client can use at most 254; say how many each one uses"},
		{Sizes{Hubs: 3, Clients: 0}, `there are no clients: list them under "clients"`},
		{Sizes{Hubs: 3, Clients: -1}, `there are no clients: list them under "clients"`},
		{Sizes{Hubs: 3, Clients: 1, Threshold: 1}, "threshold is 1: set it to at least 2, or else a single hub knows every key"},
		{Sizes{Hubs: 3, Clients: 1, Threshold: -1}, "threshold is -1: set it to at least 2, or else a single hub knows every key"},
		{Sizes{Hubs: 3, Clients: 1, Threshold: 4}, "threshold is 4 and there are 3 hubs: set it to 2 to 3, or add hubs"},
		{Sizes{Hubs: 3, Clients: 1, HubsPerClient: 4}, "a client cannot use 4 of 3 hubs"},
		{Sizes{Hubs: 3, Clients: 1, HubsPerClient: -1}, "a client cannot use -1 of 3 hubs"},
		{Sizes{Hubs: 300, Clients: 1, HubsPerClient: 255}, `client "client1" uses 255 hubs: list at most 254 under its "hubs"`},
	} {
		topology, err := Generate(test.sizes)
		if topology != nil || err == nil || err.Error() != test.want {
			t.Errorf("Generate(%+v) = %v, %v; want %s", test.sizes, topology, err, test.want)
		}
	}
}

func BenchmarkGenerate(b *testing.B) {
	for b.Loop() {
		if _, err := Generate(Sizes{Hubs: protocol.MaxHubs, Clients: 10_000, Threshold: 3}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	top, err := Generate(Sizes{Hubs: 5, Clients: 10_000, Threshold: 3})
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
