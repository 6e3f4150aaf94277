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

// Courier brings the PSRD of one association where it does not come over the network on demand. It
// outlives the clients that take its deliveries. A client that keeps its state over a crash
// remembers what it has taken, so a Courier in a later process must bring again everything that was
// ever brought. The zero value has brought nothing and is not expected. It is safe for concurrent
// use.
type Courier struct {
	mu      sync.Mutex
	brought int            // total bytes brought for each pool
	put     map[supply]int // of those, the bytes that entered the pool or were taken back
	next    time.Time      // when the courier is expected; zero: never
	came    func()         // tells the association; nil: no association yet
}

// Bring delivers size bytes for each of the pools, in addition to what is there, or 0 if the
// delivery was lost. next is when the courier comes next; zero: never. What a pool has no room for
// is taken back. While the hub cannot be reached, the delivery waits. Bring returns at once.
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

// Next returns when the courier is expected; zero: never.
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

// waiting returns how many bytes for a pool have been brought and are not in it.
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

// taken returns how many bytes for a pool are in it or have been.
func (c *Courier) taken(to supply) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.put[to]
}

// recall continues from what a client has stored about what it took.
func (c *Courier) recall(to supply, taken int) { c.take(to, taken-c.taken(to)) }

// hasCome reports whether the courier has brought something for one of the pools.
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

// unloadSome puts as much of the delivery for a pool into it as one block can hold. If there is no
// room, the whole delivery is taken back.
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
	t.config.Logger.Info("no room for the PSRD of a courier", "hub", t.hub.Name, "owner", to.owner, "purpose", to.purpose, "bytes", left)
	return t.takeFromCourier(to, left, func(taken ...store.Record) error { return t.journal().keep(taken...) })
}

// takeFromCourier calls keep with the record that size bytes for a pool are no longer the
// courier's: from then on they are in the pool or taken back, even after a crash. Where no courier
// comes, the record is not needed.
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

// CourierError says that a message lacks PSRD that comes by courier.
type CourierError struct {
	Next time.Time // when the next courier is expected; zero: never
	Err  error
}

func (e *CourierError) Error() string {
	if e.Next.IsZero() {
		return fmt.Sprintf("%v; no courier is expected", e.Err)
	}
	return fmt.Sprintf("%v; the next courier is expected at %s", e.Err, e.Next.UTC().Format(time.RFC3339))
}

func (e *CourierError) Unwrap() error { return e.Err }

// explainShortage adds to err, if that says that PSRD is missing, the time when the courier comes
// or that a file is needed.
func (a *Association) explainShortage(err error) error {
	if !a.isCarried() || !errors.Is(err, psrd.ErrExhausted) {
		return err
	}
	if _, told := errors.AsType[*FileError](err); told {
		return err
	}
	if a.courier == nil {
		return &FileError{a.hub.Name, err}
	}
	return &CourierError{a.courier.Next(), err}
}

// lacksAnswer returns an error if the hub lacks the PSRD to sign an answer, as far as is known
// here. Where PSRD comes over the network it returns nil: the hub says so itself and gets more.
func (a *Association) lacksAnswer(s *session) error {
	if !a.isCarried() {
		return nil
	}
	if available := stockOf(s.channel.PeerKeys); available < protocol.SigningKeySize {
		return &psrd.ExhaustedError{Needed: protocol.SigningKeySize, Available: available}
	}
	return nil
}
