package client

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"dske/etsi"
	"dske/node"
	"dske/protocol"
)

// gatherID identifies a key as one slave asks for it.
type gatherID struct {
	key           uuid.UUID
	master, slave string
}

// gather collects the shares of one key. It is kept from one request for the key to the next, since
// a hub forgets a share once it has given it.
type gather struct {
	client  *Client
	id      gatherID
	expires time.Time

	news    chan struct{} // closed and replaced when a hub has answered and the search with its share is over
	attempt node.Line     // admits one request at a time to ask the hubs
	users   int           // requests that use it; guarded by the client's mutex

	mu        sync.Mutex
	pending   int             // hubs that are being asked, or will be when they have answered another request
	asked     []chan struct{} // by hub: closed when it has answered, or nil if it is not being asked
	looking   int             // answers whose search for the key is still running
	settled   []bool          // by hub: it has given its share, or has none for this slave
	answers   *tally          // of the last attempt, by hub
	from      []int           // hubs whose share is there; at most one share of each hub
	indices   []int           // of these shares
	suspects  []int           // hubs that were at odds with the master's previous key
	search    protocol.Search // for the key, among the shares; nil before the first
	key       protocol.Secret
	found     bool
	named     []string // hubs that were logged as being at odds with the key
	handing   bool     // it is about to be delivered
	delivered bool
	untold    []int // hubs to tell of the delivery when they have answered
}

// gatherFor returns the gather of a key, a new one if there is none. The caller must call leave.
func (c *Client) gatherFor(id gatherID) *gather {
	c.mu.Lock()
	defer c.mu.Unlock()
	g := c.gathers[id]
	if g == nil {
		g = &gather{
			client:   c,
			id:       id,
			expires:  time.Now().Add(c.config.KeyTTL),
			asked:    make([]chan struct{}, len(c.hubs)),
			settled:  make([]bool, len(c.hubs)),
			news:     make(chan struct{}),
			attempt:  node.NewLine(),
			suspects: c.suspectsOf(id.master),

			delivered: c.config.Delivered.has(id),
		}
		if c.gathers == nil {
			c.gathers = map[gatherID]*gather{}
		}
		c.gathers[id] = g
		c.alarm.By(g.expires)
	}
	g.users++
	return g
}

// leave ends a request's use of its gathers.
func (c *Client) leave(gathers []*gather) {
	for _, g := range gathers {
		c.mu.Lock()
		g.users--
		c.mu.Unlock()
		g.dropIfDone()
	}
}

// gatherAll asks the hubs for the missing shares until all keys are found. All gathers have the
// same master and slave.
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
	if _, err := c.tasks.Lifetime(); err != nil {
		return err // before there are gathers that wait for answers
	}
	free, busy := make([][]*gather, len(c.hubs)), make([][]*gather, len(c.hubs))
	for _, g := range gathers {
		g.begin(free, busy)
	}
	answers, err := c.askHubs(r, func(ctx context.Context, hub int) error {
		c.gatherFrom(ctx, hub, free[hub])
		c.gatherFrom(ctx, hub, stillMissing(ctx, hub, busy[hub]))
		c.gatherFrom(ctx, hub, c.tooEarly(ctx, hub, gathers))
		for _, g := range gathers {
			g.find(ctx) // what an earlier request had no time for
		}
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
			c.unknown.note(g)
			return err
		}
	}
	return nil
}

func byKeyID(a, b *gather) int { return bytes.Compare(a.id.key[:], b.id.key[:]) }

// wait waits until all the keys are found or all hubs have answered. Once one of the keys cannot be
// found any more, it waits only for stragglerGrace. After stragglerGrace the shares of suspects are
// tried, too.
func wait(r request, answers <-chan answer, gathers []*gather) error {
	settled := func(t *tally) bool {
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
	}
	_, err := collectUntil(r, answers, stragglerGrace, settled, func() {
		for _, g := range gathers {
			g.admitSuspects(r)
		}
	})
	return err
}

func (g *gather) wasDelivered() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.delivered
}

// begin starts an attempt. Unless the key is found, it adds the gather to those that each hub is
// asked for: to free, or to busy if an earlier request still waits for the answer of that hub.
// Asking it twice at once would bring one share and one refusal, since a hub forgets a share that
// it has given.
func (g *gather) begin(free, busy [][]*gather) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.answers = newTally(len(g.client.hubs))
	if g.found {
		return
	}
	for hub := range g.client.hubs {
		switch {
		case slices.Contains(g.from, hub):
			continue
		case g.asked[hub] != nil:
			busy[hub] = append(busy[hub], g)
		default:
			g.asked[hub] = make(chan struct{})
			free[hub] = append(free[hub], g)
		}
		g.pending++
	}
}

