package sim

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"dske/node"
	"dske/sim/fault"
)

// lieID is the prefix of the ID of the fault that a hub lies.
const lieID = "corrupt-"

// ErrNoSuchFault is the error for an unknown fault.
var ErrNoSuchFault = errors.New("no such fault")

// RemoveFault removes the fault with an ID from [Network.Faults].
func (n *Network) RemoveFault(id string) error {
	name, isLie := strings.CutPrefix(id, lieID)
	if isLie && n.at("hub/"+name) != nil {
		return n.Lie("hub/"+name, false)
	}
	if !n.wire.RemoveFault(id) {
		return fmt.Errorf("%w: %s", ErrNoSuchFault, id)
	}
	return nil
}

// Faults returns the faults, with how often each fired: those on the wire, and hubs that lie, which
// is the fault corrupt. Counts of other processes are known only while they are followed, see
// [Network.CatchUp].
func (n *Network) Faults() []fault.Status { return n.faultsElsewhere(n.faultsHere()) }

// faultsHere is [Network.Faults] for this process only.
func (n *Network) faultsHere() []fault.Status {
	list := n.wire.Faults()
	for _, h := range n.hubs {
		if lies, told := h.liar.Lies(); lies {
			list = append(list, fault.Status{ID: lieID + h.name(), Spec: "corrupt " + h.path(), Fired: told})
		}
	}
	return list
}

// ClearFaults removes all faults; hubs that lied are honest again.
func (n *Network) ClearFaults() {
	n.wire.ClearFaults()
	for _, h := range n.hubs {
		h.liar.Stop()
	}
}

// Corrupt makes a hub, such as hub/hank, lie: it alters the shares that it hands out before it
// signs them, also after a stop and start, until faults are cleared.
func (n *Network) Corrupt(name string) error { return n.Lie(name, true) }

// Lie makes a hub lie, as [Network.Corrupt] does, or makes it honest again.
func (n *Network) Lie(name string, lies bool) error {
	p, err := n.place(name)
	if err != nil {
		return err
	}
	for _, h := range n.hubs {
		switch {
		case &h.place != p:
		case h.apart != nil:
			return h.apart.lie(lies)
		case lies:
			h.liar.Start()
			return nil
		default:
			h.liar.Stop()
			return nil
		}
	}
	return &node.Error{Status: http.StatusBadRequest, Message: "Only hubs can lie.", Details: map[string]any{"node": name}}
}

// rand64 returns *seed, or a random number if seed is nil.
func rand64(seed *uint64) uint64 {
	if seed != nil {
		return *seed
	}
	var b [8]byte
	rand.Read(b[:])
	return binary.BigEndian.Uint64(b[:])
}
