package association

import (
	"context"
	"sync/atomic"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/psrd"
)

// session is what a registration brings: it ends when the client registers again.
type session struct {
	channel *protocol.Channel

	// used says that there was a message for a key; until then, a lazy client leaves the pools empty.
	used atomic.Bool

	// supplied counts the blocks that the hub got to choose from.
	supplied atomic.Int64

	// singly says that the hub does not know messages with several shares.
	singly atomic.Bool
}

// current returns the session, or nil if there is none.
func (a *Association) current() *session {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.session
}

// forget ends a session, if it is still the current one.
func (a *Association) forget(s *session) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.session == s {
		a.session = nil
	}
}

// ensureSession returns the current session. If there is none it waits in line, registers and fills the pools.
func (a *Association) ensureSession(ctx context.Context) (*session, error) {
	if s := a.current(); s != nil {
		return s, nil
	}
	t, err := a.join(ctx)
	if err != nil {
		return nil, err
	}
	defer t.leave()
	return t.ensureSession(ctx)
}

func (t *turn) ensureSession(ctx context.Context) (*session, error) {
	if s := t.current(); s != nil {
		return s, nil
	}
	if err := t.attempt(ctx, t.register); err != nil {
		return nil, err
	}
	s := &session{channel: protocol.NewChannel(t.config.Suite)}
	t.config.Counters.Watch(s.channel.Own, s.channel.Peer)
	if err := t.fill(ctx, s); err != nil {
		return nil, err
	}
	t.begin(s)
	return s, nil
}

// begin makes a session the current one.
func (a *Association) begin(s *session) {
	a.mu.Lock()
	first := !a.known
	a.session, a.known = s, true
	a.mu.Unlock()
	if first {
		a.config.Registered()
	}
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
