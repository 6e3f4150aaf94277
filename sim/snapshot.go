package sim

import "dske/node"

// Snapshot is how every node is at one moment, in the order of the topology: GET /sim/v1/nodes. It tells what
// is counted and nothing of single blocks, shares and keys, so that even that of a large network can be asked
// for every second.
type Snapshot struct {
	Hubs    []HubSnapshot    `json:"hubs"`
	Clients []ClientSnapshot `json:"clients"`
}

// NodeSnapshot is how a node is, of either kind. What it counts goes on when the node is stopped and started.
type NodeSnapshot struct {
	Name                string         `json:"name"`
	Running             bool           `json:"running"`
	PSRD                node.Stock     `json:"psrd"`
	FailedVerifications int64          `json:"failed_verifications"` // messages with a missing or wrong signature
	SharesRefused       []node.Refusal `json:"shares_refused"`       // that a hub did not take or hand out, or a client did not get rid of or get
}

// HubSnapshot is how a hub is.
type HubSnapshot struct {
	NodeSnapshot
	SharesWaiting   int   `json:"shares_waiting"` // to be fetched
	SharesTaken     int64 `json:"shares_taken"`
	SharesHandedOut int64 `json:"shares_handed_out"` // once for each slave

	// ForgeryChance is how likely it is at most that one of the messages with wrong tags would have been accepted;
	// 0 if there were none, and in a suite that has no bound on it.
	ForgeryChance float64 `json:"forgery_chance,omitempty"`
}

// ClientSnapshot is how a client is.
type ClientSnapshot struct {
	NodeSnapshot
	Ready           bool  `json:"ready"`            // it has registered with every hub and filled its pools
	Levels          []int `json:"levels,omitempty"` // bytes available in the emptier pool of each of its hubs; -1: not registered
	KeysMade        int64 `json:"keys_made"`
	KeysDelivered   int64 `json:"keys_delivered"` // once to each slave
	SharesScattered int64 `json:"shares_scattered"`
	SharesGathered  int64 `json:"shares_gathered"`
	SharesAtOdds    int64 `json:"shares_at_odds"` // with the key: a hub lies, or was lied to
}

// State is stopped or running.
func (s NodeSnapshot) State() string {
	if s.Running {
		return "running"
	}
	return "stopped"
}

// State is stopped, running or ready.
func (c ClientSnapshot) State() string {
	if c.Ready {
		return "ready"
	}
	return c.NodeSnapshot.State()
}

// Snapshot returns how every node is now.
func (n *Network) Snapshot() Snapshot {
	snapshot := Snapshot{Hubs: []HubSnapshot{}, Clients: []ClientSnapshot{}}
	for _, h := range n.hubs {
		snapshot.Hubs = append(snapshot.Hubs, h.snapshot())
	}
	for _, c := range n.clients {
		snapshot.Clients = append(snapshot.Clients, c.snapshot())
	}
	return snapshot
}

func (h *hubPlace) snapshot() HubSnapshot {
	c := &h.counters
	s := HubSnapshot{
		NodeSnapshot:    newSnapshot(h.name, &c.Counters),
		SharesTaken:     c.SharesTaken.Load(),
		SharesHandedOut: c.SharesHandedOut.Load(),
	}
	if chance, ok := c.ForgeryChance(h.network.suite); ok {
		s.ForgeryChance = float64(chance)
	}
	if m := h.member(); m != nil {
		now := m.Condition()
		s.Running, s.PSRD, s.SharesWaiting = true, now.psrd, now.sharesWaiting
	}
	return s
}

func (c *clientPlace) snapshot() ClientSnapshot {
	k := &c.counters
	s := ClientSnapshot{
		NodeSnapshot:    newSnapshot(c.name, &k.Counters),
		KeysMade:        k.KeysMade.Load(),
		KeysDelivered:   k.KeysDelivered.Load(),
		SharesScattered: k.SharesScattered.Load(),
		SharesGathered:  k.SharesGathered.Load(),
		SharesAtOdds:    k.SharesAtOdds.Load(),
	}
	if m := c.member(); m != nil {
		now := m.Condition()
		s.Running, s.PSRD, s.Levels = true, now.psrd, now.levels
		s.Ready = isReady(m)
	}
	return s
}

// newSnapshot returns what also a stopped node has.
func newSnapshot(name string, c *node.Counters) NodeSnapshot {
	return NodeSnapshot{Name: name, PSRD: c.Stock(), FailedVerifications: c.FailedVerifications.Load(), SharesRefused: c.Refused.List()}
}
