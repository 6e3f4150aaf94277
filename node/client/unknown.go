package client

import (
	"maps"
	"slices"
	"sync"
	"time"

	"dske/node"
)

// unknown holds the keys that recently no hub knew. Asking the hubs costs PSRD, so a caller that
// repeats its request for such a key is answered without asking the hubs for a while.
type unknown struct {
	mu    sync.Mutex
	until map[gatherID]time.Time // nil: there have been none
}

// has reports whether the key was unknown a moment ago.
func (u *unknown) has(id gatherID) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return time.Now().Before(u.until[id])
}

// note records the gather's key if all hubs have said that they do not know it.
func (u *unknown) note(g *gather) {
	if !g.isUnknownToAll() {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	now := time.Now()
	if len(u.until) >= node.MaxUnknown {
		maps.DeleteFunc(u.until, func(_ gatherID, until time.Time) bool { return !now.Before(until) })
	}
	if u.until == nil {
		u.until = map[gatherID]time.Time{}
	}
	if len(u.until) < node.MaxUnknown {
		u.until[g.id] = now.Add(node.UnknownFor)
	}
}

func (g *gather) isUnknownToAll() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return !slices.ContainsFunc(g.answers.errs, func(err error) bool { return !isUnknown(err) })
}
