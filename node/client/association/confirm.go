package association

import (
	"slices"
	"time"

	"dske/protocol"
)

// A hub that keeps its state over a crash keeps shares until it hears that their key was delivered.
// It hears of that with the next marks, and at the latest after confirmWithin or when confirmAt
// keys wait.
const (
	confirmWithin = time.Second
	confirmAt     = 256

	// confirmByHand replaces confirmWithin where each message about marks costs PSRD from a file.
	confirmByHand = time.Minute
)

// Confirms reports whether the hub must be told of deliveries, or may have to be.
func (a *Association) Confirms() bool { return a.confirms.Load() }

// deliveries are the delivered keys that a hub must be told of.
type deliveries struct {
	all  []protocol.DeliveredKeys
	keys int  // in all of them
	soon bool // a timer runs
}

// Confirm tells the hub soon that keys were delivered. Each key is confirmed once; the Confirmed
// function of the config is called when the hub knows.
func (a *Association) Confirm(keys protocol.DeliveredKeys) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.deliveries == nil {
		a.deliveries = &deliveries{}
	}
	a.deliveries.all = append(a.deliveries.all, keys)
	a.deliveries.keys += len(keys.KeyIDs)
	a.confirmInTime()
}

// confirmInTime arranges that the hub is told when it is time. The caller holds a.mu.
func (a *Association) confirmInTime() {
	switch d := a.deliveries; {
	case d == nil || len(d.all) == 0:
	case a.session == nil: // the next session begins with it
	case d.keys >= confirmAt:
		a.confirmNow()
	case !d.soon:
		d.soon = true
		within := confirmWithin
		if a.config.ByHand {
			within = confirmByHand
		}
		time.AfterFunc(within, func() {
			a.mu.Lock()
			defer a.mu.Unlock()
			d.soon = false
			a.confirmNow()
		})
	}
}

// confirmNow has the hub told now. The caller holds a.mu.
func (a *Association) confirmNow() {
	a.confirmDue.Store(true)
	a.Maintain()
}

func (a *Association) hasToConfirm() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.deliveries != nil && len(a.deliveries.all) > 0
}

// toConfirm returns as many deliveries as fit into a message.
func (a *Association) toConfirm() []protocol.DeliveredKeys {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.deliveries == nil {
		return nil
	}
	all, keys, n := a.deliveries.all, 0, 0
	for n < len(all) && keys+len(all[n].KeyIDs) <= protocol.MaxDelivered {
		keys += len(all[n].KeyIDs)
		n++
	}
	return all[:n:n]
}

// noteConfirmed notes that the hub knows of the deliveries that toConfirm has returned.
func (a *Association) noteConfirmed(keys []protocol.DeliveredKeys) {
	if len(keys) == 0 {
		return
	}
	a.mu.Lock()
	a.deliveries.all = slices.Clone(a.deliveries.all[len(keys):])
	for _, d := range keys {
		a.deliveries.keys -= len(d.KeyIDs)
	}
	a.confirmInTime() // for those that did not fit
	a.mu.Unlock()
	for _, d := range keys {
		a.config.Confirmed(d)
	}
}

// setConfirms notes whether the hub wants to hear of deliveries. If it does not, there is nothing
// left to tell it.
func (a *Association) setConfirms(confirms bool) {
	a.confirms.Store(confirms)
	if !confirms {
		for a.hasToConfirm() {
			a.noteConfirmed(a.toConfirm())
		}
	}
}
