package metrics

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"dske/node"
	"dske/protocol"
	"dske/sim"
)

// nodes collects the values of a snapshot of the network.
type nodes struct{ network *sim.Network }

// Describe implements [prometheus.Collector].
func (nodes) Describe(descs chan<- *prometheus.Desc) {
	describeAll(descs, hubFamilies)
	describeAll(descs, clientFamilies)
	describeAll(descs, nodeFamilies)
	describeAll(descs, psrdFamilies)
	descs <- states
	descs <- refused
	descs <- lasts
}

func describeAll[S any](descs chan<- *prometheus.Desc, families []family[S]) {
	for _, f := range families {
		descs <- f.desc
	}
}

// Collect implements [prometheus.Collector].
func (n nodes) Collect(metrics chan<- prometheus.Metric) {
	snapshot := own(n.network.Snapshot())
	s := &sums{collapsed: len(snapshot.Hubs)+len(snapshot.Clients) > MaxNodes, values: map[series]float64{}}
	for _, h := range snapshot.Hubs {
		name := s.nameOf(h.NodeSnapshot)
		addAll(s, hubFamilies, h, name)
		s.addNode(node.KindHub, h.NodeSnapshot, h.State)
	}
	for _, c := range snapshot.Clients {
		name := s.nameOf(c.NodeSnapshot)
		addAll(s, clientFamilies, c, name)
		s.addNode(node.KindClient, c.NodeSnapshot, c.State)
		s.addLasts(name, n.network.Lasts(c).Seconds())
	}
	for series, value := range s.values {
		labels := series.labels[:]
		for labels[len(labels)-1] == "" {
			labels = labels[:len(labels)-1]
		}
		metrics <- prometheus.MustNewConstMetric(series.desc, series.kind, value, labels...)
	}
}

// own returns the part of a snapshot about nodes of this process. The others are counted where they
// run.
func own(s sim.Snapshot) sim.Snapshot {
	s.Hubs = slices.DeleteFunc(s.Hubs, func(h sim.HubSnapshot) bool { return h.URL != "" })
	s.Clients = slices.DeleteFunc(s.Clients, func(c sim.ClientSnapshot) bool { return c.URL != "" })
	return s
}

// series has the values of a metric with the same labels; nodes that share a name are added up.
type series struct {
	desc   *prometheus.Desc
	kind   prometheus.ValueType
	labels [3]string // the first ones, as many as the metric has
}

type sums struct {
	collapsed bool // all nodes have the same name
	values    map[series]float64
}

func (s *sums) nameOf(n sim.NodeSnapshot) string {
	if s.collapsed {
		return "all"
	}
	return n.Name
}

func (s *sums) add(desc *prometheus.Desc, kind prometheus.ValueType, value float64, labels ...string) {
	key := series{desc: desc, kind: kind}
	copy(key.labels[:], labels)
	s.values[key] += value
}

func addAll[S any](s *sums, families []family[S], snapshot S, labels ...string) {
	for _, f := range families {
		s.add(f.desc, f.kind, f.value(snapshot), labels...)
	}
}

// addNode adds the values that hubs and clients have in common.
func (s *sums) addNode(kind node.Kind, n sim.NodeSnapshot, state string) {
	k, name := string(kind), s.nameOf(n)
	addAll(s, nodeFamilies, n, k, name)
	addAll(s, psrdFamilies, n.PSRD.ClientOwned, k, name, string(protocol.OwnerClient))
	addAll(s, psrdFamilies, n.PSRD.HubOwned, k, name, string(protocol.OwnerHub))
	for _, r := range n.SharesRefused {
		s.add(refused, prometheus.CounterValue, float64(r.Count), k, name, r.Reason)
	}
	s.addState(k, name, state)
}

// addLasts keeps the smallest value of the nodes that share a name.
func (s *sums) addLasts(name string, seconds float64) {
	key := series{desc: lasts, kind: prometheus.GaugeValue}
	key.labels[0] = name
	if least, known := s.values[key]; seconds > 0 && (!known || seconds < least) {
		s.values[key] = seconds
	}
}

// addState sets every state of a kind to whether the node is in it.
func (s *sums) addState(kind, name, now string) {
	all := []string{"stopped", "running"}
	if kind == string(node.KindClient) {
		all = append(all, "ready")
	}
	for _, state := range all {
		is := 0.0
		if state == now {
			is = 1
		}
		s.add(states, prometheus.GaugeValue, is, kind, name, state)
	}
}
