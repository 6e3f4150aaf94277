package client

import (
	"context"
	"time"
)

// A master has his key soon after as many hubs have their shares as make it, when those of the
// others are still on their way. So a hub that knows nothing of the key when a slave asks may have
// been asked too early. That matters only if one of the first fails, or lies, before the slave has
// its share: then the hub is asked once more.

const (
	// earlyPause is how long after the answer of a hub it is asked again, at least.
	earlyPause = 40 * time.Millisecond

	// earlyWait is how long others are waited for, whose answers might make it unnecessary.
	earlyWait = 250 * time.Millisecond
)

// tooEarly returns the gathers for which the hub, which did not know their keys, has to be asked
// again.
func (c *Client) tooEarly(ctx context.Context, hub int, gathers []*gather) []*gather {
	var again []*gather
	for _, g := range gathers {
		if c.await(g, hub) && g.isTooEarly(ctx, hub) {
			again = append(again, g)
		}
	}
	return again
}

// await keeps a gather that may have asked a hub too early, and reports whether it has.
func (c *Client) await(g *gather, hub int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	g.mu.Lock()
	defer g.mu.Unlock()
	if c.gathers[g.id] != g || !g.mayBeEarly(hub) {
		return false
	}
	g.pending++
	return true
}

// mayBeEarly reports whether the hub did not know the key, and its share would be of use. The
// caller holds g.mu.
func (g *gather) mayBeEarly(hub int) bool {
	return isUnknown(g.answers.errs[hub]) && g.asked[hub] == nil && !g.found && !g.delivered && g.canBeFound()
}

// isTooEarly waits until the hub has to be asked again, or need not be, and reports which.
func (g *gather) isTooEarly(ctx context.Context, hub int) bool {
	defer g.dropIfDone()
	soonest, latest := time.After(earlyPause), time.After(earlyWait)
	for {
		g.mu.Lock()
		news, pause := g.news, soonest
		switch {
		case ctx.Err() != nil || !g.mayBeEarly(hub):
			g.pending--
			g.closeIfDone()
			g.mu.Unlock()
			return false
		case pause == nil && (latest == nil || !g.isOpen()):
			g.asked[hub] = make(chan struct{})
			g.mu.Unlock()
			return true
		}
		g.mu.Unlock()
		select {
		case <-soonest:
			soonest = nil
		case <-latest:
			latest = nil
		case <-news:
		case <-ctx.Done():
		}
	}
}

// isOpen reports whether the hubs that are still to answer, or have just answered, can make up the
// key. The caller holds g.mu.
func (g *gather) isOpen() bool {
	if g.looking > 0 {
		return true
	}
	open := 0
	for hub := range g.client.hubs {
		if g.asked[hub] != nil {
			open++
		}
	}
	return open > 0 && len(g.from)+open >= g.client.config.Threshold
}
