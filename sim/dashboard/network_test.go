package dashboard

import (
	"context"
	"log/slog"
	"net/http"
	"testing"

	"dske/node"
	"dske/sim"
	"dske/sim/topology"
	"dske/testdata"
)

// reference returns the topology that comes with the program.
func reference(t testing.TB) *topology.Topology {
	t.Helper()
	data, err := testdata.Topologies.ReadFile("topologies/reference.yaml")
	if err != nil {
		t.Fatal(err)
	}
	top, err := topology.Load("reference.yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	return top
}

// start runs a network with its page on a free port until the test ends. By default its nodes call each other
// directly, in the reference topology.
func start(t testing.TB, config sim.Config) *sim.Network {
	t.Helper()
	if config.Topology == nil {
		config.Topology = reference(t)
	}
	if config.Transport == "" {
		config.Transport = sim.Memory
	}
	config.Listen = "127.0.0.1:0"
	n, err := sim.New(config)
	if err != nil {
		t.Fatal(err)
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	router := node.NewRouter(config.Logger, nil)
	Mount(router, n)
	n.SetPages(router)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	if err := n.WaitReady(ctx); err != nil {
		t.Fatal(err)
	}
	return n
}

// remote returns the network as another process drives it.
func remote(t testing.TB, n *sim.Network) sim.Remote {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return sim.Remote{URL: n.URL(), HTTP: &http.Client{Transport: transport}}
}
