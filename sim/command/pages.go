package command

import (
	"log/slog"

	"github.com/labstack/echo/v4"

	"dske/node"
	"dske/sim"
	"dske/sim/dashboard"
	"dske/sim/docs"
	"dske/sim/metrics"
)

// pages returns what a network that runs by itself shows beside its nodes and its own interface.
func pages(n *sim.Network, log *slog.Logger) *echo.Echo {
	router := node.NewRouter(log, nil)
	router.GET("/metrics", echo.WrapHandler(metrics.Handler(n)))
	docs.Mount(router, n)
	dashboard.Mount(router, n)
	return router
}
