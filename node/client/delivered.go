package client

import (
	"sync"
	"time"

	"github.com/google/uuid"

	"dske/node"
	"dske/node/store"
	"dske/protocol"
)

// Delivered is the keys that a client has delivered and of which a hub may still have, or get, a
// share. The next client in the same place takes it over, so that a key is delivered once even if a
// client stops and another one starts. It is on disk if the client has a store. The zero value is
// empty. It is safe for concurrent use.
type Delivered struct {
	store *store.Store // nil: in memory only
	ttl   time.Duration

	mu   sync.Mutex
	keys map[gatherID]*delivery // nil: none
	over []store.Record         // keys that need not be remembered; written together with the next ones
}

// delivery is what is known about the shares of a delivered key.
type delivery struct {
	expires time.Time
	given   bool // every hub has given its share
	open    int  // hubs that have not heard of the delivery
}

// recallDelivered returns the deliveries in a store. Shares live for ttl.
func recallDelivered(s *store.Store, ttl time.Duration) *Delivered {
	d := &Delivered{store: s, ttl: ttl, keys: map[gatherID]*delivery{}}
	s.View(func(state *store.State) {
		for id, at := range state.Deliveries {
			d.keys[gatherID{id.KeyID, id.MasterSAE, id.SlaveSAE}] = &delivery{expires: at.Add(2 * ttl)}
		}
	})
	return d
}

// ready returns a [protocol.ErrStorage] with the reason if deliveries cannot be stored.
func (d *Delivered) ready() error {
	if d.store == nil {
		return nil
	}
	return node.Unkept(d.store.Ready())
}

// add stores that the keys of gathers of the same master and slave are handed over. hubs is the
// number of hubs that have to hear of it.
func (d *Delivered) add(gathers []*gather, hubs int) error {
	now := time.Now()
	if err := d.keep(gathers, now); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.keys == nil {
		d.keys = map[gatherID]*delivery{}
	}
	for _, g := range gathers {
		expires := g.expires
		if d.store != nil { // a hub that has crashed may not know when the share came
			expires = now.Add(2 * d.ttl)
		}
		d.keys[g.id] = &delivery{expires: expires, open: hubs}
	}
	return nil
}

func (d *Delivered) keep(gathers []*gather, now time.Time) error {
	if d.store == nil {
		return nil
	}
	keys := deliveredKeys(gathers)
	d.mu.Lock()
	over := d.over
	d.over = nil
	d.mu.Unlock()
	record := &store.Delivered{MasterSAE: keys.MasterSAE, SlaveSAE: keys.SlaveSAE, KeyIDs: keys.KeyIDs, At: now}
	err := node.Unkept(d.store.Commit(append(over, record)...))
	if err != nil {
		d.mu.Lock()
		d.over = append(d.over, over...)
		d.mu.Unlock()
	}
	return err
}

// deliveredKeys lists the keys of gathers of the same master and slave.
func deliveredKeys(gathers []*gather) protocol.DeliveredKeys {
	keys := protocol.DeliveredKeys{MasterSAE: gathers[0].id.master, SlaveSAE: gathers[0].id.slave}
	for _, g := range gathers {
		keys.KeyIDs = append(keys.KeyIDs, g.id.key)
	}
	return keys
}

// noteGiven notes that every hub has given its share of a key.
func (d *Delivered) noteGiven(id gatherID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if k := d.keys[id]; k != nil {
		k.given = true
		d.forgetIfDone(id, k)
	}
}

// noteConfirmed notes that a hub knows that keys were delivered.
func (d *Delivered) noteConfirmed(keys protocol.DeliveredKeys) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, key := range keys.KeyIDs {
		id := gatherID{key, keys.MasterSAE, keys.SlaveSAE}
		if k := d.keys[id]; k != nil {
			k.open--
			d.forgetIfDone(id, k)
		}
	}
}

// forgetIfDone forgets a key if no hub can have a share of it any more: each hub has given its
// share and has heard of the delivery after that. A hub that has given no share may get one later.
// The caller holds d.mu.
func (d *Delivered) forgetIfDone(id gatherID, k *delivery) {
	if k.given && k.open <= 0 {
		d.forget(id)
	}
}

func (d *Delivered) forget(id gatherID) {
	delete(d.keys, id)
	if len(d.keys) == 0 {
		d.keys = nil // which takes half a kilobyte, even when it is empty
	}
	if d.store != nil {
		d.over = append(d.over, &store.DeliveryOver{MasterSAE: id.master, SlaveSAE: id.slave, KeyIDs: []uuid.UUID{id.key}})
	}
}

func (d *Delivered) has(id gatherID) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	k := d.keys[id]
	return k != nil && time.Now().Before(k.expires)
}

// dropExpired forgets keys whose shares have expired. It returns the time when the next ones
// expire.
func (d *Delivered) dropExpired() (next time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	for id, k := range d.keys {
		if now.Before(k.expires) {
			next = node.Earlier(next, k.expires)
		} else {
			d.forget(id)
		}
	}
	return next
}

// hubsToTell returns the hubs that want to hear of deliveries, now or perhaps later.
func (c *Client) hubsToTell() (hubs []int) {
	for i, h := range c.hubs {
		if h.Confirms() {
			hubs = append(hubs, i)
		}
	}
	return hubs
}

// confirmAgain tells the hubs of keys delivered before the client started, since it does not know
// whether they have heard of them.
func (c *Client) confirmAgain() {
	d := c.config.Delivered
	if d.store == nil {
		return
	}
	for id, k := range d.keys {
		k.open = len(c.hubs)
		for _, h := range c.hubs {
			h.Confirm(protocol.DeliveredKeys{MasterSAE: id.master, SlaveSAE: id.slave, KeyIDs: []uuid.UUID{id.key}})
		}
	}
}
