package association

import (
	"slices"
	"time"

	"dske/protocol"
)

// A hub that keeps its state over a crash keeps shares until it hears that their key was delivered:
// with the next marks, and at the latest so long after the delivery or at so many keys.
const (
	confirmWithin = time.Second
	confirmAt     = 256

	// confirmByHand takes the place of confirmWithin where each message about marks costs what a
	// file has brought.
	confirmByHand = time.Minute
)

// Confirms reports whether the hub has to be told what was delivered, or may have to be.
func (a *Association) Confirms() bool { return a.confirms.Load() }

// deliveries is what a hub is to be told of.
type deliveries struct {
	all  []protocol.DeliveredKeys
	keys int  // in all of them
	soon bool // a timer runs
}

// Confirm tells the hub soon that keys were delivered. Each of them is confirmed once; the
// Confirmed function of the config is told when.
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

// confirmInTime has the hub told when it is time to. The caller holds a.mu.
func (a *Association) confirmInTime() {
	switch d := a.deliveries; {
	case d == nil || len(d.all) == 0:
	case a.session == nil: // the next one begins with it
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

// confirmNow has the hub told. The caller holds a.mu.
func (a *Association) confirmNow() {
	a.confirmDue.Store(true)
	a.Maintain()
}

func (a *Association) hasToConfirm() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.deliveries != nil && len(a.deliveries.all) > 0
}

// toConfirm returns what fits into a message of what was delivered.
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

// confirmed notes that the hub knows of what toConfirm has returned.
func (a *Association) confirmed(keys []protocol.DeliveredKeys) {
	if len(keys) == 0 {
		return
	}
	a.mu.Lock()
	a.deliveries.all = slices.Clone(a.deliveries.all[len(keys):])
	for _, d := range keys {
		a.deliveries.keys -= len(d.KeyIDs)
	}
	a.confirmInTime() // of what did not fit
	a.mu.Unlock()
	for _, d := range keys {
		a.config.Confirmed(d)
	}
}

// setConfirms notes whether the hub wants to know what was delivered. If it does not, it knows all
// that it has to.
func (a *Association) setConfirms(confirms bool) {
	a.confirms.Store(confirms)
	if !confirms {
		for a.hasToConfirm() {
			a.confirmed(a.toConfirm())
		}
	}
}
