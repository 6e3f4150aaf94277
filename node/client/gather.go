package client

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"dske/etsi"
	"dske/protocol"
	"dske/protocol/shamir"
)

// gatherID is a key as one slave asks for it.
type gatherID struct {
	key           uuid.UUID
	master, slave string
}

// gather is the shares of one key as they come in. It is kept from one request for the key to the
// next, since a hub forgets a share once it has given it away.
type gather struct {
	client  *Client
	id      gatherID
	expires time.Time

	attempt sync.Mutex // held by the request that is asking the hubs

	mu        sync.Mutex
	pending   int            // hubs that are being asked
	settled   []bool         // by hub: it has given its share, or has none for this slave
	shares    []shamir.Share // in the order of their arrival
	from      []int          // hub of each share
	key       protocol.Secret
	found     bool
	delivered bool
}

// gatherFor returns the gather of a key, a new one if there is none.
func (c *Client) gatherFor(id gatherID) *gather {
	c.mu.Lock()
	defer c.mu.Unlock()
	g := c.gathers[id]
	if g == nil {
		g = &gather{client: c, id: id, expires: time.Now().Add(c.config.KeyTTL), settled: make([]bool, len(c.hubs))}
		c.gathers[id] = g
	}
	return g
}

// run asks the hubs for the shares that are missing, until the key is found.
func (g *gather) run(ctx context.Context) error {
	g.attempt.Lock()
	defer g.attempt.Unlock()
	defer g.dropIfDone()
	g.mu.Lock()
	found, delivered := g.found, g.delivered
	g.mu.Unlock()
	switch {
	case delivered:
		return etsi.ErrKeyNotFound
	case found:
		return nil
	}
	missing := g.missing()
	answers, err := g.ask(missing)
	if err != nil {
		return err
	}
	outcome, err := collect(ctx, answers, len(missing), 0, func(*tally) bool { return g.hasKey() })
	if err != nil {
		return err
	}
	if g.hasKey() {
		return nil
	}
	return g.failure(missing, outcome)
}

// ask asks the hubs with these indices for their shares.
func (g *gather) ask(missing []int) (<-chan answer, error) {
	hubs := make([]*peerHub, len(missing))
	for i, hub := range missing {
		hubs[i] = g.client.hubs[hub]
	}
	m := protocol.GetShare{ClientName: g.client.config.Name, MasterSAE: g.id.master, SlaveSAE: g.id.slave, KeyID: g.id.key}
	g.mu.Lock()
	g.pending += len(missing)
	g.mu.Unlock()
	answers, err := g.client.askHubs(hubs, func(ctx context.Context, i int) error {
		share, err := hubs[i].getShare(ctx, m)
		g.add(missing[i], share, err)
		return err
	})
	return answers, err
}

// add takes the answer of a hub, and tries to find the key with its share.
func (g *gather) add(hub int, share shamir.Share, err error) {
	defer g.dropIfDone()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pending--
	g.settled[hub] = err == nil || isUnknown(err) || isDenied(err)
	if err != nil || g.found {
		return
	}
	g.shares = append(g.shares, share)
	g.from = append(g.from, hub)
	key, atOdds, err := shamir.Recover(g.client.config.Threshold, g.shares)
	if err != nil {
		return
	}
	g.key, g.found = protocol.NewSecret(key), true
	if len(atOdds) > 0 {
		g.client.config.Logger.Warn("shares at odds with the key", "key_id", g.id.key, "hubs", g.hubsOf(atOdds))
	}
}

// hubsOf returns the names, sorted, of the hubs whose shares have one of these indices.
func (g *gather) hubsOf(indices []int) []string {
	var names []string
	for i, share := range g.shares {
		if slices.Contains(indices, share.Index) {
			names = append(names, g.client.hubs[g.from[i]].Name)
		}
	}
	slices.Sort(names)
	return names
}

func (g *gather) hasKey() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.found
}

// missing returns the indices of the hubs that have not given a share.
func (g *gather) missing() []int {
	g.mu.Lock()
	defer g.mu.Unlock()
	var missing []int
	for i := range g.client.hubs {
		if !slices.Contains(g.from, i) {
			missing = append(missing, i)
		}
	}
	return missing
}

// failure says why the shares at hand are not enough. The key is unknown if the hubs that did not
// answer could not make up for those that have nothing for this slave.
func (g *gather) failure(asked []int, outcome *tally) error {
	var unknown, denied int
	for _, err := range outcome.errs {
		switch {
		case isUnknown(err):
			unknown++
		case isDenied(err):
			denied++
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	c := g.client
	if len(g.shares) == 0 && len(c.hubs)-unknown-denied < c.config.Threshold {
		if denied >= max(unknown, 1) {
			return etsi.ErrUnauthorized
		}
		return etsi.ErrKeyNotFound
	}
	hubs := make([]*peerHub, len(asked))
	for i, hub := range asked {
		hubs[i] = c.hubs[hub]
	}
	causes := c.causes(hubs, outcome)
	if len(g.shares) >= c.config.Threshold {
		for _, hub := range slices.Sorted(slices.Values(g.from)) {
			causes = append(causes, Cause{c.hubs[hub].Name, "its share is at odds with the others"})
		}
	}
	return &shareError{"gather", g.id.key, len(g.shares), c.config.Threshold, causes}
}

func isUnknown(err error) bool { return errors.Is(err, protocol.ErrUnknownKey) }

func isDenied(err error) bool {
	return errors.Is(err, protocol.ErrNotMeantForCaller) || errors.Is(err, protocol.ErrEncryptorNotRegistered)
}

// deliver marks the keys of all the gathers as delivered, or none if one of them has been.
func (c *Client) deliver(gathers []*gather) ([]etsi.Key, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	keys := make([]etsi.Key, len(gathers))
	for i, g := range gathers {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.delivered {
			return nil, etsi.ErrKeyNotFound
		}
		keys[i] = etsi.Key{ID: g.id.key, Key: etsi.NewSecret(g.key.Reveal())}
	}
	for _, g := range gathers {
		g.delivered = true
		g.key, g.shares, g.from = protocol.Secret{}, nil, nil
	}
	return keys, nil
}

// dropIfDone forgets the gather if nothing of it is worth keeping: if it has brought no share, or if
// its key was delivered and too few hubs can still have a share for a second delivery.
func (g *gather) dropIfDone() {
	c := g.client
	c.mu.Lock()
	defer c.mu.Unlock()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.pending > 0 {
		return
	}
	unsettled := 0
	for _, s := range g.settled {
		if !s {
			unsettled++
		}
	}
	empty := !g.found && len(g.shares) == 0
	if (empty || g.delivered && unsettled < c.config.Threshold) && c.gathers[g.id] == g {
		delete(c.gathers, g.id)
	}
}

// dropExpiredGathers forgets the gathers of keys whose shares have expired at the hubs.
func (c *Client) dropExpiredGathers() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, g := range c.gathers {
		if !time.Now().Before(g.expires) {
			delete(c.gathers, id)
		}
	}
}
