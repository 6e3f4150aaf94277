package sim

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"

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
func (n *Network) ObserveRequests(f func(Request)) (cancel func()) { return n.requests.add(f) }

// requestObservers is those who want to know of requests. Looking whether there are any is one load.
type requestObservers struct {
	mu  sync.Mutex // held to change all
	all atomic.Pointer[[]*func(Request)]
}

func (o *requestObservers) add(f func(Request)) (cancel func()) {
	entry := &f
	o.change(func(all []*func(Request)) []*func(Request) { return append(all, entry) })
	return func() {
		o.change(func(all []*func(Request)) []*func(Request) {
			return slices.DeleteFunc(all, func(other *func(Request)) bool { return other == entry })
		})
	}
}

// change replaces the list by what f makes of a copy.
func (o *requestObservers) change(f func([]*func(Request)) []*func(Request)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var all []*func(Request)
	if old := o.all.Load(); old != nil {
		all = slices.Clone(*old)
	}
	if all = f(all); len(all) == 0 {
		o.all.Store(nil)
		return
	}
	o.all.Store(&all)
}

// observer is the [node.Observer] of the node in the slot.
func (s *slot) observer() func(node.Request) {
	all := s.network.requests.all.Load()
	if all == nil {
		return nil
	}
	return func(r node.Request) {
		r.Route = strings.TrimPrefix(r.Route, node.Prefix(s.kind, s.name))
		for _, f := range *all {
			(*f)(Request{s.path(), r})
		}
	}
}
