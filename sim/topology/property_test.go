package topology

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"
	"pgregory.net/rapid"

	"dske/protocol"
	"dske/sim/link"
)

// awkward lists encryptor names that YAML would misinterpret without quotes.
var awkward = []string{"null", "~", "true", "no", "1", "0x1f", "1e3", "2024-01-01", "-", "- a", "a: b", "#",
	" a ", "*a", "&a", "!a", "<<", "{}", "[]", "'", "\"", "\\", "|", ">", "%", "@", "---", "...", "ü", "\u2028"}

func drawTopology(t *rapid.T) *Topology {
	name := rapid.StringMatching(`[a-z0-9][a-z0-9._-]{0,9}`)
	names := rapid.SliceOfNDistinct(name, 2, 12, rapid.ID)
	top := &Topology{PSRD: drawPSRD(t), Suite: rapid.SampledFrom([]string{protocol.SuitePython, protocol.SuiteITS}).Draw(t, "suite"), KeySource: KeysFromRNG, Enrolment: EnrolmentClosed}
	if top.Suite == protocol.SuiteITS {
		top.KeySource = rapid.SampledFrom([]string{KeysFromRNG, KeysFromPSRD}).Draw(t, "key source")
	}
	for _, hub := range names.Draw(t, "hubs") {
		top.Hubs = append(top.Hubs, Hub{Name: hub})
	}
	top.Threshold = rapid.IntRange(2, len(top.Hubs)).Draw(t, "threshold")
	for i, client := range names.Draw(t, "clients") {
		top.Clients = append(top.Clients, Client{Name: client, Encryptors: []Encryptor{}, Hubs: drawClientHubs(t, top)})
		for j := range rapid.IntRange(0, 3).Draw(t, "encryptors") {
			sae := fmt.Sprintf("%s/%d/%d", rapid.SampledFrom(awkward).Draw(t, "encryptor"), i, j)
			top.Clients[i].Encryptors = append(top.Clients[i].Encryptors, Encryptor{sae})
		}
	}
	drawPlaces(t, top)
	if sae := rapid.SampledFrom(awkward).Draw(t, "encryptor"); len(top.Clients[0].Encryptors) > 0 {
		top.Clients[0].Encryptors[0].Name = sae // the whole name is awkward
	}
	return top
}

func drawPSRD(t *rapid.T) PSRD {
	high := rapid.IntRange(1, maxHighWater).Draw(t, "high")
	psrd := PSRD{
		BlockSize: rapid.IntRange(minBlockSize, protocol.MaxBlockSize).Draw(t, "block"),
		LowWater:  rapid.IntRange(1, high).Draw(t, "low"),
		HighWater: high,
	}
	switch rapid.IntRange(0, 2).Draw(t, "courier") {
	case 1:
		psrd.Courier = &Courier{}
	case 2:
		psrd.Courier = &Courier{Every: drawTime(t, "every"), Size: rapid.IntRange(1, protocol.MaxPoolSize).Draw(t, "size"),
			Delay: drawTime(t, "delay"), Loss: drawChance(t, "loss")}
	}
	return psrd
}

func drawTime(t *rapid.T, label string) time.Duration {
	return time.Duration(rapid.Int64Range(1, int64(24*time.Hour)).Draw(t, label))
}

func drawChance(t *rapid.T, label string) float64 {
	return rapid.Float64Range(1e-9, 1).Draw(t, label)
}

// drawPlaces draws sites, and links of which none covers a later one.
func drawPlaces(t *rapid.T, top *Topology) {
	if rapid.Bool().Draw(t, "no links") {
		return
	}
	top.Sites = Sites{{"tokyo.site", []string{"hub/" + top.Hubs[0].Name}}, {"london.site", []string{"hub/" + top.Hubs[1].Name, "client/" + top.Clients[0].Name}}}
	top.Links = []Link{
		{Between: []string{"tokyo.site", "london.site"}, Link: drawLink(t)},
		{Within: "london.site", Link: drawLink(t)},
		{Link: drawLink(t)},
	}
}

func drawLink(t *rapid.T) link.Link {
	from := drawTime(t, "from")
	l := link.Link{
		Latency: rapid.SampledFrom([]link.Latency{
			nil, link.Fixed(from), link.Uniform{From: from, To: from + 1}, link.Normal{Mean: from, Sigma: 1e6},
			link.Lognormal{Median: from, Sigma: 0.5}, link.Measured{from, 1, from},
		}).Draw(t, "latency"),
		Jitter:    drawTime(t, "jitter"),
		Bandwidth: rapid.Int64Range(1, 1e12).Draw(t, "bandwidth"),
		Loss:      drawChance(t, "loss"),
	}
	if rapid.Bool().Draw(t, "burst") {
		l.Burst = &link.Burst{Enter: drawChance(t, "enter"), Leave: drawChance(t, "leave"), Loss: drawChance(t, "burst loss")}
	}
	return l
}

// drawClientHubs draws at least Threshold hubs, in the order of the topology.
func drawClientHubs(t *rapid.T, top *Topology) []string {
	hubs := top.hubNames()
	for len(hubs) > top.Threshold && rapid.Bool().Draw(t, "fewer") {
		i := rapid.IntRange(0, len(hubs)-1).Draw(t, "without")
		hubs = append(hubs[:i], hubs[i+1:]...)
	}
	return hubs
}

func TestRoundTrip(t *testing.T) {
	toYAML := func(v any) ([]byte, error) { return yaml.Dump(v) }
	for name, marshal := range map[string]func(any) ([]byte, error){"YAML": toYAML, "JSON": json.Marshal} {
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			want := drawTopology(t)
			if err := want.Validate(); err != nil {
				t.Skip("not valid, since an encryptor has the name of a client:", err)
			}
			text, err := marshal(want)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Load("drawn", text)
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("got  %+v\nwant %+v\n%s", got, want, text)
			}
		}))
	}
}

func TestGeneratedRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want, err := Generate(Sizes{
			Hubs: rapid.IntRange(2, 40).Draw(t, "hubs"), Clients: rapid.IntRange(1, 10).Draw(t, "clients"),
		})
		if err != nil {
			t.Fatal(err)
		}
		text, err := yaml.Dump(want)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Load("generated", text); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("got %+v, %v; want %+v", got, err, want)
		}
	})
}
