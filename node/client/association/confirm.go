package association

import (
	"time"

	"dske/protocol"
)

// A hub that keeps its state over a crash keeps shares until it hears that their key was delivered:
// with the next marks, and at the latest so long after the delivery or at so many keys.
const (
	confirmWithin = time.Second
	confirmAt     = 256
)

// Confirms reports whether the hub has to be told what was delivered, or may have to be.
func (a *Association) Confirms() bool { return a.confirms.Load() }

// Confirm tells the hub soon that keys were delivered. Each of them is confirmed once; the
// Confirmed function of the config is told when.
func (a *Association) Confirm(keys protocol.DeliveredKeys) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.delivered = append(a.delivered, keys)
	a.toDeliver += len(keys.KeyIDs)
	switch {
	case a.session == nil: // the next one begins with it
	case a.toDeliver >= confirmAt:
		a.confirmNow()
	case !a.confirmSoon:
		a.confirmSoon = true
		time.AfterFunc(confirmWithin, func() {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.confirmSoon = false
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
	return len(a.delivered) > 0
}

// toConfirm returns what fits into a message of what was delivered.
func (a *Association) toConfirm() []protocol.DeliveredKeys {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.confirmDue.Store(false)
	keys, n := 0, 0
	for n < len(a.delivered) && keys+len(a.delivered[n].KeyIDs) <= protocol.MaxDelivered {
		keys += len(a.delivered[n].KeyIDs)
		n++
	}
	return a.delivered[:n:n]
}

// confirmed notes that the hub knows of what toConfirm has returned.
func (a *Association) confirmed(keys []protocol.DeliveredKeys) {
	a.mu.Lock()
	a.delivered = append([]protocol.DeliveredKeys(nil), a.delivered[len(keys):]...)
	for _, d := range keys {
		a.toDeliver -= len(d.KeyIDs)
	}
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
