package dashboard

import (
	"net/http"
	"testing"

	"github.com/labstack/echo/v4"

	"dske/sim"
	"dske/sim/attack"
	"dske/sim/exchange"
	"dske/sim/simtest"
)

// start runs a network with its page on a free port until the test ends. By default it is the
// reference topology, and nodes call each other directly.
func start(t testing.TB, config sim.Config) *sim.Network {
	t.Helper()
	return startAt(t, config, "127.0.0.1:0")
}

// startAt is start at a given address.
func startAt(t testing.TB, config sim.Config, address string) *sim.Network {
	t.Helper()
	config.Listen = address
	config.Pages = func(n *sim.Network, router *echo.Echo) {
		book := exchange.NewBook(n)
		book.Mount(router)
		attacker := attack.New(n, book)
		attacker.Mount(router)
		Mount(n, router, book, attacker)
	}
	return simtest.Start(t, config)
}

// remote returns a Remote for the network.
func remote(t testing.TB, n *sim.Network) sim.Remote {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return sim.Remote{URL: n.URL(), HTTP: &http.Client{Transport: transport}}
}
