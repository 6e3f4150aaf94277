package association

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"dske/node"
	"dske/protocol"
	"dske/psrd"
)

// fill fills each pool that is below the low-water mark up to the high-water mark; a lazy client
// only fills pools in use. Where a courier comes, the pools get what the courier has brought; where
// files bring PSRD, it is in the pools already.
func (t *turn) fill(ctx context.Context, s *session) error {
	switch {
	case t.courier != nil:
		return t.unload(ctx, s)
	case t.config.ByHand:
		return t.raise(ctx, s, nil)
	}
	sizes := t.config.PSRD
	for _, to := range t.supplies() {
		pool := s.pool(to)
		if stockOf(pool) >= sizes.LowWater || t.isWaiting(s, to) {
			continue
		}
		for stockOf(pool) < sizes.HighWater {
			if err := t.fetchBlock(ctx, s, to, sizes.BlockSize); err != nil {
				return err
			}
		}
	}
	return t.raise(ctx, s, nil)
}

// stockOf returns the number of bytes that can be chosen from a pool, or will be when marks are
// raised.
func stockOf(pool *psrd.Pool) int {
	open, closed := pool.Stock()
	return open + closed
}

// fetch gets at least size bytes more to choose from: bytes above the marks first, and then new
// blocks, as many as needed.
func (t *turn) fetch(ctx context.Context, s *session, to supply, size int) error {
	_, closed := s.pool(to).Stock()
	for missing := size - closed; missing > 0; {
		block := max(t.config.PSRD.BlockSize, min(missing, protocol.MaxBlockSize))
		if err := t.fetchBlock(ctx, s, to, block); err != nil {
			return err
		}
		missing -= block
	}
	return t.raise(ctx, s, map[supply]int{to: size})
}

// fetchForHub fetches what a hub lacks, unless the hub has got a block since supplied was read and
// may have enough.
func (a *Association) fetchForHub(ctx context.Context, s *session, size int, supplied int64) error {
	t, err := a.join(ctx)
	if err != nil {
		return err
	}
	defer t.leave()
	if s.supplied.Load() > supplied && size <= a.config.PSRD.BlockSize {
		return nil
	}
	return t.fetch(ctx, s, supply{protocol.OwnerHub, psrd.ForAll}, size)
}

// fetchBlock gets one block of size bytes, or more where whole signing keys need more.
func (t *turn) fetchBlock(ctx context.Context, s *session, to supply, size int) error {
	if to.purpose == psrd.ForKeys {
		size = wholeSlots(size)
	}
	if unused := stockOf(s.pool(to)); unused+size > protocol.MaxPoolSize {
		if to.owner == protocol.OwnerHub {
			t.forget(s)
		}
		return fmt.Errorf("the %s-owned pool is full: %d bytes unused", to.owner, unused)
	}
	if s.isUnheard() { // otherwise blocks that did not arrive would fill the hub's pool
		if err := t.raise(ctx, s, nil); err != nil {
			return err
		}
	}
	return t.attempt(ctx, func(ctx context.Context) error {
		err := t.getBlock(ctx, s, to, size)
		if err != nil {
			t.forgetIfApart(s, to.owner, err)
			return fmt.Errorf("fetching PSRD: %w", err)
		}
		return nil
	})
}

// wholeSlots rounds size up to the bytes of whole signing keys.
func wholeSlots(size int) int {
	return (size + psrd.SlotSize - 1) / psrd.SlotSize * psrd.SlotSize
}

// forgetIfApart ends the session if the two ends no longer hold the same blocks, after fetching a
// block has failed. If the network has held back many messages, one end has too little and the
// other a full pool: only a new registration helps then.
func (a *Association) forgetIfApart(s *session, owner protocol.PoolOwner, err error) {
	var refused *node.Error
	// The hub may now hold a block that did not arrive here, and would seal shares with it that
	// nobody can open. With marks it uses nothing of the block before it hears that the block is
	// here, and drops it when it hears that it is not.
	lost := !errors.As(err, &refused)
	if lost && s.hasMarks() {
		s.unheard.Store(true)
	}
	onItsWay := owner == protocol.OwnerHub && lost && !s.hasMarks()
	full := errors.Is(err, protocol.ErrTooLarge) && a.courier == nil
	if onItsWay || full || errors.Is(err, protocol.ErrClientNotRegistered) || errors.Is(err, protocol.ErrNoSession) {
		a.forget(s)
	}
}

// getBlock asks the hub for a block and puts it into its pool.
func (t *turn) getBlock(ctx context.Context, s *session, to supply, size int) error {
	query := protocol.GetBlock{ClientName: t.config.Client, Owner: to.owner, Purpose: to.purpose, Size: size}.Query()
	var block protocol.BlockData
	err := t.outOfBand(ctx, message{method: http.MethodGet, path: protocol.PathPSRD, query: query, expected: size}, &block)
	if err == nil && len(block.Data) != size {
		err = fmt.Errorf("%w: %d bytes", protocol.ErrMalformed, len(block.Data))
	}
	if err == nil {
		err = t.add(s, to, block.UUID, fitting(block.Data))
	}
	return err
}

// fitting returns the data in as much memory as it needs. What the JSON decoder returns takes an
// eighth more, unless it is large: then a copy would take the most.
func fitting(data []byte) []byte {
	if cap(data)-len(data) <= len(data)/32 {
		return data
	}
	defer clear(data)
	return slices.Clone(data)
}

// Sweep gives up what lost messages have left of blocks that the hub chooses from, and clears the
// remains of sessions that have ended.
func (a *Association) Sweep() {
	idle := node.OvertakenAfter(a.config.Timeout)
	a.clearEnded(idle)
	if s := a.current(); s != nil {
		for _, pool := range s.channel.PeerPools() {
			pool.DropOvertaken(idle)
		}
		a.watch(s)
	}
}

// watch sets the alarm for the blocks that the hub has overtaken, if there are any.
func (a *Association) watch(s *session) {
	for _, pool := range s.channel.PeerPools() {
		if t := pool.Overtaken(); !t.IsZero() {
			a.config.Alarm.By(t.Add(node.OvertakenAfter(a.config.Timeout)))
		}
	}
}
