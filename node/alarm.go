package node

import (
	"sync"
	"time"
)

// sweepEvery is how long a node leaves what has expired or was given up where it is, at most, so
// that it need not look through everything for each share of its own.
const sweepEvery = 5 * time.Second

// Alarm wakes a node when something of it expires. It has one timer, and none while nothing can
// expire: a node that nobody uses does nothing.
type Alarm struct {
	rings chan struct{}
	pause time.Duration // between two rings, at least

	mu    sync.Mutex
	at    time.Time // when it rings next; zero: not at all
	last  time.Time // when it has rung
	timer *time.Timer
}

// NewAlarm returns an alarm for things of which some live for ttl.
func NewAlarm(ttl time.Duration) *Alarm {
	return &Alarm{rings: make(chan struct{}, 1), pause: min(ttl, sweepEvery)}
}

// Rings returns the channel on which the alarm rings.
func (a *Alarm) Rings() <-chan struct{} { return a.rings }

// By makes the alarm ring no later than at t, or some seconds after it has rung before. A t of zero
// is never.
func (a *Alarm) By(t time.Time) {
	if t.IsZero() {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if earliest := a.last.Add(a.pause); t.Before(earliest) {
		t = earliest
	}
	if !a.at.IsZero() && !t.Before(a.at) {
		return
	}
	a.at = t
	if a.timer != nil {
		a.timer.Stop()
	}
	a.timer = time.AfterFunc(time.Until(t), a.ring)
}

func (a *Alarm) ring() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.at, a.last = time.Time{}, time.Now()
	select {
	case a.rings <- struct{}{}:
	default: // it was not heard the last time, and is now for both
	}
}

// Stop ends the alarm, unless somebody sets it again.
func (a *Alarm) Stop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.at = time.Time{}
	if a.timer != nil {
		a.timer.Stop()
	}
}

// Earlier returns the earlier of two times, of which zero is never.
func Earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
