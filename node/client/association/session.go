package association

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"dske/node"
	"dske/node/store"
	"dske/protocol"
	"dske/psrd"
)

// session is the result of a registration. It ends when the client registers again.
type session struct {
	channel protocol.Channel

	// posted and asked say that the hub was given shares, and asked for some; until then, a lazy
	// client leaves the pools empty that it needs for that. The holder of the turn sets them.
	posted, asked atomic.Bool

	// supplied counts the blocks that the hub got to choose from.
	supplied atomic.Int64

	// raises counts the marks that the hub has heard of.
	raises atomic.Int64

	// singly says that the hub does not know messages with several shares.
	singly atomic.Bool

	*marking // nil: bytes are used without marks
}

// marking is the part of a session with marks. The holder of the turn guards all fields except
// ahead and unheard.
type marking struct {
	boot, id uuid.UUID
	serial   int64                    // serial number of the last marks
	blocks   map[uuid.UUID]*keptBlock // that are not used up, or were not at the last raise
	raised   time.Time                // time of the last marks
	ahead    atomic.Int64             // how far they went, in bytes
	unheard  atomic.Bool              // the hub may have missed the last marks, or have a block that did not arrive here
}

// emptySession returns a session with empty pools.
func (a *Association) emptySession() *session {
	s := new(session)
	s.channel.Init(a.config.Suite)
	return s
}

// newSession returns a session with empty pools, and with marks if the hub has a boot ID.
func (a *Association) newSession(boot uuid.UUID) *session {
	s := a.emptySession()
	s.singly.Store(a.hub.Python)
	if boot != uuid.Nil {
		s.marking = &marking{boot: boot}
		s.ahead.Store(minAhead)
	}
	a.config.Counters.Watch(s.channel.OwnPools(), s.channel.PeerPools())
	return s
}

// current returns the session, or nil if there is none.
func (a *Association) current() *session {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.session
}

// isLazy reports whether pools are filled when the first message needs them.
func (a *Association) isLazy() bool { return a.config.PSRD.Lazy && !a.isCarried() }

// usedFor tells whether there has been a message with a pad of so many bytes. One without asks for
// shares: the pad is in its answer.
func (s *session) usedFor(padSize int) *atomic.Bool {
	if padSize > 0 {
		return &s.posted
	}
	return &s.asked
}

// needs reports whether there has been a message that takes something of a pool, or whose answer
// does.
func (s *session) needs(to supply) bool {
	switch {
	case to.purpose != psrd.ForPads:
		return s.posted.Load() || s.asked.Load()
	case to.owner == protocol.OwnerClient:
		return s.posted.Load()
	default:
		return s.asked.Load()
	}
}

// isWaiting reports whether a pool is left empty until a message needs it.
func (a *Association) isWaiting(s *session, to supply) bool { return a.isLazy() && !s.needs(to) }

// hasMet reports whether there has been a session with the hub.
func (a *Association) hasMet() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.known
}

// ended is a session that has ended, and when.
type ended struct {
	*session
	at time.Time
}

// forget ends a session if it is still the current one.
func (a *Association) forget(s *session) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.session == s {
		a.session = nil
		a.ended = append(a.ended, ended{s, time.Now()})
		a.config.Alarm.By(time.Now().Add(node.OvertakenAfter(a.config.Timeout)))
	}
}

// clearEnded clears the pools of sessions that ended at least the given time ago, so that none of
// their messages is under way.
func (a *Association) clearEnded(after time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ended = slices.DeleteFunc(a.ended, func(e ended) bool {
		if time.Since(e.at) < after {
			a.config.Alarm.By(e.at.Add(after))
			return false
		}
		e.channel.Close()
		return true
	})
}

// Close clears the remaining PSRD. Call it when the tasks have ended.
func (a *Association) Close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.session != nil {
		a.session.channel.Close()
	}
	for _, e := range a.ended {
		e.channel.Close()
	}
	a.ended = nil
	for _, c := range a.controls {
		c.Close()
	}
}

// ensureSession returns the current session. If there is none it waits in line, registers and fills
// the pools.
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
	s, err := t.establish(ctx)
	if err != nil {
		return nil, err
	}
	t.begin(s)
	return s, nil
}

// establish opens a session and fills its pools.
func (t *turn) establish(ctx context.Context) (s *session, err error) {
	err = t.attempt(ctx, func(ctx context.Context) (err error) {
		s, err = t.open(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	t.setConfirms(s.hasMarks())
	if err := t.fill(ctx, s); err != nil {
		s.channel.Close()
		return nil, err
	}
	return s, nil
}

// begin makes a session the current one.
func (a *Association) begin(s *session) {
	a.mu.Lock()
	a.session = s
	a.confirmInTime()
	a.mu.Unlock()
	a.markReady()
}

// markReady notes that there has been a session, or that there is no PSRD to begin one with.
func (a *Association) markReady() {
	a.mu.Lock()
	first := !a.known
	a.known = true
	a.mu.Unlock()
	if first {
		a.config.Registered()
	}
}

// supply says which pool PSRD is for.
type supply struct {
	owner   protocol.PoolOwner
	purpose psrd.Purpose
}

// The pools of an association, where there are separate ones for keys and where there are not. They
// are looked through for each message.
var poolsByPurpose, poolsForAll = suppliesOf(protocol.ITS), suppliesOf(protocol.Python)

func suppliesOf(suite protocol.Suite) (all []supply) {
	for _, owner := range [...]protocol.PoolOwner{protocol.OwnerClient, protocol.OwnerHub} {
		for _, purpose := range protocol.PurposesOf(suite) {
			all = append(all, supply{owner, purpose})
		}
	}
	return all
}

// supplies returns all pools of an association. The list must not be changed.
func (a *Association) supplies() []supply {
	if a.config.Suite.Rules().Purposes {
		return poolsByPurpose
	}
	return poolsForAll
}

func (s *session) pool(to supply) *psrd.Pool {
	return s.channel.Pool(to.owner == protocol.OwnerClient, to.purpose)
}

// add puts a block into a pool; the pool owns data from then on. In a session with marks the block
// is stored first, and nothing of it is open.
func (t *turn) add(s *session, to supply, id uuid.UUID, data []byte) error {
	if to.owner == protocol.OwnerHub {
		s.supplied.Add(1)
		t.doubt.relax()
	}
	err := t.takeFromCourier(to, len(data), func(taken ...store.Record) error {
		if !s.hasMarks() {
			return t.journal().keep(taken...)
		}
		return t.journal().addBlock(to, id, data, taken...)
	})
	if err != nil {
		return err
	}
	if !s.hasMarks() {
		return s.pool(to).Add(psrd.NewBlock(id, data))
	}
	s.blocks[id] = &keptBlock{supply: to, size: len(data)}
	block, err := psrd.OpenBlock(id, len(data), 0, data)
	if err != nil {
		return err
	}
	return s.pool(to).Add(block)
}
