package topology

import (
	"slices"

	"dske/protocol"
)

// pythonThreshold is the only threshold of the clients of the Python implementation.
const pythonThreshold = 3

// hasPython reports whether a hub is of the Python implementation.
func (t *Topology) hasPython() bool {
	return slices.ContainsFunc(t.Hubs, func(h Hub) bool { return h.Implementation == ImplementationPython })
}

// defaultThreshold returns a majority of all hubs, or the threshold of the Python implementation if
// one of the hubs is of it and there are enough hubs.
func (t *Topology) defaultThreshold() int {
	if t.hasPython() && len(t.Hubs) >= pythonThreshold {
		return pythonThreshold
	}
	return defaultThreshold(len(t.Hubs))
}

func pythonFlaw(t *Topology) *flaw {
	for i, h := range t.Hubs {
		switch {
		case h.Implementation == "":
		case h.Implementation != ImplementationPython:
			return flawf(at("hubs", i, "implementation"), "the implementation of hub %q is %.64q: set it to %s, or remove it", h.Name, h.Implementation, ImplementationPython)
		case h.URL == "":
			return flawf(at("hubs", i, "implementation"), "hub %q is of %s and runs elsewhere: give it a url", h.Name, h.Implementation)
		case t.Suite != protocol.SuitePython:
			return flawf(at("hubs", i, "implementation"), "hub %q is of %s, which has no other suite than its own: set suite to %s", h.Name, h.Implementation, protocol.SuitePython)
		}
	}
	return nil
}
