package sim

import "dske/node"

// addPlaces makes the places of the topology, all empty.
func (n *Network) addPlaces() {
	for i, h := range n.config.Topology.Hubs {
		p := newHubPlace(n, h.Name, i)
		if h.Elsewhere {
			p.apart = newApart(&p.place, h.URL, 0)
		}
		n.hubs = append(n.hubs, p)
	}
	n.perClient = make([]clientPlace, len(n.config.Topology.Clients)) // in one piece: there may be a million
	for i, c := range n.config.Topology.Clients {
		if c.External {
			continue
		}
		p := &n.perClient[i]
		p.prepare(n, i)
		if c.Elsewhere {
			p.apart = newApart(&p.place, c.URL, len(c.Hubs))
		}
		n.systems = append(n.systems, c.Name)
	}
	n.byPath = node.NewIndex(len(n.hubs)+len(n.perClient), func(path string, i int) bool { return n.placeAt(i).path() == path })
	for i, p := range n.places {
		n.byPath.Add(p.path(), i)
	}
}

// placeAt returns the place of the i-th node, counted as [Network.places] does.
func (n *Network) placeAt(i int) *place {
	if i < len(n.hubs) {
		return &n.hubs[i].place
	}
	return &n.perClient[i-len(n.hubs)].place
}

// places yields the places of all nodes of the network, hubs first, and their indexes.
func (n *Network) places(yield func(int, *place) bool) {
	for i, h := range n.hubs {
		if !yield(i, &h.place) {
			return
		}
	}
	for i, c := range n.clients {
		if !yield(len(n.hubs)+i, &c.place) {
			return
		}
	}
}

// clients yields the places of the clients of the network, and their indexes in the topology, which
// also has external clients.
func (n *Network) clients(yield func(int, *clientPlace) bool) {
	for i := range n.perClient {
		if !n.config.Topology.Clients[i].External && !yield(i, &n.perClient[i]) {
			return
		}
	}
}

// local yields the places of the clients that run in this process, counted from 0.
func (n *Network) local(yield func(int, *clientPlace) bool) {
	count := 0
	for _, c := range n.clients {
		if c.apart != nil {
			continue
		}
		if !yield(count, c) {
			return
		}
		count++
	}
}

// localAt returns the place of a client that runs in this process, by its number among them.
func (n *Network) localAt(number int) *clientPlace {
	for i, c := range n.local {
		if i == number {
			return c
		}
	}
	return nil
}
