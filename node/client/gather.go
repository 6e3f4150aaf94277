package client

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"dske/etsi"
	"dske/node"
	"dske/protocol"
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

	attempt node.Line // whose turn it is to ask the hubs
	users   int       // requests that have it; guarded by the mutex of the client

	mu        sync.Mutex
	pending   int              // hubs that are being asked
	settled   []bool           // by hub: it has given its share, or has none for this slave
	answers   *tally           // of the last attempt, by hub
	shares    []protocol.Share // in the order of their arrival
	from      []int            // hub of each share
	key       protocol.Secret
	found     bool
	proof     []protocol.Share // one share fewer than the threshold of those that gave the key
	delivered bool
}

// gatherFor returns the gather of a key, a new one if there is none. The caller has to leave it.
func (c *Client) gatherFor(id gatherID) *gather {
	c.mu.Lock()
	defer c.mu.Unlock()
	g := c.gathers[id]
	if g == nil {
		g = &gather{client: c, id: id, expires: time.Now().Add(c.config.KeyTTL), settled: make([]bool, len(c.hubs)), attempt: node.NewLine()}
		c.gathers[id] = g
		c.alarm.By(g.expires)
	}
	g.users++
	return g
}

// leave says that a request needs its gathers no more.
func (c *Client) leave(gathers []*gather) {
	for _, g := range gathers {
		c.mu.Lock()
		g.users--
		c.mu.Unlock()
		g.dropIfDone()
	}
}

// gatherAll asks the hubs for the shares that are missing, until all keys are found. The gathers are of
// the same master and slave.
func (c *Client) gatherAll(r request, gathers []*gather) error {
	// In the order of their IDs, so that two requests cannot wait for each other.
	for _, g := range slices.SortedFunc(slices.Values(gathers), byKeyID) {
		if err := g.attempt.Enter(r); err != nil {
			return err
		}
		defer g.attempt.Leave()
	}
	if slices.ContainsFunc(gathers, (*gather).wasDelivered) {
		return etsi.ErrKeyNotFound
	}
	missing := make([][]*gather, len(c.hubs))
	for _, g := range gathers {
		for _, hub := range g.begin() {
			missing[hub] = append(missing[hub], g)
		}
	}
	answers, err := c.askHubs(r, func(ctx context.Context, hub int) error {
		c.gatherFrom(ctx, hub, missing[hub])
		return nil
	})
	if err != nil {
		return err
	}
	if err := wait(r, answers, gathers); err != nil {
		return err
	}
	for _, g := range gathers {
		if err := g.failure(); err != nil {
			return err
		}
	}
	return nil
}

func byKeyID(a, b *gather) int { return bytes.Compare(a.id.key[:], b.id.key[:]) }

// wait waits until all the keys are found, or all hubs have answered; once one of the keys cannot be found
// any more, only for stragglerGrace.
func wait(ctx context.Context, answers <-chan answer, gathers []*gather) error {
	_, err := collect(ctx, answers, stragglerGrace, func(t *tally) bool {
		found := true
		for _, g := range gathers {
			g.mu.Lock()
			found = found && g.found
			hopeless := !g.found && !g.canBeFound()
			g.mu.Unlock()
			if hopeless {
				return true
			}
		}
		t.final = found
		return found
	})
	return err
}

func (g *gather) wasDelivered() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.delivered
}

// begin starts an attempt and returns the indices of the hubs to ask: none if the key is found.
func (g *gather) begin() []int {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.answers = newTally(len(g.client.hubs))
	if g.found {
		return nil
	}
	var missing []int
	for hub := range g.client.hubs {
		if !slices.Contains(g.from, hub) {
			missing = append(missing, hub)
		}
	}
	g.pending += len(missing)
	return missing
}

// gatherFrom asks the hub with this index for the shares of several keys.
func (c *Client) gatherFrom(ctx context.Context, hub int, gathers []*gather) {
	if len(gathers) == 0 {
		return
	}
	m := protocol.GetShares{MasterSAE: gathers[0].id.master, SlaveSAE: gathers[0].id.slave}
	open := map[uuid.UUID]*gather{}
	for _, g := range gathers {
		m.KeyIDs = append(m.KeyIDs, g.id.key)
		open[g.id.key] = g
	}
	err := c.hubs[hub].Get(ctx, m, func(key uuid.UUID, share protocol.Share, err error) {
		if g := open[key]; g != nil { // the hub may answer what nobody asked, or twice
			delete(open, key)
			g.add(hub, share, err)
		}
	})
	if err == nil {
		err = protocol.ErrMalformed
	}
	for _, g := range open {
		g.add(hub, protocol.Share{}, err)
	}
}

// add takes the answer of a hub, and tries to find the key with its share.
func (g *gather) add(hub int, share protocol.Share, err error) {
	defer g.dropIfDone()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pending--
	g.settled[hub] = err == nil || isUnknown(err) || isDenied(err)
	g.answers.add(answer{hub, err})
	g.client.config.Counters.countGathered(err)
	switch {
	case err != nil:
		return
	case g.found:
		g.checkLate(hub, share)
		return
	}
	g.shares = append(g.shares, share)
	g.from = append(g.from, hub)
	key, atOdds, err := g.client.config.Suite.Recover(g.client.config.Threshold, g.shares)
	if err != nil {
		return
	}
	g.key, g.found = key, true
	for i, s := range g.shares {
		if len(g.proof) < g.client.config.Threshold-1 && !slices.Contains(atOdds, i) {
			g.proof = append(g.proof, s)
		}
	}
	if len(atOdds) > 0 {
		g.warn(g.hubsOf(atOdds))
	}
}

// checkLate names a hub whose share came when the key was found, if the share does not fit those that gave
// it. The caller holds g.mu.
func (g *gather) checkLate(hub int, share protocol.Share) {
	c := g.client
	if len(g.proof) < c.config.Threshold-1 { // an index came twice, and either of the two may lie
		return
	}
	if _, _, err := c.config.Suite.Recover(c.config.Threshold, append(slices.Clone(g.proof), share)); err != nil {
		g.warn([]string{c.hubs[hub].Hub()})
	}
}

// warn says which hubs lie, or have been lied to.
func (g *gather) warn(hubs []string) {
	g.client.config.Counters.SharesAtOdds.Add(int64(len(hubs)))
	g.client.config.Logger.Warn("shares at odds with the key", "key_id", g.id.key, "hubs", hubs)
}

// hubsOf returns the names, sorted, of the hubs whose shares are at these positions.
func (g *gather) hubsOf(positions []int) []string {
	names := make([]string, len(positions))
	for i, position := range positions {
		names[i] = g.client.hubs[g.from[position]].Hub()
	}
	slices.Sort(names)
	return names
}
