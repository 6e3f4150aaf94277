package hunt

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"dske/node"
	"dske/sim"
)

var weekOf = flag.Duration("week", 8*time.Hour, "how long TestWeek goes on, in virtual time")

// Nodes with disks crash every few hours for a week, while keys are made and fetched. Some keys
// wait for the end of a crash or two. Nothing is used twice and nothing is lost.
//
//	go test ./sim/hunt -run TestWeek -v -args -week 168h
func TestWeek(t *testing.T) {
	p := &Plan{Hubs: 4, Clients: 3, Threshold: 3, Pool: 1024, Durable: true}
	draw := rand.New(rand.NewPCG(*first, 1))
	at := func() time.Duration { return time.Duration(draw.Int64N(int64(*weekOf))) }
	crashes, keys := 0, 0
	for range int(*weekOf / (3 * time.Hour)) {
		for i := range p.Hubs + p.Clients {
			name := fmt.Sprintf("hub/hub%d", i+1)
			if i >= p.Hubs {
				name = fmt.Sprintf("client/client%d", i+1-p.Hubs)
			}
			down := time.Duration(1+draw.Int64N(120_000)) * time.Millisecond
			p.Steps = append(p.Steps, Step{At: at(), Kind: Crash, Args: []string{name}, For: down})
			crashes++
		}
	}
	for range int(*weekOf / (6 * time.Minute)) {
		master := draw.IntN(p.Clients)
		slave := (master + 1 + draw.IntN(p.Clients-1)) % p.Clients
		later := time.Duration(1+draw.Int64N(int64(50*time.Minute))) / time.Duration(1+draw.IntN(1000))
		p.Steps = append(p.Steps, Step{At: at(), Kind: Key, Args: []string{fmt.Sprintf("sae%d", master+1), fmt.Sprintf("sae%d", slave+1)}, For: later})
		keys++
	}
	var made, delivered int64
	err := p.play(t.Context(), *first, func(n *sim.Network, _ *node.Refusals) {
		for _, c := range n.Snapshot().Clients {
			made, delivered = made+c.KeysMade, delivered+c.KeysDelivered
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%v: %d crashes, %d keys asked for, %d made, %d delivered", *weekOf, crashes, keys, made, delivered)
	if made < int64(keys)*8/10 {
		t.Errorf("only %d of %d keys were made", made, keys)
	}
}
