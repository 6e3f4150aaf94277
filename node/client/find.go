package client

import (
	"context"
	"slices"
	"time"

	"dske/node"
	"dske/protocol"
)

// findFor is how long a search continues before the gather's lock is released for other answers.
const findFor = 10 * time.Millisecond

// find searches for the key until nothing is left to try with the shares at hand.
func (g *gather) find(ctx context.Context) {
	for done := false; !done && ctx.Err() == nil; {
		g.mu.Lock()
		done = g.findFor(ctx)
		g.mu.Unlock()
	}
}

// findFor continues the search for a while, and reports whether nothing is left to try. The caller
// holds g.mu.
func (g *gather) findFor(ctx context.Context) bool {
	if g.search == nil || g.found || g.delivered || len(g.from) < g.client.config.Threshold {
		return true
	}
	ctx, cancel := node.WithDeadline(ctx, time.Now().Add(findFor))
	defer cancel()
	key, err := g.search.Find(ctx)
	if err != nil {
		return ctx.Err() == nil
	}
	g.key, g.found = key, true
	g.nameAtOdds()
	return true
}

// admitSuspects lets the shares of suspects be tried, too.
func (g *gather) admitSuspects(ctx context.Context) {
	g.mu.Lock()
	admitted := g.search != nil && !g.found && !g.delivered
	if admitted {
		g.search.AdmitSuspects()
	}
	g.mu.Unlock()
	if admitted {
		g.find(ctx)
	}
}

// nameAtOdds logs the hubs that are at odds with the key and were not logged before, and makes
// those at odds suspects for the keys of this master. The caller holds g.mu.
func (g *gather) nameAtOdds() {
	atOdds := g.search.AtOdds()
	var names []string
	var suspects []int
	for i, hub := range g.from {
		if !slices.Contains(atOdds, g.indices[i]) {
			continue
		}
		suspects = append(suspects, hub)
		if name := g.client.hubs[hub].Hub(); !slices.Contains(g.named, name) {
			names = append(names, name)
		}
	}
	g.client.setSuspects(g.id.master, suspects)
	if len(names) == 0 {
		return
	}
	slices.Sort(names)
	g.named = append(g.named, names...)
	g.client.config.Counters.SharesAtOdds.Add(int64(len(names)))
	g.client.config.Logger.Warn("shares at odds with the key", "key_id", g.id.key, "hubs", names)
}

// setSuspects notes which hubs were at odds with the last key of a master. They are kept apart by
// master, so that a master cannot make others distrust a hub.
func (c *Client) setSuspects(master string, hubs []int) {
	c.suspectsMu.Lock()
	defer c.suspectsMu.Unlock()
	if len(hubs) == 0 {
		delete(c.suspects, master)
		return
	}
	if c.suspects == nil {
		c.suspects = map[string][]int{}
	}
	c.suspects[master] = hubs
}

func (c *Client) suspectsOf(master string) []int {
	c.suspectsMu.Lock()
	defer c.suspectsMu.Unlock()
	return c.suspects[master]
}

// closeIfDone clears the key when it was delivered, and the shares when no more shares can come
// that must be compared with them. The caller holds g.mu.
func (g *gather) closeIfDone() {
	if !g.delivered {
		return
	}
	clear(g.key.Reveal())
	g.key = protocol.Secret{}
	if g.pending == 0 {
		g.close()
	}
}

// close clears all secrets of the gather. The caller holds g.mu.
func (g *gather) close() {
	if g.search != nil {
		g.search.Close()
	}
	clear(g.key.Reveal())
	g.search, g.key = nil, protocol.Secret{}
}
