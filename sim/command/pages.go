package command

import (
	"github.com/labstack/echo/v4"

	"dske/node"
	"dske/sim"
	"dske/sim/attack"
	"dske/sim/dashboard"
	"dske/sim/docs"
	"dske/sim/exchange"
	"dske/sim/metrics"
)

// addPages adds the pages that a network shows besides its nodes and its own interface.
func addPages(n *sim.Network, router *echo.Echo) {
	node.Page(router.Group(""), "/metrics", echo.WrapHandler(metrics.Handler(n)))
	docs.Mount(n, router)
	book := exchange.NewBook(n)
	book.Mount(router)
	attacker := attack.New(n, book)
	attacker.Mount(router)
	dashboard.Mount(n, router, book, attacker)
}

// addNodePages adds the pages of a process that runs one node and does not know the rest of the
// network.
func addNodePages(n *sim.Network, router *echo.Echo) {
	node.Page(router.Group(""), "/metrics", echo.WrapHandler(metrics.Handler(n)))
	docs.Mount(n, router)
}
