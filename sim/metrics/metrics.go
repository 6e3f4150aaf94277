// Package metrics exports the counters of a network to Prometheus. Each [Handler] has a registry of
// its own, so that a process can have several networks.
//
// Most values are read from the network when they are scraped, and cost nothing in between. The
// sets of labels are bounded: routes are patterns, reasons are those of the DSKE interface, and in
// a network of more than [MaxNodes] nodes the label of the node is "all" instead of its name, and
// the values are sums. No value reveals anything about a key, a share or a byte of PSRD.
package metrics

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"dske/sim"
)

// MaxNodes is the maximum number of nodes, hubs and clients together, for which each has values of
// its own.
const MaxNodes = 50

// Handler returns a handler that serves the metrics of a network. It counts requests from now on;
// all other values are from the start of the network.
func Handler(n *sim.Network) http.Handler {
	r := newRegistry(n)
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{Registry: r})
}

func newRegistry(n *sim.Network) *prometheus.Registry {
	r := prometheus.NewRegistry()
	durations := newDurations()
	n.ObserveRequests(durations.observe)
	r.MustRegister(
		nodes{n},
		durations,
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return r
}
