package association

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"

	"dske/node/store"
	"dske/protocol"
	"dske/psrd"
)

// How far marks go ahead of what is used, in bytes of each pool: from minAhead on, and up to
// maxAhead while they are raised more often than raisesApart. What is ahead is lost when a session
// ends.
const (
	minAhead    = 4 << 10
	maxAhead    = 64 << 10
	raisesApart = 100 * time.Millisecond
)

// hasMarks reports whether bytes are used below marks only, as with a hub that keeps its state over
// a crash.
func (s *session) hasMarks() bool { return s.marking != nil }

// isUnheard reports whether the hub has to be told the marks once more. It uses no byte that is not
// below a mark which it knows.
func (s *session) isUnheard() bool { return s.hasMarks() && s.unheard.Load() }

// isShort reports whether marks have to be raised.
func (s *session) isShort() bool {
	if !s.hasMarks() {
		return false
	}
	for _, pool := range slices.Concat(s.channel.OwnPools(), s.channel.PeerPools()) {
		if open, closed := pool.Stock(); closed > 0 && int64(open) < s.ahead.Load()/2 {
			return true
		}
	}
	return false
}

// open begins a session: with what both ends have kept or, if there is nothing, with a
// registration.
func (t *turn) open(ctx context.Context) (*session, error) {
	if t.config.ByHand {
		return t.openByHand(ctx)
	}
	var seen protocol.Association
	if t.config.Suite.Rules().Sessions && t.journal().hasRegistered(t.config.Encryptors) {
		var err error
		if seen, err = t.view(ctx); err != nil {
			return nil, fmt.Errorf("resuming: %w", err)
		}
	}
	boot := seen.Boot
	if !seen.Registered || boot == uuid.Nil {
		registered, err := t.register(ctx)
		if err != nil {
			return nil, err
		}
		boot = registered.Boot
		if err := t.journal().register(t.config.Encryptors); err != nil {
			return nil, err
		}
	}
	s := t.newSession(boot)
	if !s.hasMarks() {
		return s, nil
	}
	if err := t.resume(ctx, s, seen); err != nil {
		s.channel.Close()
		return nil, fmt.Errorf("resuming: %w", err)
	}
	return s, nil
}

// resume agrees with the hub on a session, in which all pools start at the marks.
func (t *turn) resume(ctx context.Context, s *session, seen protocol.Association) error {
	var err error
	if s.id, err = uuid.NewRandomFromReader(t.config.Random.For("session with " + t.hub.Name)); err != nil {
		return err
	}
	s.blocks = t.journal().blocks()
	t.noteRollback(s, seen)
	theirs, err := t.putMarks(ctx, s, true)
	if err != nil {
		return err
	}
	var records []store.Record
	for id, b := range s.blocks {
		mark, both := theirs[id]
		if !both {
			delete(s.blocks, id)
			records = append(records, &store.Drop{Block: id})
			continue
		}
		b.mark = min(max(b.mark, mark), b.size)
		b.acked = b.mark
		records = append(records, &store.Mark{Block: id, Mark: b.mark, Acked: b.acked})
	}
	if err := t.journal().keep(records...); err != nil {
		return err
	}
	for _, b := range t.journal().inOrder() {
		block, err := t.journal().openBlock(b.ID)
		if err != nil {
			return err
		}
		if err := s.pool(s.blocks[b.ID].supply).Add(block); err != nil {
			return err
		}
	}
	return nil
}

// noteRollback says that an old copy of the hub's state was put back, if its marks are below what
// it had kept: the client learned of that before it wrote it down.
func (t *turn) noteRollback(s *session, seen protocol.Association) {
	lost := 0
	for _, b := range seen.Blocks {
		if own := s.blocks[b.UUID]; own != nil {
			lost += max(0, own.acked-b.Mark)
		}
	}
	if lost > 0 {
		t.config.Counters.RolledBack.Add(1)
		t.config.Logger.Warn("an old copy of the hub's state was put back", "hub", t.hub.Name, "bytes", lost)
	}
}

// putMarks tells the hub the marks, and what was delivered. It returns the marks of the blocks that
// both have.
func (t *turn) putMarks(ctx context.Context, s *session, resume bool) (map[uuid.UUID]int, error) {
	s.serial++
	m := protocol.Marks{ClientName: t.config.Client, Boot: s.boot, Session: s.id, Serial: s.serial, Resume: resume,
		Blocks: []protocol.BlockMark{}, Delivered: t.toConfirm()}
	for _, id := range slices.SortedFunc(maps.Keys(s.blocks), func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) }) {
		m.Blocks = append(m.Blocks, protocol.BlockMark{UUID: id, Mark: s.blocks[id].mark})
	}
	s.unheard.Store(true)
	kept, err := t.tell(ctx, s, m)
	if err != nil {
		return nil, fmt.Errorf("raising marks: %w", err)
	}
	s.unheard.Store(false)
	s.raises.Add(1)
	t.confirmed(m.Delivered)
	marks := map[uuid.UUID]int{}
	for _, b := range kept.Blocks {
		marks[b.UUID] = b.Mark
	}
	return marks, nil
}

