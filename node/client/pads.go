package client

import (
	"context"
	"fmt"
	"sync"

	"github.com/google/uuid"

	"dske/protocol"
)

// reservation is PSRD that was set aside for a message before its content was known.
type reservation struct {
	session *session
	out     *protocol.Outgoing
}

// take returns what was reserved, once, if that was in this session; otherwise nil.
func (r *reservation) take(s *session) *protocol.Outgoing {
	if r == nil || r.out == nil || r.session != s {
		return nil
	}
	out := r.out
	r.out = nil
	return out
}

// release gives back what was reserved and not taken.
func (r *reservation) release() {
	if r != nil && r.out != nil {
		r.out.Release()
		r.out = nil
	}
}

// makeKeysFromPads is makeKeys without a source of random bytes: at as many hubs as the threshold says, the
// shares are the pads that they would have been sealed with, and everything else follows from these.
func (c *Client) makeKeysFromPads(ctx context.Context, b *batch, size, number int) ([]*reservation, error) {
	shareSize := c.config.Suite.ShareSize(size)
	reservations, err := c.reserveAtHubs(ctx, number*shareSize)
	if err != nil {
		return nil, err
	}
	order := givingFirst(reservations, c.config.Threshold)
	pads := make([]protocol.Secret, c.config.Threshold)
	for i := range pads {
		if pads[i], err = reservations[order[i]].out.TakePad(); err != nil {
			return nil, err
		}
	}
	place := reservations[order[0]].out.PadFragments()[0]
	for k := range number {
		parts := make([][]byte, len(pads))
		for i, pad := range pads {
			parts[i] = pad.Reveal()[k*shareSize : (k+1)*shareSize]
		}
		value, shares, err := c.config.Suite.FromPads(parts, size, len(parts), len(c.hubs))
		if err != nil {
			return nil, err
		}
		byHub := make([]protocol.Share, len(shares))
		for i, hub := range order {
			byHub[hub] = shares[i]
		}
		// No PSRD byte is used twice, so neither is the ID that is derived from where the first is.
		id := uuid.NewSHA1(place.Block, fmt.Appendf(nil, "%s %d %d", c.config.Name, place.Start, k))
		b.keys, b.shares = append(b.keys, key{id, value}), append(b.shares, byHub)
	}
	return reservations, nil
}

// givingFirst returns the indices of all hubs, starting with the first n that something was reserved for.
func givingFirst(reservations []*reservation, n int) []int {
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

// reserveAtHubs sets aside pads of size bytes at as many hubs as it can, at least the threshold. There is
// no reservation for the others.
func (c *Client) reserveAtHubs(ctx context.Context, size int) ([]*reservation, error) {
	var mu sync.Mutex
	reservations := make([]*reservation, len(c.hubs))
	late := false
	answers, err := c.askHubs(c.hubs, func(ctx context.Context, i int) error {
		h := c.hubs[i]
		return h.inSession(ctx, func(s *session) error {
			out, err := h.reserve(ctx, s, size)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			if late {
				out.Release()
			} else {
				reservations[i] = &reservation{s, out}
			}
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	outcome, err := collect(ctx, answers, len(c.hubs), stragglerGrace, c.isSettled)
	mu.Lock()
	defer mu.Unlock()
	late = true
	if err == nil && outcome.successful < c.config.Threshold {
		err = &shareError{"scatter", uuid.Nil, 0, c.config.Threshold, c.causes(c.hubs, outcome)}
	}
	if err != nil {
		for _, r := range reservations {
			r.release()
		}
		return nil, err
	}
	return reservations, nil
}
