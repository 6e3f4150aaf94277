package client

import (
	"sync"
	"time"

	"dske/node"
)

// Delivered is the keys that a client has delivered and that a hub may still have, or get, a share
// of. It is kept for the next client in the same place, so that a key is delivered once also if a
// client stops and another one starts. The zero value has none. It may be used by several
// goroutines.
type Delivered struct {
	mu   sync.Mutex
	keys map[gatherID]time.Time // to when their shares have expired
}

func (d *Delivered) add(id gatherID, expires time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.keys == nil {
		d.keys = map[gatherID]time.Time{}
	}
	d.keys[id] = expires
}

func (d *Delivered) forget(id gatherID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.keys, id)
}

func (d *Delivered) has(id gatherID) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return time.Now().Before(d.keys[id])
}

// dropExpired forgets keys whose shares have expired. It returns when the next ones do.
func (d *Delivered) dropExpired() (next time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	for id, expires := range d.keys {
		if now.Before(expires) {
			next = node.Earlier(next, expires)
		} else {
			delete(d.keys, id)
		}
	}
	return next
}
