package node

import (
	"sync"
	"time"
)

// sweepEvery is the maximum time for which a node leaves expired or abandoned data in place, so
// that it need not search for each item separately.
const sweepEvery = 5 * time.Second

// Alarm calls a function of a node when data of it expires. It has one timer, and none while nothing
// can expire: an idle node does nothing.
type Alarm struct {
	ring  func()
	pause time.Duration // minimum time between two rings

	mu    sync.Mutex
	at    time.Time // when it rings next; zero: not at all
	last  time.Time // when it last rang
	timer *time.Timer
}

// NewAlarm returns an alarm that rings at most every few seconds, or every ttl if that is shorter:
// then it calls ring in a goroutine of its own.
func NewAlarm(ttl time.Duration, ring func()) *Alarm {
	return &Alarm{ring: ring, pause: min(ttl, sweepEvery)}
}

// By makes the alarm ring no later than at t, or some seconds after its last ring if that is later.
// A zero t means never.
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
	if a.timer == nil {
		a.timer = time.AfterFunc(time.Until(t), a.goOff)
		return
	}
	a.timer.Reset(time.Until(t))
}

func (a *Alarm) goOff() {
	a.mu.Lock()
	a.at, a.last = time.Time{}, time.Now()
	a.mu.Unlock()
	a.ring()
}

// Stop ends the alarm until it is set again.
func (a *Alarm) Stop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.at = time.Time{}
	if a.timer != nil {
		a.timer.Stop()
	}
}

// Earlier returns the earlier of two times, where zero means never.
func Earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
