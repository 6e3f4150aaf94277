package client

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/google/uuid"

	"dske/node/client/association"
	"dske/protocol"
)

// Requests that come while keys for the same slave are being scattered wait for the next scatter.
// It makes the keys of all of them, in one message to each hub.
//
// A hub takes all of them or none. The keys have new IDs and are alike in all else that a hub looks
// at, so none of them is to blame for the others. A hub that refuses them may have room, or there may
// be PSRD, for a few; if enough other hubs take them, that is left for later keys. Only if too few do
// is each request tried again alone.

// maxLoad is the largest size of a hub's shares for one request, in bytes, with which the request
// shares a scatter with others. Beyond that there is little to gain.
const maxLoad = protocol.MaxBatchSize / protocol.MaxBatch

// errNotTogether says that keys could not be scattered together with those of other requests, and
// perhaps because of these.
var errNotTogether = errors.New("not scattered together with other keys")

// wanted is what requests that share a scatter have in common.
type wanted struct {
	master, slave string
	size          int // of a key, in bytes
}

// scattering is the part of one request in a scatter, and its outcome.
type scattering struct {
	request
	number int // of keys

	mu   sync.Mutex
	over bool // keys or err is set, or the request has ended before that
	keys []key
	err  error
}

// scatter is like scatterAlone, and may share the scatter with other requests.
func (c *Client) scatter(r request, master string, to audience, size, number int, ids []uuid.UUID) ([]key, error) {
	if ids != nil || !c.sharesScatter(to, size, number) {
		return c.scatterAlone(r, master, to, size, number, ids)
	}
	s := &scattering{request: r, number: number}
	over := c.scatters.Take(wanted{master, to.slaves[0], size}, s, number, func(all []*scattering) {
		c.scatterTogether(all, master, to, size)
	})
	select {
	case <-over:
	case <-r.Done():
	}
	keys, err := s.outcome()
	if errors.Is(err, errNotTogether) {
		return c.scatterAlone(r, master, to, size, number, nil)
	}
	return keys, err
}

// sharesScatter reports whether keys can be scattered together with those of other requests.
func (c *Client) sharesScatter(to audience, size, number int) bool {
	return len(to.slaves) == 1 && !c.config.KeysFromPSRD && number*c.config.Suite.ShareSize(size, 1) <= maxLoad &&
		!slices.ContainsFunc(c.hubs, func(h *association.Association) bool { return !h.SharesMessages() })
}

// scatterTogether makes and scatters the keys of several requests. It goes on if some of these end.
func (c *Client) scatterTogether(all []*scattering, master string, to audience, size int) {
	first := all[0]
	if len(all) == 1 {
		first.settle(c.scatterAlone(first.request, master, to, size, first.number, nil))
		return
	}
	ctx, cancel := context.WithDeadline(context.WithoutCancel(first), first.hubsEnd.Add(earlier))
	defer cancel()
	number := 0
	for _, s := range all {
		number += s.number
	}
	keys, err := c.scatterAlone(request{ctx, first.hubsEnd}, master, to, size, number, nil)
	var short *shareError
	if errors.As(err, &short) && short.refused {
		err = errNotTogether
	}
	for _, s := range all {
		if err != nil {
			s.settle(nil, err)
			continue
		}
		s.settle(keys[:s.number:s.number], nil)
		keys = keys[s.number:]
	}
}

// settle sets the outcome. If the request has ended, it clears the keys instead.
func (s *scattering) settle(keys []key, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		clearKeys(keys)
		return
	}
	s.over, s.keys, s.err = true, keys, err
}

// outcome returns the outcome, or the error of the request if there is none yet.
func (s *scattering) outcome() ([]key, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.over {
		s.over = true
		return nil, s.Err()
	}
	return s.keys, s.err
}
