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

// couple is a pair of clients, by their indexes in the topology. There may be a million.
type couple struct{ master, slave int32 }

// choosePairs makes one encryptor of each client the master of an encryptor of the next client,
// which shares all its hubs if the topology was generated. All but the first pair are in random
// order.
func (b *benched) choosePairs() error {
	couples, err := b.couples()
	if err != nil {
		return err
	}
	if b.pairs > 0 {
		couples = couples[:min(b.pairs, len(couples))]
	}
	rest := couples[1:]
	rand.Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] })
	clients, encryptor := b.topology.Clients, b.encryptors()
	b.first = [2]topology.Client{clients[couples[0].master], clients[couples[0].slave]}
	b.load.Pairs = len(couples)
	b.load.Pair = func(i int) bench.Pair {
		return bench.Pair{Master: encryptor(&clients[couples[i].master]), Slave: encryptor(&clients[couples[i].slave])}
	}
	return nil
}

// couples returns a couple for each client that shares enough hubs with the next one.
func (b *benched) couples() (couples []couple, err error) {
	clients := b.topology.Clients
	var own []int32
	for i := range clients {
		if !clients[i].External {
			own = append(own, int32(i))
		}
	}
	if len(own) < 2 {
		return nil, usagef("a key needs two clients")
	}
	for i, master := range own {
		slave := own[neighbour(i, len(own))]
		if shareHubs(clients[master], clients[slave], b.topology.Threshold) {
			couples = append(couples, couple{master, slave})
		}
	}
	if len(couples) == 0 {
		return nil, usagef("no client shares enough hubs with its neighbour for a key")
	}
	return couples, nil
}

// neighbour returns the number of the other client of a pair. If the number of clients is odd, the
// last one has the one before it.
func neighbour(i, clients int) int {
	if other := i ^ 1; other < clients {
		return other
	}
	return i - 1
}

// encryptors returns a function that returns one encryptor of a client.
func (b *benched) encryptors() func(*topology.Client) *etsi.Client {
	outside := &http.Client{Transport: keepAlive(nil, b.load.Concurrency)}
	if b.transport == sim.Memory {
		outside.Transport = byCaller{b.network.Wire()}
	}
	return func(c *topology.Client) *etsi.Client {
		return &etsi.Client{URL: sim.KMEURL(b.network.URL(), c.Name), SAE: c.SAEs()[0], HTTP: outside}
	}
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
