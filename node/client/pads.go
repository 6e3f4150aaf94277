package client

import (
	"context"
	"sync"

	"github.com/google/uuid"

	"dske/node/client/association"
	"dske/protocol"
)

// makeKeysFromPads is like makeKeys, with keys that need no source of random bytes: at as many hubs
// as the threshold, the shares are the pads that would have sealed them, and everything else
// follows from these shares.
func (c *Client) makeKeysFromPads(r request, b *batch, size, number int) ([]*association.Reservation, error) {
	reservations, err := c.reserveAtHubs(r, b, number*c.config.Suite.ShareSize(size, len(b.slaves)))
	if err != nil {
		return nil, err
	}
	if err := c.addKeysFromPads(b, reservations, size, number); err != nil {
		release(reservations)
		return nil, err
	}
	return reservations, nil
}

// addKeysFromPads adds number keys to the batch, made of the pads of these reservations.
func (c *Client) addKeysFromPads(b *batch, reservations []*association.Reservation, size, number int) (err error) {
	shareSize := c.config.Suite.ShareSize(size, len(b.slaves))
	order := givingFirst(reservations, c.config.Threshold)
	pads := make([]protocol.Secret, c.config.Threshold)
	for i := range pads {
		if pads[i], err = reservations[order[i]].TakePad(); err != nil {
			return err
		}
	}
	var others []int
	for _, hub := range order[len(pads):] {
		others = append(others, c.config.Hubs[hub].Number)
	}
	for k := range number {
		parts := make([]protocol.Share, len(pads))
		for i, pad := range pads {
			part := pad.Reveal()[k*shareSize : (k+1)*shareSize]
			parts[i] = protocol.Share{Index: c.config.Hubs[order[i]].Number, Value: protocol.NewSecret(part)}
		}
		id, err := uuid.NewRandomFromReader(c.ids)
		if err != nil {
			return err
		}
		value, shares, err := c.config.Suite.FromPads(parts, others, size, len(b.slaves))
		if err != nil {
			return err
		}
		byHub := make([]protocol.Share, len(shares))
		for i, hub := range order {
			byHub[hub] = shares[i]
		}
		b.add(key{id, value}, byHub)
	}
	return nil
}

// givingFirst returns the indices of all hubs, starting with the first n hubs that have a
// reservation.
func givingFirst(reservations []*association.Reservation, n int) []int {
	var first, others []int
	for i, r := range reservations {
		if r != nil && len(first) < n {
			first = append(first, i)
		} else {
			others = append(others, i)
		}
	}
	return append(first, others...)
}

// reserveAtHubs sets aside pads of size bytes at as many hubs as it can, but at least the
// threshold. It uses only hubs that the clients of all the slaves use: only there is a pad as long
// as the share for all of them. The other hubs have a nil reservation.
func (c *Client) reserveAtHubs(r request, b *batch, size int) ([]*association.Reservation, error) {
	var mu sync.Mutex
	reservations := make([]*association.Reservation, len(c.hubs))
	late := false
	answers, err := c.askHubs(r, func(ctx context.Context, i int) error {
		if !b.isAll(i) {
			return errNotInCommon
		}
		reserved, err := c.hubs[i].Reserve(ctx, size)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		if late {
			reserved.Release()
		} else {
			reservations[i] = reserved
		}
		return nil
	})
	var outcome *tally
	if err == nil {
		outcome, err = collect(r, answers, stragglerGrace, func(t *tally) bool {
			return t.successful >= c.config.Threshold || len(c.hubs)-t.failed < c.config.Threshold
		})
	}
	mu.Lock()
	defer mu.Unlock()
	late = true
	if err == nil && outcome.successful < c.config.Threshold {
		err = &shareError{verb: "scatter", required: c.config.Threshold, causes: c.causes(outcome), courier: nextCourier(outcome.errs)}
	}
	if err != nil {
		release(reservations)
		return nil, err
	}
	return reservations, nil
}

func release(reservations []*association.Reservation) {
	for _, r := range reservations {
		r.Release()
	}
}
