package sim

import (
	"strings"

	"dske/node"
)

// Request is a request that a node has answered, whoever made it. Route is the pattern of its path under the node, such
// as /etsi/api/v1/keys/:sae/enc_keys, of which there is a fixed set; it is empty if there is none.
type Request struct {
	Node string // such as client/carol
	node.Request
}

// ObserveRequests calls f for every request that a node answers, until cancel is called. F is called by many
// goroutines at once, and the answer is not complete before it returns.
func (n *Network) ObserveRequests(f func(Request)) (cancel func()) {
	return n.requests.Add(f)
}

// observer is the [node.Observer] of the node in the slot.
func (s *slot) observer() func(node.Request) {
	if !s.network.requests.Any() {
		return nil
	}
	return func(r node.Request) {
		r.Route = strings.TrimPrefix(r.Route, node.Prefix(s.kind, s.name))
		for _, f := range s.network.requests.All() {
			(*f)(Request{s.path(), r})
		}
	}
}
