package sim

import "dske/node"

// State is what changes in a network, in the order of its topology and without names: it is to be asked for every
// second, of a network of any size.
type State struct {
	Hubs    []bool  `json:"hubs"`    // which run
	Clients []bool  `json:"clients"` // which run
	Levels  [][]int `json:"levels"`  // by client, none for a stopped one, and by its hubs: see [client.Client.Levels]
}

// State returns what the network is like now.
//
// [client.Client.Levels]: dske/node/client
func (n *Network) State() State {
	var state State
	for _, s := range n.slots {
		if s.kind == node.KindHub {
			state.Hubs = append(state.Hubs, s.isRunning())
			continue
		}
		levels := []int{}
		client := s.runningClient()
		if client != nil {
			levels = client.Levels()
		}
		state.Clients = append(state.Clients, client != nil)
		state.Levels = append(state.Levels, levels)
	}
	return state
}
