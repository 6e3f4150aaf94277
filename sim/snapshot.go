package sim

import (
	"dske/node"
	"dske/node/client"
)

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
	for _, s := range n.slots {
		if s.kind == node.KindHub {
			snapshot.Hubs = append(snapshot.Hubs, s.hubSnapshot())
		} else {
			snapshot.Clients = append(snapshot.Clients, s.clientSnapshot())
		}
	}
	return snapshot
}

func (s *slot) hubSnapshot() HubSnapshot {
	c := &s.hubCounters
	h := HubSnapshot{
		NodeSnapshot:    s.nodeSnapshot(&c.Counters),
		SharesTaken:     c.SharesTaken.Load(),
		SharesHandedOut: c.SharesHandedOut.Load(),
	}
	if running := s.runningHub(); running != nil {
		h.Running = true
		h.PSRD = running.Stock()
		h.SharesWaiting = running.SharesWaiting()
	}
	return h
}

func (s *slot) clientSnapshot() ClientSnapshot {
	c := &s.clientCounters
	k := ClientSnapshot{
		NodeSnapshot:    s.nodeSnapshot(&c.Counters),
		KeysMade:        c.KeysMade.Load(),
		KeysDelivered:   c.KeysDelivered.Load(),
		SharesScattered: c.SharesScattered.Load(),
		SharesGathered:  c.SharesGathered.Load(),
		SharesAtOdds:    c.SharesAtOdds.Load(),
	}
	if running := s.runningClient(); running != nil {
		k.Running = true
		k.PSRD = running.Stock()
		k.Ready = isReady(running)
		k.Levels = running.Levels()
	}
	return k
}

// nodeSnapshot returns what also a stopped node has.
func (s *slot) nodeSnapshot(c *node.Counters) NodeSnapshot {
	return NodeSnapshot{Name: s.name, PSRD: c.Stock(), FailedVerifications: c.FailedVerifications.Load(), SharesRefused: c.Refused.List()}
}

func isReady(c *client.Client) bool {
	select {
	case <-c.Ready():
		return true
	default:
		return false
	}
}

// Ready returns how many of the clients are running and ready, and how many clients there are.
func (n *Network) Ready() (ready, clients int) {
	for _, s := range n.clients() {
		if c := s.runningClient(); c != nil && isReady(c) {
			ready++
		}
	}
	return ready, len(n.clients())
}
