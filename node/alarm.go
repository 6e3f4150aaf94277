package node

import (
	"context"
	"sync"
	"time"
)

// sweepEvery is the maximum time for which a node leaves expired or abandoned data in place, so
// that it need not search for each item separately.
const sweepEvery = 5 * time.Second

// Alarm wakes a node when data of it expires. Its timer does not run while nothing can expire: an
// idle node does nothing.
type Alarm struct {
	timer *time.Timer
	pause time.Duration // minimum time between two rings

	mu   sync.Mutex
	at   time.Time // when it rings next, or rang unheard; zero: not at all
	last time.Time // when it was last heard
}

// NewAlarm returns an alarm that rings at most every few seconds, or every ttl if that is shorter.
func NewAlarm(ttl time.Duration) *Alarm {
	a := &Alarm{timer: time.NewTimer(time.Hour), pause: min(ttl, sweepEvery)}
	a.timer.Stop()
	return a
}

// Wait waits until the alarm rings. It fails with the error of ctx if that ends before. Only one
// goroutine may wait.
func (a *Alarm) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-a.timer.C:
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.at, a.last = time.Time{}, time.Now()
	return nil
}

// By makes the alarm ring no later than at t, or some seconds after its last ring if that is later.
// A zero t means never. There is one next ring: who hears it sets the alarm again for what is due
// after that.
func (a *Alarm) By(t time.Time) {
	if t.IsZero() {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if earliest := a.last.Add(a.pause); t.Before(earliest) {
		t = earliest
	}
	if a.at.IsZero() || t.Before(a.at) {
		a.at = t
		a.timer.Reset(time.Until(t))
	}
}

// Stop ends the alarm until it is set again.
func (a *Alarm) Stop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.at = time.Time{}
	a.timer.Stop()
}

// Earlier returns the earlier of two times, where zero means never.
func Earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
