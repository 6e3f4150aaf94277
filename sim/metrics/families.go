package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"dske/node"
	"dske/sim"
)

// family is a metric with a value for each node with a snapshot of type S.
type family[S any] struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(S) float64
}

func counter[S any](name, help string, value func(S) int64, labels ...string) family[S] {
	return family[S]{describe(name, help, labels...), prometheus.CounterValue, func(s S) float64 { return float64(value(s)) }}
}

func gauge[S any](name, help string, value func(S) int, labels ...string) family[S] {
	return family[S]{describe(name, help, labels...), prometheus.GaugeValue, func(s S) float64 { return float64(value(s)) }}
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("dske_"+name, help, labels, nil)
}

// Metrics that only hubs, or only clients, have need no label for the kind.
var hubFamilies = []family[sim.HubSnapshot]{
	counter("shares_taken_total", "Shares that hubs have taken from clients.",
		func(h sim.HubSnapshot) int64 { return h.SharesTaken }, "node"),
	counter("shares_handed_out_total", "Shares that hubs have handed out to clients, once for each slave.",
		func(h sim.HubSnapshot) int64 { return h.SharesHandedOut }, "node"),
	gauge("shares_waiting", "Shares that wait at hubs to be fetched.",
		func(h sim.HubSnapshot) int { return h.SharesWaiting }, "node"),
	{describe("forgery_chance", "Upper bound of the probability that the hub would have accepted one of the messages with wrong tags; suite its only.", "node"),
		prometheus.GaugeValue, func(h sim.HubSnapshot) float64 { return h.ForgeryChance }},
}

var clientFamilies = []family[sim.ClientSnapshot]{
	counter("keys_made_total", "Keys that clients have made and given to a master.",
		func(c sim.ClientSnapshot) int64 { return c.KeysMade }, "node"),
	counter("keys_delivered_total", "Keys that clients have given to a slave.",
		func(c sim.ClientSnapshot) int64 { return c.KeysDelivered }, "node"),
	counter("shares_scattered_total", "Shares that hubs have taken from clients.",
		func(c sim.ClientSnapshot) int64 { return c.SharesScattered }, "node"),
	counter("shares_gathered_total", "Shares that clients got from hubs.",
		func(c sim.ClientSnapshot) int64 { return c.SharesGathered }, "node"),
	counter("shares_at_odds_total", "Shares that did not fit the key at a client: their hub lies, or was lied to.",
		func(c sim.ClientSnapshot) int64 { return c.SharesAtOdds }, "node"),
}

// lasts is not a sum over nodes but the minimum.
var lasts = describe("psrd_lasts_seconds", "Seconds until the emptiest pool of a client runs dry, if nobody fills it and use goes on at the rate so far.", "node")

var nodeFamilies = []family[sim.NodeSnapshot]{
	counter("failed_verifications_total", "Messages with a missing or wrong signature that came to the node.",
		func(s sim.NodeSnapshot) int64 { return s.FailedVerifications }, "kind", "node"),
	counter("rollbacks_total", "How often the node found a peer with an old copy of its state.",
		func(s sim.NodeSnapshot) int64 { return s.RolledBack }, "kind", "node"),
	gauge("associations", "Associations of the node.",
		func(s sim.NodeSnapshot) int { return s.PSRD.Associations }, "kind", "node"),
}

// psrdFamilies are metrics of the pools of one owner.
var psrdFamilies = []family[node.Levels]{
	gauge("psrd_available_bytes", "PSRD that is not allocated, by the owner of the pool: the side that chooses from it.",
		func(l node.Levels) int { return l.Available }, "kind", "node", "owner"),
	gauge("psrd_allocated_bytes", "PSRD that is allocated but not consumed, by the owner of the pool.",
		func(l node.Levels) int { return l.Allocated }, "kind", "node", "owner"),
	counter("psrd_consumed_bytes_total", "PSRD that was consumed, by the owner of the pool.",
		func(l node.Levels) int64 { return l.Consumed }, "kind", "node", "owner"),
}

var (
	states  = describe("nodes", "Nodes in a state: stopped, running or, for clients that have all their PSRD, ready.", "kind", "node", "state")
	refused = describe("shares_refused_total", "Shares that hubs refused to take or hand out, or that clients failed to scatter or gather.", "kind", "node", "reason")
)
