package sim

import "dske/node"

// Request is a request that a node has answered. Route is the pattern of its path under the node,
// such as /etsi/api/v1/keys/:sae/enc_keys, from a fixed set, or empty if the path matches none.
type Request struct {
	Node string // such as client/carol
	node.Request
}

// ObserveRequests calls f for every request that a node answers, until cancel is called. F is
// called from many goroutines, and the answer is complete only after it returns.
func (n *Network) ObserveRequests(f func(Request)) (cancel func()) {
	return n.requests.Add(f)
}
