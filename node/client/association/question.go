package association

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"dske/protocol"
)

// How long to ask no question after one that changed nothing: the first time, and at most.
const (
	minPause = time.Second
	maxPause = time.Minute
)

// doubt records the questions to the hub that hints have led to. It keeps a sender of false hints
// from making client and hub busy.
type doubt struct {
	settled atomic.Int64 // questions that were answered

	mu    sync.Mutex
	pause time.Duration // after the last question
	until time.Time     // when the next question may be asked
}

// settledCount returns how many questions have been settled so far.
func (d *doubt) settledCount() int64 { return d.settled.Load() }

// may reports whether a question may be asked now: no question has been settled since began, and
// the pause is over.
func (d *doubt) may(began int64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.settled.Load() == began && !time.Now().Before(d.until)
}

// settle notes the outcome of a question.
func (d *doubt) settle(answered, changed bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case changed:
		d.pause = 0
	case !answered:
		d.pause = minPause
	default:
		d.pause = min(max(2*d.pause, minPause), maxPause)
	}
	d.settled.Add(1)
	d.until = time.Now().Add(d.pause)
}

// relax ends the pause when the hub has got PSRD. A message that lacked the PSRD may have been
// refused without leading to a question, and will be refused again.
func (d *doubt) relax() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.until = time.Time{}
}

// ask asks the hub out of band how it sees the association, because of a hint, and mends what
// differs. Of several callers one asks, and all get the outcome. The error is hint, joined with
// errEnded if the session is over.
func (a *Association) ask(ctx context.Context, s *session, began int64, hint error) error {
	if supplied := s.supplied.Load(); a.doubt.may(began) {
		t, err := a.join(ctx)
		if err != nil {
			return err
		}
		defer t.leave()
		if a.doubt.may(began) && a.current() == s {
			answered, changed := t.mend(ctx, s)
			a.doubt.settle(answered, changed || s.supplied.Load() > supplied)
		}
	}
	if a.current() != s {
		return fmt.Errorf("%w: %w", errEnded, hint)
	}
	return hint
}

// mend asks the hub how it sees the association and mends what differs. It reports whether the hub
// has answered and whether anything has changed.
func (t *turn) mend(ctx context.Context, s *session) (answered, changed bool) {
	if t.config.ByHand {
		return t.mendByHand(ctx, s)
	}
	seen, isApart, err := t.compare(ctx, s)
	if err != nil {
		t.config.Logger.Info("could not ask the hub about a hint", "hub", t.hub.Name, "error", err)
		return false, false
	}
	if isApart {
		t.forget(s)
		return true, true
	}
	supplying := t.fetch
	if t.courier != nil {
		if !s.hasMarks() {
			return true, t.current() != s
		}
		supplying = func(ctx context.Context, s *session, to supply, size int) error {
			return t.raise(ctx, s, map[supply]int{to: size})
		}
	}
	for _, lack := range seen.Lacks {
		to := supply{protocol.OwnerHub, lack.Purpose}
		if slices.Contains(t.supplies(), to) && lack.Bytes > 0 && supplying(ctx, s, to, min(lack.Bytes, protocol.MaxPoolSize)) == nil {
			changed = true
		}
	}
	return true, changed || t.current() != s
}

// view asks the hub how it sees the association.
func (t *turn) view(ctx context.Context) (seen protocol.Association, err error) {
	query := url.Values{"client_name": {t.config.Client}}.Encode()
	err = t.outOfBand(ctx, message{method: http.MethodGet, path: protocol.PathRegistration, query: query}, &seen)
	return seen, err
}

// compare asks the hub how it sees the association. It reports whether the hub does not know the
// session or lacks a block of it.
func (t *turn) compare(ctx context.Context, s *session) (seen protocol.Association, isApart bool, err error) {
	here := map[uuid.UUID]bool{} // before the hub looks: a block may be used up while the answer is on its way
	for _, pool := range s.channel.PeerPools() {
		for _, b := range pool.Status() {
			here[b.UUID] = true
		}
	}
	if seen, err = t.view(ctx); err != nil {
		return seen, false, err
	}
	var boot, id uuid.UUID
	if s.hasMarks() {
		boot, id = s.boot, s.id
	}
	return seen, !seen.Registered || seen.Boot != boot || seen.Session != id || s.lacksBlocks(here, seen), nil
}

// lacksBlocks reports whether one end lacks a block in which the other end still has bytes to
// choose from; here are the hub's blocks that are at this end. If the two ends count different
// numbers of bytes in a block, that is no difference: the network may hold messages back. With
// marks, a hub also lists blocks that it would not choose from.
func (s *session) lacksBlocks(here map[uuid.UUID]bool, seen protocol.Association) bool {
	known := map[uuid.UUID]bool{}
	for _, b := range seen.Blocks {
		known[b.UUID] = b.Owner == protocol.OwnerClient
		if b.Owner == protocol.OwnerHub && b.Unused > 0 && !here[b.UUID] && !s.hasMarks() {
			return true // it would sign with bytes that are not here, and no block is on its way
		}
	}
	for _, pool := range s.channel.OwnPools() {
		for _, b := range pool.Status() {
			if b.Unused > 0 && !known[b.UUID] {
				return true
			}
		}
	}
	return false
}
