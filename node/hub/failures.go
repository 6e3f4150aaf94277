package hub

import (
	"sync"
	"time"

	"dske/protocol"
)

// failures counts wrong signatures in the name of one client. Each of them is an attempt to forge a
// message, and the bound on their success grows with their number.
type failures struct {
	mu     sync.Mutex
	total  int
	recent int       // since start
	start  time.Time // of the current minute
}

// check fails with [protocol.ErrTooManyFailures] if there have been limit failures in this minute. No
// limit is 0.
func (f *failures) check(limit int) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if limit > 0 && f.recent >= limit && time.Since(f.start) < time.Minute {
		return protocol.ErrTooManyFailures
	}
	return nil
}

// note counts a wrong signature.
func (f *failures) note() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if time.Since(f.start) >= time.Minute {
		f.start, f.recent = time.Now(), 0
	}
	f.recent++
	f.total++
}

func (f *failures) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.total
}
