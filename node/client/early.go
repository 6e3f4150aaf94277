package client

import (
	"context"
	"time"
)

// A master has its key as soon as a threshold of the hubs have their shares, while the shares of
// the other hubs are still on their way. So a hub that does not know the key when a slave asks may
// have been asked too early. That matters only if one of the first hubs fails or lies before the
// slave has its share: then the hub is asked once more.

const (
	// earlyPause is the least time after the answer of a hub before it is asked again.
	earlyPause = 40 * time.Millisecond

	// earlyWait is how long to wait for other hubs, whose answers might make asking again
	// unnecessary.
	earlyWait = 250 * time.Millisecond
)

// tooEarly returns the gathers whose keys the hub did not know and for which it must be asked
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

// await keeps a gather that may have asked a hub too early from being dropped, and reports whether
// it did.
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

// mayBeEarly reports whether the hub did not know the key although its share would be of use. The
// caller holds g.mu.
func (g *gather) mayBeEarly(hub int) bool {
	return isUnknown(g.answers.errs[hub]) && g.asked[hub] == nil && !g.found && !g.delivered && g.canBeFound()
}

// isTooEarly waits until it is clear whether the hub must be asked again, and reports that.
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

// isOpen reports whether the hubs that have not answered yet, or have just answered, can complete
// the key. The caller holds g.mu.
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
