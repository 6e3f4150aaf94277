// Package metrics shows what a network counts to Prometheus. Each [Handler] has a registry of its
// own, so that several networks fit into a process.
//
// Most values are read from the network when they are asked for, and cost nothing in between. The
// sets of labels are bounded: routes are patterns, reasons are those of the DSKE interface, and in
// a network of more than [MaxNodes] nodes the label of the node is "all" instead of its name, and
// the values are sums. No value tells anything of a key, a share or a byte of PSRD.
package metrics

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"dske/sim"
)

// MaxNodes is the number of nodes, hubs and clients together, up to which each has values of its
// own.
const MaxNodes = 50

// Handler returns what serves the metrics of a network. It counts requests from now on; everything
// else is since the network was made.
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
