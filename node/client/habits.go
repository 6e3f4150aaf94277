package client

import (
	"sync"
	"time"
)

// When as many hubs have their shares as make the key, a master could have it, and the shares of
// the others would go on in the background. He waits a little for them if they usually come at the
// same time: a slave who asks at once then finds all of them, also on a machine that is busy. Where
// they usually come later, since those hubs are farther away or the network is uneven, to wait
// would cost much and gain little: a share reaches its hub after one way, and the master has his
// answers after both, before anybody can tell the slave.

const (
	// promptness is up to how much later than enough others a hub answers, on average, so that it
	// is waited for. It bounds what waiting costs, on average.
	promptness = 5 * time.Millisecond

	// habit is about how many answers the average is of. One that is held up, among others that are
	// not, does not make a habit.
	habit = 16
)

// habits is how late the hubs of a client usually are.
type habits struct {
	mu   sync.Mutex
	late []time.Duration // by hub
}

// note takes notice of how late an answer was. More than the time of grace makes no difference.
func (h *habits) note(hub int, late time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.late[hub] += (min(late, stragglerGrace) - h.late[hub]) / habit
}

// awaits reports whether there is a hub that has not answered, and usually is not late.
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

// moment is a time that may not have come yet.
type moment struct {
	mu sync.Mutex
	at time.Time
}

// now says that it has come, unless it has before.
func (m *moment) now() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.at.IsZero() {
		m.at = time.Now()
	}
}

// ago returns how long ago it came; 0: it has not.
func (m *moment) ago() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.at.IsZero() {
		return 0
	}
	return time.Since(m.at)
}
