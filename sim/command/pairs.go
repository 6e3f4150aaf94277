package command

import (
	"math/rand/v2"
	"net/http"
	"slices"

	"dske/etsi"
	"dske/sim"
	"dske/sim/bench"
	"dske/sim/topology"
	"dske/sim/wire"
)

// choosePairs makes one encryptor of each client the master of an encryptor of the next client,
// which shares all its hubs if the topology was generated. All but the first pair are in random
// order.
func (b *benched) choosePairs() error {
	clients := b.topology.Own()
	if len(clients) < 2 {
		return usagef("a key needs two clients")
	}
	saes := b.encryptors(clients)
	for i := range saes {
		slave := i ^ 1
		if slave == len(saes) {
			slave = i - 1
		}
		if shareHubs(clients[i], clients[slave], b.topology.Threshold) {
			if len(b.load.Pairs) == 0 {
				b.first = [2]topology.Client{clients[i], clients[slave]}
				b.load.Pairs = make([]bench.Pair, 0, len(saes))
			}
			b.load.Pairs = append(b.load.Pairs, bench.Pair{Master: &saes[i], Slave: &saes[slave]})
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

// encryptors returns one encryptor of each client. There may be very many.
func (b *benched) encryptors(clients []topology.Client) []etsi.Client {
	outside := &http.Client{Transport: keepAlive(nil, b.load.Concurrency)}
	if b.transport == sim.Memory {
		outside.Transport = byCaller{b.network.Wire()}
	}
	saes := make([]etsi.Client, len(clients))
	for i, c := range clients {
		saes[i] = etsi.Client{URL: sim.KMEURL(b.network.URL(), c.Name), SAE: c.SAEs()[0], HTTP: outside}
	}
	return saes
}

// byCaller is the wire for whichever encryptor a request is from.
type byCaller struct{ *wire.Wire }

func (b byCaller) RoundTrip(r *http.Request) (*http.Response, error) {
	return b.Transport("sae/" + r.Header.Get("Authorization")).RoundTrip(r)
}

// shareHubs reports whether two clients have enough hubs in common for a key.
func shareHubs(a, b topology.Client, threshold int) bool {
	common := 0
	for _, hub := range a.Hubs {
		if slices.Contains(b.Hubs, hub) {
			common++
		}
	}
	return common >= threshold
}
