package sim

import (
	"context"
	"time"

	"dske/node"
)

// Snapshot is the state of every node at one moment, in the order of the topology: GET
// /sim/v1/nodes. It has counters and nothing about single blocks, shares and keys, so that even a
// large network can be asked every second.
type Snapshot struct {
	Hubs    []HubSnapshot    `json:"hubs"`
	Clients []ClientSnapshot `json:"clients"`

	// NextCourier is when the next couriers are expected, at all associations; nil: never, or PSRD
	// comes over the network.
	NextCourier *time.Time `json:"next_courier,omitempty"`
}

// NodeSnapshot is the state of a node of either kind. Counters continue when the node is stopped
// and started.
type NodeSnapshot struct {
	Name                string         `json:"name"`
	Running             bool           `json:"running"`
	State               string         `json:"state"` // stopped, running, for a client also ready, for a node elsewhere also unreachable
	PSRD                node.Stock     `json:"psrd"`
	FailedVerifications int64          `json:"failed_verifications"`  // messages with a missing or wrong signature
	SharesRefused       []node.Refusal `json:"shares_refused"`        // that a hub did not take or hand out, or that a client could not scatter or gather
	RolledBack          int64          `json:"rolled_back,omitempty"` // how often it found a peer with an old copy of its state
	URL                 string         `json:"url,omitempty"`         // base URL, if it runs in another process
	Process             string         `json:"process,omitempty"`     // that runs the node; set where the node itself is asked
}

// HubSnapshot is the state of a hub.
type HubSnapshot struct {
	NodeSnapshot
	SharesWaiting   int   `json:"shares_waiting"` // not fetched yet
	SharesTaken     int64 `json:"shares_taken"`
	SharesHandedOut int64 `json:"shares_handed_out"` // once for each slave
	Lies            bool  `json:"lies"`              // the shares that it hands out are altered
	BrokenInto      bool  `json:"broken_into"`       // an attacker has its secrets; see [Network.SetBrokenInto]
	ForgottenBy     int   `json:"forgotten_by"`      // number of clients that count as registered with it, but that it has forgotten

	// ForgeryChance is an upper bound of the probability that the hub would have accepted one of
	// the messages with wrong tags; 0 if there were none, and in a suite without such a bound.
	ForgeryChance float64 `json:"forgery_chance,omitempty"`
}

// ClientSnapshot is the state of a client.
type ClientSnapshot struct {
	NodeSnapshot
	Ready           bool  `json:"ready"`            // it has registered with every hub and filled its pools
	Levels          []int `json:"levels,omitempty"` // bytes available in the emptier pool of each of its hubs; -1: not registered
	KeysMade        int64 `json:"keys_made"`
	KeysDelivered   int64 `json:"keys_delivered"` // once to each slave
	SharesScattered int64 `json:"shares_scattered"`
	SharesGathered  int64 `json:"shares_gathered"`
	SharesAtOdds    int64 `json:"shares_at_odds"` // that did not fit the key: a hub lies, or was lied to
}

// HubStates returns for every hub only whether it runs and whether it lies.
func (n *Network) HubStates() []HubSnapshot {
	states := make([]HubSnapshot, len(n.hubs))
	for i, h := range n.hubs {
		if h.apart != nil {
			states[i] = h.apart.hub()
			continue
		}
		states[i].Name, states[i].Running = h.name(), h.isRunning()
		states[i].Lies, _ = h.liar.Lies()
	}
	return states
}

// Snapshot returns the current state of every node. It asks those that run elsewhere.
func (n *Network) Snapshot() Snapshot {
	n.askElsewhere(context.Background(), 0)
	snapshot := Snapshot{Hubs: make([]HubSnapshot, 0, len(n.hubs)), Clients: make([]ClientSnapshot, 0, len(n.perClient)), NextCourier: n.nextCourier()}
	for _, h := range n.hubs {
		snapshot.Hubs = append(snapshot.Hubs, h.snapshot())
	}
	believed := map[string]int{} // number of clients that are registered, in their own view, by hub
	for _, c := range n.clients {
		s := c.snapshot()
		for i, level := range s.Levels {
			if level >= 0 {
				believed[c.topology().Hubs[i]]++
			}
		}
		snapshot.Clients = append(snapshot.Clients, s)
	}
	for i, h := range snapshot.Hubs {
		if h.Running {
			snapshot.Hubs[i].ForgottenBy = max(0, believed[h.Name]-h.PSRD.Associations)
		}
	}
	return snapshot
}

// Consumed returns how many bytes of PSRD the clients of this process have used so far.
func (n *Network) Consumed() (sum int64) {
	for _, c := range n.local {
		if kept := c.lasting.Load(); kept != nil {
			sum += kept.counters.ClientOwned.Load() + kept.counters.HubOwned.Load()
		}
	}
	return sum
}

func (h *hubPlace) snapshot() HubSnapshot {
	if h.apart != nil {
		return h.apart.hub()
	}
	c := &h.counters
	s := HubSnapshot{
		NodeSnapshot:    newSnapshot(h.name(), &c.Counters),
		SharesTaken:     c.SharesTaken.Load(),
		SharesHandedOut: c.SharesHandedOut.Load(),
	}
	if chance, ok := c.ForgeryChance(h.network.suite); ok {
		s.ForgeryChance = float64(chance)
	}
	if m := h.member(); m != nil {
		now := m.Condition()
		s.Running, s.State, s.PSRD, s.SharesWaiting = true, "running", now.psrd, now.sharesWaiting
	}
	s.Lies, _ = h.liar.Lies()
	s.BrokenInto = h.isBrokenInto.Load()
	return s
}

func (c *clientPlace) snapshot() ClientSnapshot {
	if c.apart != nil {
		return c.apart.client()
	}
	kept := c.lasting.Load()
	if kept == nil {
		kept = &lasting{}
	}
	k := &kept.counters
	s := ClientSnapshot{
		NodeSnapshot:    newSnapshot(c.name(), &k.Counters),
		KeysMade:        k.KeysMade.Load(),
		KeysDelivered:   k.KeysDelivered.Load(),
		SharesScattered: k.SharesScattered.Load(),
		SharesGathered:  k.SharesGathered.Load(),
		SharesAtOdds:    k.SharesAtOdds.Load(),
	}
	if m := c.member(); m != nil {
		now := m.Condition()
		s.Running, s.State, s.PSRD, s.Levels = true, "running", now.psrd, now.levels
		if s.Ready = isReady(m); s.Ready {
			s.State = "ready"
		}
	}
	return s
}

// newSnapshot returns the part that stopped nodes have too.
func newSnapshot(name string, c *node.Counters) NodeSnapshot {
	return NodeSnapshot{Name: name, State: "stopped", PSRD: c.Stock(), FailedVerifications: c.FailedVerifications.Load(), SharesRefused: c.Refused.List(),
		RolledBack: c.RolledBack.Load()}
}
