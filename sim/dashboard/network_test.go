package dashboard

import (
	"log/slog"
	"net/http"
	"testing"

	"dske/node"
	"dske/sim"
	"dske/sim/simtest"
)

// start runs a network with its page on a free port until the test ends. By default its nodes call each other
// directly, in the reference topology.
func start(t testing.TB, config sim.Config) *sim.Network {
	t.Helper()
	config.Listen = "127.0.0.1:0"
	n := simtest.New(t, config)
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	router := node.NewRouter(config.Logger, nil)
	Mount(router, n)
	n.SetPages(router)
	simtest.Run(t, n)
	return n
}

// remote returns the network as another process drives it.
func remote(t testing.TB, n *sim.Network) sim.Remote {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return sim.Remote{URL: n.URL(), HTTP: &http.Client{Transport: transport}}
}
