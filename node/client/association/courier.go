package association

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"dske/node/store"
	"dske/protocol"
	"dske/psrd"
)

// Courier brings the PSRD of one association where it does not come over the network whenever it is
// needed. It outlives the clients in whose hands its deliveries are. A client that keeps its state
// over a crash keeps what it has taken: whoever makes another Courier in the next process brings
// all again that was ever brought. Its zero value has brought nothing, and nobody knows when it
// comes. It may be used by several goroutines.
type Courier struct {
	mu      sync.Mutex
	brought int            // bytes for each pool, ever
	put     map[supply]int // of those, the bytes that are, or have been, in the pool, or were taken back
	next    time.Time      // when it is expected; zero: not at all
	came    func()         // tells the association; nil: there is none yet
}

// Bring delivers size bytes for each of the pools, in addition to what is there, or 0 if the
// delivery was lost, and says when the courier comes next; the zero time: it does not. What is for
// a pool that has no room is taken back. While the hub cannot be reached, the delivery waits for
// it. Bring returns at once.
func (c *Courier) Bring(size int, next time.Time) {
	c.mu.Lock()
	c.brought += size
	c.next = next
	came := c.came
	c.mu.Unlock()
	if came != nil {
		came()
	}
}

// Next returns when the courier is expected; the zero time: not at all.
func (c *Courier) Next() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.next
}

func (c *Courier) tell(came func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.came = came
}

// waiting returns how many bytes for a pool have come and are not in it.
func (c *Courier) waiting(to supply) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.brought - c.put[to]
}

func (c *Courier) take(to supply, size int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.put == nil {
		c.put = map[supply]int{}
	}
	c.put[to] += size
}

// taken returns how many bytes for a pool are, or have been, in it.
func (c *Courier) taken(to supply) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.put[to]
}

// recall goes on after what a client has kept of what it took.
func (c *Courier) recall(to supply, taken int) { c.take(to, taken-c.taken(to)) }

// hasCome reports whether there is something for one of the pools.
func (a *Association) hasCome() bool {
	for _, to := range a.supplies() {
		if a.courier.waiting(to) > 0 {
			return true
		}
	}
	return false
}

// unload puts what the courier has brought into the pools.
func (t *turn) unload(ctx context.Context, s *session) error {
	for _, to := range t.supplies() {
		for left := t.courier.waiting(to); left > 0; left = t.courier.waiting(to) {
			if err := t.unloadSome(ctx, s, to, left); err != nil {
				return err
			}
		}
	}
	return t.raise(ctx, s, nil)
}

// unloadSome puts as much of what there is for a pool into it as one block can have. All is taken
// back if there is no room for it.
func (t *turn) unloadSome(ctx context.Context, s *session, to supply, left int) (err error) {
	size := min(left, protocol.MaxBlockSize, protocol.MaxPoolSize-stockOf(s.pool(to)))
	if to.purpose == psrd.ForKeys {
		size -= size % psrd.SlotSize
	}
	if size > 0 {
		err = t.fetchBlock(ctx, s, to, size)
	}
	if size > 0 && !errors.Is(err, protocol.ErrTooLarge) && !errors.Is(err, protocol.ErrFull) {
		return err
	}
	t.config.Logger.Info("no room for what a courier has brought", "hub", t.hub.Name, "owner", to.owner, "purpose", to.purpose, "bytes", left)
	return t.takeFromCourier(to, left, func(taken ...store.Record) error { return t.journal().keep(taken...) })
}

// takeFromCourier has keep keep, with whatever else belongs to it, that bytes for a pool are no
// longer the courier's: from then on they are in the pool, or taken back, also after a crash.
// Where no courier comes there is nothing more to keep.
func (t *turn) takeFromCourier(to supply, size int, keep func(...store.Record) error) error {
	if t.courier == nil {
		return keep()
	}
	if err := keep(t.journal().taken(to, t.courier.taken(to)+size)); err != nil {
		return err
	}
	t.courier.take(to, size)
	return nil
}

// CourierError is why a message lacks PSRD that comes by courier.
type CourierError struct {
	Next time.Time // when the next courier is expected; zero: none is
	Err  error
}

func (e *CourierError) Error() string {
	if e.Next.IsZero() {
		return fmt.Sprintf("%v; no courier is expected", e.Err)
	}
	return fmt.Sprintf("%v; the next courier is expected at %s", e.Err, e.Next.UTC().Format(time.RFC3339))
}

func (e *CourierError) Unwrap() error { return e.Err }

// awaiting adds to an error, if it says that PSRD is missing, when the courier comes, or that a
// file has to be brought.
func (a *Association) awaiting(err error) error {
	var told *FileError
	switch {
	case !a.isCarried() || !errors.Is(err, psrd.ErrExhausted) || errors.As(err, &told):
		return err
	case a.courier == nil:
		return &FileError{a.hub.Name, err}
	}
	return &CourierError{a.courier.Next(), err}
}

// lacksAnswer returns why the hub could not sign an answer, as far as is known here. Where PSRD
// comes over the network the hub says so itself, and gets it.
func (a *Association) lacksAnswer(s *session) error {
	if available := stockOf(s.channel.PeerKeys); a.isCarried() && available < protocol.SigningKeySize {
		return &psrd.ExhaustedError{Needed: protocol.SigningKeySize, Available: available}
	}
	return nil
}
