package metrics

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"dske/sim"
)

// methods lists the methods that have a label of their own; anybody can make up more.
var methods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete}

// durations collects the durations of requests to nodes.
type durations struct {
	*prometheus.HistogramVec
	known sync.Map // observers by request; avoids building the labels each time
}

// request is a class of requests that are counted together.
type request struct {
	kind, method, route string
	status              int
}

func newDurations() *durations {
	return &durations{HistogramVec: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "dske_request_duration_seconds",
		Help:    "Time that nodes took to answer requests, by the pattern of the path, which is empty for unknown paths.",
		Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
	}, []string{"kind", "method", "route", "code"})}
}

// observe is called for every request.
func (d *durations) observe(r sim.Request) {
	kind, _, _ := strings.Cut(r.Node, "/")
	key := request{kind, r.Method, r.Route, r.Status}
	if !slices.Contains(methods, r.Method) {
		key.method = "other"
	}
	observer, found := d.known.Load(key)
	if !found {
		observer = d.WithLabelValues(key.kind, key.method, key.route, strconv.Itoa(key.status))
		d.known.Store(key, observer)
	}
	observer.(prometheus.Observer).Observe(r.Duration.Seconds())
}
