package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/psrd"
)

const (
	minBackoff = 50 * time.Millisecond
	maxBackoff = 2 * time.Second
)

// peerHub is a hub as its client sees it.
type peerHub struct {
	Hub
	client *Client

	// oob is held during out-of-band exchanges, of which there is one at a time: whoever holds it knows
	// that no block is on its way.
	oob chan struct{}

	mu      sync.Mutex
	session *session
	known   bool // there has been a session

	maintaining atomic.Bool
	outstanding atomic.Int32 // exchanges for keys that are under way
}

// session is what a registration brings: it ends when the client registers again.
type session struct {
	channel *protocol.Channel

	// used says that there was an exchange for a key; until then, a lazy client leaves the pools empty.
	used atomic.Bool

	// supplied counts the blocks that the hub got to choose from.
	supplied atomic.Int64

	// singly says that the hub does not know messages with several shares.
	singly atomic.Bool
}

func newPeerHub(c *Client, h Hub) *peerHub {
	return &peerHub{Hub: h, client: c, oob: make(chan struct{}, 1)}
}

// lock takes h.oob.
func (h *peerHub) lock(ctx context.Context) error {
	select {
	case h.oob <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (h *peerHub) unlock() { <-h.oob }

// current returns the session, or nil if there is none.
func (h *peerHub) current() *session {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.session
}

// forget ends a session, if it is still the current one.
func (h *peerHub) forget(s *session) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.session == s {
		h.session = nil
	}
}

// ensureSession returns the current session. If there is none it registers and fills the pools.
func (h *peerHub) ensureSession(ctx context.Context) (*session, error) {
	if s := h.current(); s != nil {
		return s, nil
	}
	if err := h.lock(ctx); err != nil {
		return nil, err
	}
	defer h.unlock()
	if s := h.current(); s != nil {
		return s, nil
	}
	if err := h.register(ctx); err != nil {
		return nil, fmt.Errorf("registering: %w", err)
	}
	s := &session{channel: protocol.NewChannel(h.client.config.Suite)}
	h.client.config.Counters.Watch(s.channel.Own, s.channel.Peer)
	if err := h.fill(ctx, s); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.session = s
	if !h.known {
		h.known = true
		if h.client.waiting.Add(-1) == 0 {
			close(h.client.ready)
		}
	}
	return s, nil
}

// maintain registers, if that is needed, and fills the pools, in the background and for as long as it
// takes. It does nothing if that is going on already.
func (h *peerHub) maintain() {
	if !h.maintaining.CompareAndSwap(false, true) {
		return
	}
	err := h.client.start(func(ctx context.Context) {
		defer h.maintaining.Store(false)
		for backoff := minBackoff; ; backoff = min(2*backoff, maxBackoff) {
			err := h.topUp(ctx)
			if err == nil || ctx.Err() != nil {
				return
			}
			h.client.config.Logger.Warn("hub cannot be used", "hub", h.Name, "error", err, "retry_in", backoff)
			h.client.work.end()
			select {
			case <-ctx.Done():
			case <-time.After(backoff):
			}
			h.client.work.begin()
		}
	})
	if err != nil {
		h.maintaining.Store(false)
	}
}

// topUp is one attempt of maintain.
func (h *peerHub) topUp(ctx context.Context) error {
	s, err := h.ensureSession(ctx)
	if err != nil {
		return err
	}
	if err := h.lock(ctx); err != nil {
		return err
	}
	defer h.unlock()
	err = h.fill(ctx, s)
	if errors.Is(err, protocol.ErrClientNotRegistered) {
		h.forget(s)
	}
	return err
}

// topUpIfLow starts maintain if a pool of the session is below the low-water mark.
func (h *peerHub) topUpIfLow(s *session) {
	low := h.client.config.PSRD.LowWater
	if s.channel.Own.Available() < low || s.channel.Peer.Available() < low {
		h.maintain()
	}
}

// fill brings both pools up to the high-water mark if they are below the low one; those of a lazy client
// only if they are in use. The caller holds h.oob.
func (h *peerHub) fill(ctx context.Context, s *session) error {
	sizes := h.client.config.PSRD
	if sizes.Lazy && !s.used.Load() {
		return nil
	}
	for _, owner := range []protocol.PoolOwner{protocol.OwnerClient, protocol.OwnerHub} {
		pool := s.pool(owner)
		if pool.Available() >= sizes.LowWater {
			continue
		}
		for pool.Available() < sizes.HighWater {
			if err := h.fetchBlock(ctx, s, owner, sizes.BlockSize); err != nil {
				return err
			}
		}
	}
	return nil
}

// fetch gets at least size bytes more, in as many blocks as that takes. The caller holds h.oob.
func (h *peerHub) fetch(ctx context.Context, s *session, owner protocol.PoolOwner, size int) error {
	for size > 0 {
		block := max(h.client.config.PSRD.BlockSize, min(size, protocol.MaxBlockSize))
		if err := h.fetchBlock(ctx, s, owner, block); err != nil {
			return err
		}
		size -= block
	}
	return nil
}

func (s *session) pool(owner protocol.PoolOwner) *psrd.Pool {
	if owner == protocol.OwnerClient {
		return s.channel.Own
	}
	return s.channel.Peer
}

// add puts a block, whose data it owns from then on, into the pool of that owner.
func (s *session) add(owner protocol.PoolOwner, id uuid.UUID, data []byte) error {
	if owner == protocol.OwnerHub {
		s.supplied.Add(1)
	}
	return s.pool(owner).Add(psrd.NewBlock(id, data))
}
