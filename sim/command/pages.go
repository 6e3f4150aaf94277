package command

import (
	"net/http"

	"dske/sim"
	"dske/sim/metrics"
)

// pages returns what a network that runs by itself shows beside its nodes and its own interface.
func pages(n *sim.Network) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", metrics.Handler(n))
	return mux
}
