package command

import (
	"math/rand/v2"
	"net/http"
	"slices"

	"dske/etsi"
	"dske/sim"
	"dske/sim/bench"
	"dske/sim/topology"
)

// choosePairs makes one encryptor of each client the master of an encryptor of the next client,
// which shares all its hubs if the topology was generated. All but the first pair are in random
// order.
func (b *benched) choosePairs() error {
	var saes []*etsi.Client
	outside := http.RoundTripper(keepAlive(nil, b.load.Concurrency))
	overview := b.network.Overview()
	for _, c := range overview.Clients {
		if overview.Transport == sim.Memory {
			outside = b.network.Wire().Transport("sae/" + c.Encryptors[0])
		}
		saes = append(saes, &etsi.Client{
			URL:  sim.KMEURL(b.network.URL(), c.Name),
			SAE:  c.Encryptors[0],
			HTTP: &http.Client{Transport: outside},
		})
	}
	if len(saes) < 2 {
		return usagef("a key needs two clients")
	}
	for i, master := range saes {
		slave := i ^ 1
		if slave == len(saes) {
			slave = i - 1
		}
		if b.shareHubs(i, slave) {
			if len(b.load.Pairs) == 0 {
				b.first = [2]topology.Client{b.topology.Clients[i], b.topology.Clients[slave]}
			}
			b.load.Pairs = append(b.load.Pairs, bench.Pair{Master: master, Slave: saes[slave]})
		}
	}
	if len(b.load.Pairs) == 0 {
		return usagef("no client shares enough hubs with its neighbour for a key")
	}
	if b.pairs > 0 {
		b.load.Pairs = b.load.Pairs[:min(b.pairs, len(b.load.Pairs))]
	}
	rest := b.load.Pairs[1:]
	rand.Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] })
	return nil
}

// shareHubs reports whether two clients have enough hubs in common for a key.
func (b *benched) shareHubs(i, j int) bool {
	common := 0
	for _, hub := range b.topology.Clients[i].Hubs {
		if slices.Contains(b.topology.Clients[j].Hubs, hub) {
			common++
		}
	}
	return common >= b.topology.Threshold
}
