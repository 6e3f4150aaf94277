// Package simtest starts real networks for tests, in memory unless the test says otherwise, and a
// browser to look at their pages. Any error fails the test.
package simtest

import (
	"context"
	"testing"

	"dske/sim"
	"dske/sim/topology"
)

// Generate is [topology.Generate] for sizes that are known to be valid.
func Generate(t testing.TB, sizes topology.Sizes) *topology.Topology {
	t.Helper()
	top, err := topology.Generate(sizes)
	if err != nil {
		t.Fatal(err)
	}
	return top
}

// New returns a network that is not running. By default it has the reference topology, and its
// nodes call each other directly.
func New(t testing.TB, config sim.Config) *sim.Network {
	t.Helper()
	if config.Topology == nil {
		config.Topology = topology.Reference()
	}
	if config.Transport == "" {
		config.Transport = sim.Memory
	}
	n, err := sim.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Run runs a network until the test and its subtests end, and returns when it is ready. The test
// fails if the network ends with an error, even before it is ready.
func Run(t testing.TB, n *sim.Network) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- n.Run(ctx)
		cancel() // no cleanup waits for a network that could not start
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	if err := n.WaitReady(ctx); err != nil {
		t.Fatal(err)
	}
}

// Start is [New] and then [Run].
func Start(t testing.TB, config sim.Config) *sim.Network {
	t.Helper()
	n := New(t, config)
	Run(t, n)
	return n
}
