package sim

import (
	"cmp"
	"context"
	"slices"

	"dske/node"
	"dske/node/client"
	"dske/node/hub"
)

// question asks the node for its state. If it returns an error, the node is unreachable.
func (a *apart) question(ctx context.Context) (report, error) {
	var known report
	err := a.remote().get(ctx, pathControl, known.of(a.place.kind()))
	if isUnknownPath(err) {
		err = known.fromStatus(ctx, a)
	}
	if err != nil {
		known.unreachable(a)
	}
	known.settle(a)
	return known, err
}

// of returns the part of a report for a kind.
func (r *report) of(kind node.Kind) any {
	if kind == node.KindHub {
		return &r.hub
	}
	return &r.client
}

// unreachable clears the report of a node that does not answer.
func (r *report) unreachable(a *apart) {
	*r = report{}
	r.hub.State, r.client.State = stateUnreachable, stateUnreachable
	r.settle(a)
}

// fromStatus makes a report from the management status, which nodes of every implementation have.
func (r *report) fromStatus(ctx context.Context, a *apart) error {
	if a.place.kind() == node.KindHub {
		var status hub.Inspection
		if err := a.remote().get(ctx, "/mgmt/v1/status", &status); err != nil {
			return err
		}
		r.hub.NodeSnapshot = running()
		for _, p := range status.PeerClients {
			addStatus(&r.hub.PSRD, p.AssociationStatus)
		}
		r.hub.SharesWaiting = len(status.Shares)
		return nil
	}
	var status client.Inspection
	if err := a.remote().get(ctx, "/mgmt/v1/status", &status); err != nil {
		return err
	}
	r.client.NodeSnapshot = running()
	for _, p := range status.PeerHubs {
		level := -1
		if p.Registered {
			level = addStatus(&r.client.PSRD, p.AssociationStatus)
		}
		r.client.Levels = append(r.client.Levels, level)
	}
	return nil
}

func running() NodeSnapshot {
	return NodeSnapshot{Running: true, State: "running", SharesRefused: []node.Refusal{}}
}

// addStatus adds an association to the stock of a node, and returns the number of bytes available
// in its emptier pool.
func addStatus(stock *node.Stock, s node.AssociationStatus) (least int) {
	least = min(s.LocalPool.Unused(), s.PeerPool.Unused())
	if stock.Associations == 0 || least < stock.Least {
		stock.Least = least
	}
	stock.Associations++
	return least
}

// settle corrects the report of a node, which may be wrong in any way, for display.
func (r *report) settle(a *apart) {
	for _, s := range []*NodeSnapshot{&r.hub.NodeSnapshot, &r.client.NodeSnapshot} {
		r.process, s.Process = cmp.Or(r.process, s.Process), ""
		s.Name, s.URL = a.place.name(), a.url
		if !slices.Contains([]string{"stopped", "running", "ready", stateUnreachable}, s.State) {
			s.State = "running"
		}
		if s.SharesRefused == nil {
			s.SharesRefused = []node.Refusal{}
		}
	}
	r.hub.ForgottenBy = 0 // this process determines it
	if len(r.client.Levels) != a.hubs {
		r.client.Levels = nil
	}
}