// raise lets more bytes be used, if few are left below the marks or a pool needs so many more, and
// tells the hub what was delivered, and what it may not have heard. Without marks it does nothing.
func (t *turn) raise(ctx context.Context, s *session, more map[supply]int) error {
	t.confirmDue.Store(false) // before it looks: whoever adds something later sets it again
	if !s.hasMarks() {
		t.setConfirms(false) // also of what was added when it was not known
		return nil
	}
	raised := t.plan(s, more)
	if len(raised) == 0 && !t.hasToConfirm() && !s.isUnheard() {
		return nil
	}
	started := false
	err := t.attempt(ctx, func(ctx context.Context) error {
		err := t.raiseBoth(ctx, s, raised)
		if started = errors.Is(err, errStarted); started && t.current() == s {
			return nil
		}
		if errors.Is(err, protocol.ErrOldSession) || errors.Is(err, protocol.ErrClientNotRegistered) || errors.Is(err, errApart) {
			t.forget(s)
			return fmt.Errorf("%w: %w", errEnded, err)
		}
		return err
	})
	if err != nil || !started {
		return err
	}
	if err := t.succeed(ctx, s); err != nil {
		return err
	}
	return fmt.Errorf("%w: %w", errEnded, errStarted)
}

// catchUp waits until marks are raised, if they have to be: that may be going on.
func (a *Association) catchUp(ctx context.Context, s *session) error {
	t, err := a.join(ctx)
	if err != nil {
		return err
	}
	defer t.leave()
	if a.current() != s {
		return errEnded
	}
	return t.raise(ctx, s, nil)
}

// errApart is that the hub does not have a block of the session.
var errApart = errors.New("the hub lacks a block")

// raiseBoth raises marks here, then at the hub. What the hub chooses from is open before the hub
// may, and what the client chooses from is open when the hub has said that it is there.
func (t *turn) raiseBoth(ctx context.Context, s *session, raised map[uuid.UUID]int) error {
	if err := t.journal().keep(t.recordsOf(s, raised)...); err != nil {
		return err
	}
	for id, mark := range raised {
		s.blocks[id].mark = mark
	}
	if err := s.openUpTo(protocol.OwnerHub); err != nil {
		return err
	}
	theirs, err := t.putMarks(ctx, s, false)
	if err != nil {
		return err
	}
	for id, b := range s.blocks {
		if _, both := theirs[id]; !both {
			return errApart
		}
		b.acked = b.mark
	}
	return s.openUpTo(protocol.OwnerClient)
}

// recordsOf returns what keeps the marks. Blocks that are used up have no place in a pool, and are
// dropped.
func (t *turn) recordsOf(s *session, raised map[uuid.UUID]int) (records []store.Record) {
	inUse := map[uuid.UUID]bool{}
	for _, to := range t.supplies() {
		for _, m := range s.pool(to).Marks() {
			inUse[m.Block] = true
		}
	}
	for id, b := range s.blocks {
		switch mark := max(raised[id], b.mark); {
		case !inUse[id]:
			delete(s.blocks, id)
			records = append(records, &store.Drop{Block: id})
		default: // also if it is there already: what is below may not be zeroed yet, if that has failed
			records = append(records, &store.Mark{Block: id, Mark: mark, Acked: b.acked})
		}
	}
	return records
}

// openUpTo raises the limits in the pools of one owner to the marks.
func (s *session) openUpTo(owner protocol.PoolOwner) error {
	for id, b := range s.blocks {
		if b.owner == owner {
			if err := s.pool(b.supply).Raise(id, b.mark); err != nil {
				return err
			}
		}
	}
	return nil
}

// plan returns the new marks of blocks. Pools are raised in the order in which their blocks are
// used: all of them if one is short, and each by what it needs more.
func (t *turn) plan(s *session, more map[supply]int) map[uuid.UUID]int {
	raised := map[uuid.UUID]int{}
	if len(more) == 0 && !s.isShort() {
		return raised
	}
	ahead := t.nextAhead(s)
	for _, to := range t.supplies() {
		pool := s.pool(to)
		open, _ := pool.Stock()
		missing := max(more[to], ahead-open)
		for _, m := range pool.Marks() {
			add := min(max(missing, 0), m.Size-m.Limit)
			if to.purpose == psrd.ForKeys {
				add = min(wholeSlots(add), m.Size-m.Limit)
			}
			if add > 0 {
				raised[m.Block] = max(m.Limit+add, s.blocks[m.Block].mark)
				missing -= add
			}
		}
	}
	return raised
}

// nextAhead returns how far marks go ahead this time. Who keeps nothing loses nothing by going as
// far as there is anything.
func (t *turn) nextAhead(s *session) int {
	if !t.journal().keeps() {
		s.ahead.Store(math.MaxInt)
		return math.MaxInt
	}
	ahead := int64(minAhead)
	if time.Since(s.raised) < raisesApart && !s.isUnheard() { // a raise that comes again is no sign of haste
		ahead = min(2*max(s.ahead.Load(), minAhead), maxAhead)
	}
	s.raised = time.Now()
	s.ahead.Store(ahead)
	return int(ahead)
}
