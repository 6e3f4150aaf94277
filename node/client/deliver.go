package client

import (
	"bytes"
	"slices"
	"time"

	"dske/etsi"
	"dske/node"
)

// deliver marks the keys of all the gathers as delivered, or fails and marks none if one of them
// was delivered before. The mark is stored before deliver returns: a caller that gets a key is the
// only one that gets it.
func (c *Client) deliver(gathers []*gather) ([]etsi.Key, error) {
	keys, err := c.beginToDeliver(gathers)
	if err != nil {
		return nil, err
	}
	hubs := c.hubsToTell()
	if err = c.config.Delivered.add(gathers, len(hubs)); err != nil {
		for _, k := range keys {
			clear(k.Key.Reveal())
		}
		keys = nil
	}
	told := make([][]*gather, len(c.hubs))
	for _, g := range gathers {
		g.mu.Lock()
		g.handing, g.delivered = false, err == nil
		if err == nil {
			g.tell(hubs, told)
		}
		g.closeIfDone()
		g.mu.Unlock()
	}
	for hub, delivered := range told {
		c.confirm(hub, delivered...)
	}
	return keys, err
}

// tell adds the gather to what each hub is told of. A hub that is being asked is told when it has
// answered: otherwise it might be given its share after it has heard that the share is not needed.
// The caller holds g.mu.
func (g *gather) tell(hubs []int, now [][]*gather) {
	for _, hub := range hubs {
		if g.asked[hub] == nil {
			now[hub] = append(now[hub], g)
		} else {
			g.untold = append(g.untold, hub)
		}
	}
}

// takeUntold reports whether the hub, which has answered, must be told now that the key was
// delivered. The caller holds g.mu.
func (g *gather) takeUntold(hub int) bool {
	i := slices.Index(g.untold, hub)
	if i >= 0 {
		g.untold = slices.Delete(g.untold, i, i+1)
	}
	return i >= 0
}

// confirm tells a hub that the keys of gathers of the same master and slave were delivered.
func (c *Client) confirm(hub int, gathers ...*gather) {
	if len(gathers) > 0 {
		c.hubs[hub].Confirm(deliveredKeys(gathers))
	}
}

// beginToDeliver returns copies of the keys. From then on no other request can have them.
func (c *Client) beginToDeliver(gathers []*gather) ([]etsi.Key, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	keys := make([]etsi.Key, len(gathers))
	for i, g := range gathers {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.delivered || g.handing || g.search == nil { // delivered to another request, or expired while this one waited
			return nil, etsi.ErrKeyNotFound
		}
		keys[i] = etsi.Key{ID: g.id.key, Key: etsi.NewSecret(bytes.Clone(g.key.Reveal()))}
	}
	for _, g := range gathers {
		g.handing = true
	}
	return keys, nil
}

// dropIfDone forgets the gather if nothing in it is worth keeping: if it has no share, or if its
// key was delivered. The delivery itself is forgotten only when every hub has given its share. A
// hub that has given none may be given one later. Together with those of dishonest hubs, which give
// theirs as often as they like, that could be enough for a second delivery.
func (g *gather) dropIfDone() {
	c := g.client
	c.mu.Lock()
	defer c.mu.Unlock()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.users > 0 || g.pending > 0 {
		return
	}
	empty := !g.found && len(g.from) == 0
	if (empty || g.delivered) && c.gathers[g.id] == g {
		delete(c.gathers, g.id)
		if len(c.gathers) == 0 {
			c.gathers = nil // which takes half a kilobyte, even when it is empty
		}
		g.close()
		if len(g.from) == len(c.hubs) {
			c.config.Delivered.noteGiven(g.id)
		}
	}
}

// dropExpiredGathers forgets the gathers of keys whose shares have expired at the hubs. It returns
// the time when the next gather expires.
func (c *Client) dropExpiredGathers() (next time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	next = c.config.Delivered.dropExpired()
	now := time.Now()
	for id, g := range c.gathers {
		if now.Before(g.expires) {
			next = node.Earlier(next, g.expires)
		} else {
			delete(c.gathers, id)
			g.mu.Lock()
			g.close()
			g.mu.Unlock()
		}
	}
	return next
}
