package experiment

import (
	"testing"

	"dske/sim/topology"
)

// Random pairs are of different clients with enough hubs in common for a key, and each is drawn
// once. All of them can be drawn.
func TestCouples(t *testing.T) {
	top, err := topology.Generate(topology.Sizes{Hubs: 7, Clients: 15, HubsPerClient: 3})
	if err != nil {
		t.Fatal(err)
	}
	top.Clients[3].Encryptors = append(top.Clients[3].Encryptors, topology.Encryptor{Name: "another"})
	possible := map[pair]bool{}
	hubs := map[string][]string{}
	for _, c := range top.Clients {
		hubs[c.Name] = c.Hubs
	}
	for _, a := range encryptors(top) {
		for _, b := range encryptors(top) {
			if a.client != b.client && common(hubs[a.client], hubs[b.client]) >= top.Threshold {
				possible[pair{a, b}] = true
			}
		}
	}
	c := couplesOf(top)
	if c.number() != len(possible) {
		t.Fatalf("%d pairs, want %d", c.number(), len(possible))
	}
	drawn := map[pair]bool{}
	for _, p := range c.draw(stream(1, "test"), c.number()) {
		if !possible[p] || drawn[p] {
			t.Errorf("%v, drawn before: %v", p, drawn[p])
		}
		drawn[p] = true
	}
	if len(drawn) != len(possible) {
		t.Errorf("%d of %d pairs drawn", len(drawn), len(possible))
	}
}
