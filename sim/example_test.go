package sim_test

import (
	"context"
	"fmt"
	"log"
	"net/http"

	"dske/etsi"
	"dske/sim"
	"dske/sim/topology"
)

// A network runs until its context ends. Nobody needs a port here, since the encryptors call their
// clients directly. One hub lies, but the key is still made.
func Example() {
	n, err := sim.New(sim.Config{Topology: topology.Reference(), Transport: sim.Memory})
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	if err := n.WaitReady(ctx); err != nil {
		log.Fatal(err)
	}
	if err := n.Corrupt("hub/hank"); err != nil {
		log.Fatal(err)
	}

	sam, sofia := encryptor(n, "sam"), encryptor(n, "sofia")
	made, err := sam.GetKey(ctx, "sofia", etsi.KeyRequest{Size: 256})
	if err != nil {
		log.Fatal(err)
	}
	if err := n.WaitIdle(ctx); err != nil { // every hub has its share
		log.Fatal(err)
	}
	fetched, err := sofia.GetKeyWithKeyIDs(ctx, "sam", made[0].ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("the same key:", made[0].Equal(fetched[0]))

	cancel()
	fmt.Println("ended:", <-ended)
	// Output:
	// the same key: true
	// ended: <nil>
}

// encryptor returns the ETSI client of an encryptor.
func encryptor(n *sim.Network, name string) *etsi.Client {
	client, err := n.Overview().ClientOf(name)
	if err != nil {
		log.Fatal(err)
	}
	transport := n.Wire().Transport("sae/" + name)
	return &etsi.Client{URL: sim.KMEURL(n.URL(), client), SAE: name, HTTP: &http.Client{Transport: transport}}
}
