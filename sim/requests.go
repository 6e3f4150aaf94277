package sim

import "dske/node"

// Request is a request that a node has answered, whoever made it. Route is the pattern of its path
// under the node, such as /etsi/api/v1/keys/:sae/enc_keys, of which there is a fixed set; it is
// empty if there is none.
type Request struct {
	Node string // such as client/carol
	node.Request
}

// ObserveRequests calls f for every request that a node answers, until cancel is called. F is
// called by many goroutines at once, and the answer is not complete before it returns.
func (n *Network) ObserveRequests(f func(Request)) (cancel func()) {
	return n.requests.Add(f)
}
