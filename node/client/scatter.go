package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/google/uuid"

	"dske/node/client/association"
	"dske/protocol"
)

// key is a key with its ID.
type key struct {
	id    uuid.UUID
	value protocol.Secret
}

// shareError says that too few hubs gave or took a share of a key.
type shareError struct {
	verb       string // scatter or gather
	keyID      uuid.UUID
	successful int
	required   int
	causes     []Cause    // in the order of the client's hubs
	courier    *time.Time // when the next courier comes that brings missing PSRD; zero: none will come; nil: PSRD is not missing
	refused    bool       // a message may have failed because of one of its keys
}

func (e *shareError) Error() string {
	return fmt.Sprintf("Could not %s enough shares for key.", e.verb)
}

func (e *shareError) details() map[string]any {
	details := map[string]any{
		"key_id":               e.keyID,
		"nr_successful_shares": e.successful,
		"nr_required_shares":   e.required,
		"causes":               e.causes,
	}
	if e.courier != nil {
		details["next_courier"] = nil
		if !e.courier.IsZero() {
			details["next_courier"] = e.courier.UTC().Format(time.RFC3339)
		}
	}
	return details
}

// nextCourier returns when the next courier comes that the hubs or their clients wait for: the zero
// time if none will come, and nil if no hub lacks PSRD for that reason.
func nextCourier(errs []error) *time.Time {
	var next *time.Time
	for _, err := range errs {
		if awaits, ok := errors.AsType[*association.CourierError](err); ok && (next == nil || next.IsZero() || !awaits.Next.IsZero() && awaits.Next.Before(*next)) {
			next = &awaits.Next
		}
	}
	return next
}

// scatterAlone makes keys of size bytes for a master and slaves and gives every hub its shares. It
// succeeds if, for each slave, at least a threshold of the hubs that the slave's client uses have
// its shares. The keys get the given ids, one for each key, unless ids is nil.
func (c *Client) scatterAlone(r request, master string, to audience, size, number int, ids []uuid.UUID) (_ []key, err error) {
	atOnce := min(protocol.MaxBatch, max(1, protocol.MaxBatchSize/c.config.Suite.ShareSize(size, len(to.slaves))))
	var keys []key
	defer func() {
		if err != nil {
			clearKeys(keys)
		}
	}()
	for len(keys) < number {
		n := min(atOnce, number-len(keys))
		end, err := c.making.begin(r, n*c.config.Suite.ShareSize(size, len(to.slaves))*len(c.hubs))
		if err != nil {
			return nil, err
		}
		b := c.newBatch(master, to, n)
		reservations, err := c.makeKeys(r, b, size, n)
		if err != nil {
			end()
			b.clear()
			return nil, err
		}
		if ids != nil {
			b.rename(ids[len(keys):])
		}
		if err := c.scatterBatch(r, b, reservations, end); err != nil {
			clearKeys(b.keys) // the tasks clear the shares
			return nil, err
		}
		keys = append(keys, b.keys...)
	}
	return keys, nil
}

// batch is a number of keys that are scattered together, with the shares of all of them for each
// hub.
type batch struct {
	master string
	audience
	ids    protocol.KeyIDs
	keys   []key
	shares [][]protocol.Share // by hub, then by key
}

// newBatch returns a batch without keys, with room for number keys.
func (c *Client) newBatch(master string, to audience, number int) *batch {
	b := &batch{master: master, audience: to, shares: make([][]protocol.Share, len(c.hubs))}
	room := make([]protocol.Share, number*len(c.hubs))
	for i := range b.shares {
		b.shares[i] = room[i*number : i*number : (i+1)*number]
	}
	return b
}

// add adds a key to the batch, with the share of each hub.
func (b *batch) add(k key, shares []protocol.Share) {
	b.ids, b.keys = append(b.ids, k.id), append(b.keys, k)
	for i, s := range shares {
		b.shares[i] = append(b.shares[i], s)
	}
}

// clear clears the keys and shares of a batch of which nothing was given to a hub.
func (b *batch) clear() {
	clearKeys(b.keys)
	for _, shares := range b.shares {
		clearShares(shares)
	}
}

func clearKeys(keys []key) {
	for _, k := range keys {
		clear(k.value.Reveal())
	}
}

