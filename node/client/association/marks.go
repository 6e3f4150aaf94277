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

// How far marks go ahead of what is used, in bytes of each pool: minAhead at first, and up to
// maxAhead while they are raised more often than raisesApart. Bytes ahead of use are lost when a
// session ends.
const (
	minAhead    = 4 << 10
	maxAhead    = 64 << 10
	raisesApart = 100 * time.Millisecond
)

// hasMarks reports whether only bytes below marks are used, as with a hub that keeps its state over
// a crash.
func (s *session) hasMarks() bool { return s.marking != nil }

// isUnheard reports whether the hub must be told the marks again. The hub uses no byte that is not
// below a mark that it knows.
func (s *session) isUnheard() bool { return s.hasMarks() && s.unheard.Load() }

// isShort reports whether marks must be raised.
func (s *session) isShort() bool {
	if !s.hasMarks() {
		return false
	}
	for _, pool := range s.channel.Pools() {
		if open, closed := pool.Stock(); closed > 0 && int64(open) < s.ahead.Load()/2 {
			return true
		}
	}
	return false
}

// open begins a session: with the PSRD that both ends have stored or, if there is none, with a
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

// resume agrees with the hub on a new session, in which all pools start at the marks.
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

// noteRollback logs that an old copy of the hub's state was put back, if the hub's marks are lower
// than those it had acknowledged. A hub stores marks before it acknowledges them.
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

// putMarks tells the hub the marks and the deliveries. It returns the marks of the blocks that both
// ends have.
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
	t.noteConfirmed(m.Delivered)
	marks := map[uuid.UUID]int{}
	for _, b := range kept.Blocks {
		marks[b.UUID] = b.Mark
	}
	return marks, nil
}

// raise raises the marks if few bytes are left below them or a pool needs more. It also tells the
// hub of deliveries, and repeats what the hub may not have heard. Without marks it does nothing.
func (t *turn) raise(ctx context.Context, s *session, more map[supply]int) error {
	t.confirmDue.Store(false) // first: a delivery that is added later sets it again
	if !s.hasMarks() {
		t.setConfirms(false) // including deliveries added before this was known
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

// catchUp waits until marks are raised if they must be; another caller may be doing so.
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

// errApart says that the hub does not have a block of the session.
var errApart = errors.New("the hub lacks a block")

// raiseBoth raises marks here, then at the hub. The bytes that the hub chooses from are opened here
// before the hub may use them. The bytes that the client chooses from are opened when the hub has
// acknowledged them.
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

// recordsOf returns the records that store the marks. Blocks that are used up are in no pool, and
// are dropped.
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
		default: // even if it is stored already: zeroing the bytes below it may have failed
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

// plan returns the new marks of blocks. Within a pool, blocks are raised in the order in which they
// are used. All pools are raised if one is short, and each pool by at least what it needs.
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

// nextAhead returns how far marks go ahead this time. A client that stores nothing loses nothing,
// so its marks go as far as there are bytes.
func (t *turn) nextAhead(s *session) int {
	if !t.journal().keeps() {
		s.ahead.Store(math.MaxInt)
		return math.MaxInt
	}
	ahead := int64(minAhead)
	if time.Since(s.raised) < raisesApart && !s.isUnheard() { // a repeated raise is no sign of heavy use
		ahead = min(2*max(s.ahead.Load(), minAhead), maxAhead)
	}
	s.raised = time.Now()
	s.ahead.Store(ahead)
	return int(ahead)
}