// stillMissing waits until the hub has answered for each of the gathers, and returns those for
// which it must be asked again.
func stillMissing(ctx context.Context, hub int, gathers []*gather) []*gather {
	var missing []*gather
	for _, g := range gathers {
		if g.awaits(ctx, hub) {
			missing = append(missing, g)
		}
	}
	return missing
}

// awaits is like stillMissing for one gather.
func (g *gather) awaits(ctx context.Context, hub int) bool {
	defer g.dropIfDone()
	for {
		g.mu.Lock()
		under := g.asked[hub]
		if under == nil || ctx.Err() != nil {
			break
		}
		g.mu.Unlock()
		select {
		case <-under:
		case <-ctx.Done():
		}
	}
	defer g.mu.Unlock()
	if ctx.Err() != nil || g.settled[hub] || g.found || g.delivered {
		g.pending--
		g.closeIfDone()
		return false
	}
	g.asked[hub] = make(chan struct{})
	return true
}

// gatherFrom asks the hub with this index for the shares of several keys.
func (c *Client) gatherFrom(ctx context.Context, hub int, gathers []*gather) {
	if len(gathers) == 0 {
		return
	}
	m := protocol.GetShares{MasterSAE: gathers[0].id.master, SlaveSAE: gathers[0].id.slave}
	for _, g := range gathers {
		m.KeyIDs = append(m.KeyIDs, g.id.key)
	}
	open := slices.Clone(gathers)
	err := c.hubs[hub].Get(ctx, m, func(key uuid.UUID, share protocol.Share, err error) {
		i := slices.IndexFunc(open, func(g *gather) bool { return g.id.key == key })
		if i < 0 { // the hub may answer for a key that was not asked for, or twice
			clear(share.Value.Reveal())
			return
		}
		g := open[i]
		open = slices.Delete(open, i, i+1)
		g.add(ctx, hub, share, err)
	})
	if err == nil {
		err = protocol.ErrMalformed
	}
	for _, g := range open {
		g.add(ctx, hub, protocol.Share{}, err)
	}
}

// add takes the answer of a hub and tries to find the key with its share.
func (g *gather) add(ctx context.Context, hub int, share protocol.Share, err error) {
	defer g.dropIfDone()
	if err == nil {
		err = g.client.checkIndex(hub, share)
	}
	g.mu.Lock()
	g.pending--
	close(g.asked[hub])
	g.asked[hub] = nil
	g.looking++
	g.settled[hub] = err == nil || isUnknown(err) || isDenied(err) || isWrongIndex(err)
	g.answers.add(answer{hub, err})
	g.client.config.Counters.countGathered(err)
	if err == nil && (g.search != nil || !g.delivered) {
		g.take(hub, share)
	} else {
		clear(share.Value.Reveal())
	}
	if g.onlySuspectsAreMissing() && g.search != nil {
		g.search.AdmitSuspects()
	}
	if g.takeUntold(hub) {
		defer g.client.confirm(hub, g)
	}
	g.closeIfDone()
	g.mu.Unlock()
	g.find(ctx)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.looking--
	close(g.news)
	g.news = make(chan struct{})
}

// take adds the share of a hub to the search. The caller holds g.mu.
func (g *gather) take(hub int, share protocol.Share) {
	if g.search == nil {
		search, err := g.client.config.Suite.NewSearch(g.client.config.Threshold, g.client.searches)
		if err != nil {
			g.client.config.Logger.Error("no search for a key", "error", err)
			clear(share.Value.Reveal())
			return
		}
		g.search = search
	}
	g.from, g.indices = append(g.from, hub), append(g.indices, share.Index)
	_ = g.search.Add(share, slices.Contains(g.suspects, hub)) // a share that is of no use shows up as being at odds
	if g.found {
		g.nameAtOdds()
	}
}

// onlySuspectsAreMissing reports whether all hubs except suspects have answered. The caller holds
// g.mu.
func (g *gather) onlySuspectsAreMissing() bool {
	for hub := range g.client.hubs {
		if !g.answers.answered[hub] && !slices.Contains(g.from, hub) && !slices.Contains(g.suspects, hub) {
			return false
		}
	}
	return true
}

// wrongIndexError says that a hub has another number in the network than its client has for it.
type wrongIndexError struct{ got, want int }

func (e *wrongIndexError) Error() string {
	return fmt.Sprintf("share with index %d from the hub with number %d: the lists of hubs differ, or the hub lies", e.got, e.want)
}

func (c *Client) checkIndex(hub int, share protocol.Share) error {
	if number := c.config.Hubs[hub].Number; c.config.Suite.Rules().Numbered && share.Index != number {
		err := &wrongIndexError{share.Index, number}
		c.config.Logger.Warn("share refused", "hub", c.hubs[hub].Hub(), "reason", err)
		return err
	}
	return nil
}
