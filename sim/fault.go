package sim

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"net/http"
	"slices"

	"dske/node"
	"dske/sim/fault"
)

// AddFault puts a fault, such as drop to=hub/hank, between the nodes; see [fault.Parse].
func (n *Network) AddFault(text string) error {
	spec, err := fault.Parse(text)
	if err != nil {
		return err
	}
	for _, pattern := range spec.Patterns() {
		if !n.names(pattern) {
			return fmt.Errorf("%s: there is no node or encryptor %s", text, pattern)
		}
	}
	n.wire.faults.Add(spec)
	n.wire.mu.Lock()
	defer n.wire.mu.Unlock()
	n.wire.update()
	return nil
}

// names reports whether a pattern of a fault stands for somebody.
func (n *Network) names(pattern string) bool {
	known := n.Overview()
	saes := known.Encryptors()
	for i, name := range saes {
		saes[i] = "sae/" + name
	}
	return slices.ContainsFunc(append(known.Nodes(), saes...), func(name string) bool {
		return fault.Matches(pattern, name)
	})
}

// Faults says what the faults are and how often each fired. A hub that lies is the fault corrupt.
func (n *Network) Faults() []fault.Status {
	list := n.wire.faults.Statuses()
	for _, s := range n.slots {
		if s.lies.Load() {
			list = append(list, fault.Status{Spec: "corrupt " + s.path(), Fired: int(s.lied.Load())})
		}
	}
	return list
}

// ClearFaults ends all faults; hubs that lied are honest again.
func (n *Network) ClearFaults() {
	n.wire.faults.Clear()
	for _, s := range n.slots {
		s.lies.Store(false)
		s.lied.Store(0)
	}
	n.wire.mu.Lock()
	defer n.wire.mu.Unlock()
	n.wire.update()
}

// Corrupt makes a hub, such as hub/hank, lie: it alters the shares that it hands out before it signs
// them, also after it was stopped and started, until faults are cleared.
func (n *Network) Corrupt(name string) error {
	s, err := n.slot(name)
	if err != nil {
		return err
	}
	if s.kind != node.KindHub {
		return &node.Error{Status: http.StatusBadRequest, Message: "Only hubs can lie.", Details: map[string]any{"node": name}}
	}
	s.lies.Store(true)
	return nil
}

// rand64 returns the seed, or a random one if there is none.
func rand64(seed *uint64) uint64 {
	if seed != nil {
		return *seed
	}
	var b [8]byte
	rand.Read(b[:])
	return binary.BigEndian.Uint64(b[:])
}