// rename gives the keys other IDs, from the start of ids.
func (b *batch) rename(ids []uuid.UUID) {
	copy(b.ids, ids)
	for i := range b.keys {
		b.keys[i].id = ids[i]
	}
}

// scatterBatch gives every hub its shares of a batch and ends the reservations. It calls end when
// all hubs have answered.
func (c *Client) scatterBatch(r request, b *batch, reservations []*association.Reservation, end func()) error {
	var enough moment
	answers, err := c.askHubsAnd(r, func(ctx context.Context, i int) error {
		defer reservations[i].Release()
		defer clearShares(b.shares[i])
		if len(b.at[i]) == 0 {
			return errNotInCommon
		}
		part, err := b.partOf(c.config.Suite, i)
		if err != nil {
			return err
		}
		taken, err := c.hubs[i].Post(ctx, part, reservations[i])
		c.habits.note(i, enough.ago())
		clearShares(part.Shares)
		c.config.Counters.countScattered(len(b.keys), taken, err)
		return err
	}, end)
	if err != nil {
		return err
	}
	n, threshold := len(c.hubs), c.config.Threshold
	outcome, err := collect(r, answers, stragglerGrace, func(t *tally) bool {
		least, most := b.served(t)
		if least >= threshold {
			enough.now()
			t.final = !c.habits.awaits(t)
		}
		return least >= threshold || most < threshold
	})
	if err != nil {
		return err
	}
	if least, _ := b.served(outcome); least < threshold {
		return &shareError{
			verb: "scatter", keyID: b.ids[0], successful: least, required: threshold,
			causes: c.causes(outcome), courier: nextCourier(outcome.errs),
			refused: slices.ContainsFunc(outcome.errs, association.IsRefusal),
		}
	}
	c.config.Logger.Debug("keys scattered", "first_key_id", b.ids[0], "keys", len(b.keys), "successful_hubs", outcome.successful, "hubs", n)
	return nil
}

// partOf returns the part of the batch for the hub with this index: shares for the slaves whose
// clients use the hub.
func (b *batch) partOf(suite protocol.Suite, hub int) (association.Batch, error) {
	part := association.Batch{Master: b.master, Slaves: b.slaves, Keys: b.ids, Shares: b.shares[hub]}
	if b.isAll(hub) {
		return part, nil
	}
	part.Slaves, part.Shares = nil, nil
	for _, slave := range b.at[hub] {
		part.Slaves = append(part.Slaves, b.slaves[slave])
	}
	for _, share := range b.shares[hub] {
		picked, err := suite.Pick(share, len(b.slaves), b.at[hub]...)
		if err != nil {
			clearShares(part.Shares)
			return association.Batch{}, err
		}
		part.Shares = append(part.Shares, picked)
	}
	return part, nil
}

// clearShares clears shares that were given to a hub, or could not be.
func clearShares(shares []protocol.Share) {
	for _, s := range shares {
		clear(s.Value.Reveal())
	}
}

// makeKeys adds number keys of size bytes and their shares to the batch. If the keys are made of
// pads, it returns the reservation at each hub; otherwise all reservations are nil.
func (c *Client) makeKeys(r request, b *batch, size, number int) ([]*association.Reservation, error) {
	if c.config.KeysFromPSRD {
		return c.makeKeysFromPads(r, b, size, number)
	}
	numbers := make([]int, len(c.hubs))
	for i, h := range c.config.Hubs {
		numbers[i] = h.Number
	}
	leave, err := c.config.Bulk.Enter(r, number*c.config.Suite.ShareSize(size, len(b.slaves)))
	if err != nil {
		return nil, err
	}
	defer leave()
	random := c.config.Bulk.Reader(c.random)
	for range number {
		if err := r.Err(); err != nil { // a large key takes a while
			return nil, err
		}
		id, err := uuid.NewRandomFromReader(c.ids)
		if err != nil {
			return nil, err
		}
		value := make([]byte, size)
		if _, err := io.ReadFull(random, value); err != nil {
			return nil, err
		}
		k := key{id, protocol.NewSecret(value)}
		shares, err := c.config.Suite.Split(k.value, c.config.Threshold, numbers, len(b.slaves), random)
		if err != nil {
			clear(value)
			return nil, err
		}
		b.add(k, shares)
	}
	return make([]*association.Reservation, len(c.hubs)), nil
}
