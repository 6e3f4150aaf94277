package client

import (
	"sync"
	"time"
)

// When a threshold of the hubs have their shares, the master could have its key, and the other
// shares would continue in the background. The client waits a little for the other hubs if they
// usually answer at the same time: a slave that asks at once then finds all shares, even on a busy
// machine. Where the other hubs usually answer later, because they are farther away or the network
// is uneven, waiting would cost much and gain little: a share reaches its hub after one way, and
// the master gets its answers after both ways, before it can tell the slave.

const (
	// promptness is how much later than the deciding answer a hub may answer, on average, to be
	// waited for. It bounds the average cost of waiting.
	promptness = 5 * time.Millisecond

	// habit is about how many answers the average covers. A single late answer among prompt ones
	// does not make a habit.
	habit = 16
)

// habits records how late the hubs of a client usually answer.
type habits struct {
	mu   sync.Mutex
	late []time.Duration // by hub
}

// note records how late an answer was. Delays beyond stragglerGrace count as stragglerGrace.
func (h *habits) note(hub int, late time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.late[hub] += (min(late, stragglerGrace) - h.late[hub]) / habit
}

// awaits reports whether there is a hub that has not answered and is usually not late.
func (h *habits) awaits(t *tally) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for hub, answered := range t.answered {
		if !answered && h.late[hub] <= promptness {
			return true
		}
	}
	return false
}

// moment is a point in time that may not have come yet.
type moment struct {
	mu sync.Mutex
	at time.Time
}

// now sets the moment to the present, unless it has come before.
func (m *moment) now() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.at.IsZero() {
		m.at = time.Now()
	}
}

// ago returns how long ago the moment came, or 0 if it has not come.
func (m *moment) ago() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.at.IsZero() {
		return 0
	}
	return time.Since(m.at)
}
