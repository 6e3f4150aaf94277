package wire

import (
	"context"
	"sync"
	"time"

	"dske/sim/fault"
	"dske/sim/link"
)

// Links returns the link between two parties, or nil. A line of the link, in the direction of the
// message, is identified by the names of its ends: parties with the same line share it.
type Links func(from, to string) (l *link.Link, ends [2]string)

// lines has the directions of links that are in use.
type lines struct {
	links   Links
	seed    uint64
	virtual bool

	mu    sync.Mutex
	known map[[2]string]*line
}

// line is one direction of a link.
type line struct {
	queue     queue[*crossing]
	direction *link.Direction
}

// crossing is a message on a line.
type crossing struct {
	*passage
	size    int // bytes
	outcome link.Passage
}

// between returns the line from one party to another, or nil if there is no link.
func (l *lines) between(from, to string) *line {
	if l.links == nil {
		return nil
	}
	found, ends := l.links(from, to)
	if found == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known[ends] == nil {
		n := &line{direction: link.NewDirection(found, l.seed, ends[0], ends[1])}
		n.queue = queue[*crossing]{virtual: l.virtual, serve: n.serve, compare: compareCrossings}
		l.known[ends] = n
	}
	return l.known[ends]
}

func compareCrossings(a, b *crossing) int { return compare(a.passage, b.passage) }

func (l *line) serve(c *crossing, came time.Time) { c.outcome = l.direction.Pass(came, c.size) }

// carry returns when the message has arrived, and how often it was transmitted. It fails with
// [fault.ErrLost] if the message is lost for good, and with the error of ctx if that ends before it
// arrives.
func (l *line) carry(ctx context.Context, p *passage, size int) (attempts int, err error) {
	c := &crossing{passage: p, size: size}
	l.queue.pass(c)
	if err := sleepUntil(ctx, c.outcome.Arrives); err != nil {
		return c.outcome.Attempts, err
	}
	if c.outcome.Lost {
		return c.outcome.Attempts, fault.ErrLost
	}
	return c.outcome.Attempts, nil
}

// sleepUntil waits until t. It fails with the error of ctx if that ends before.
func sleepUntil(ctx context.Context, t time.Time) error {
	timer := time.NewTimer(time.Until(t))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		if time.Now().Before(t) {
			return ctx.Err()
		}
		return nil // both at the same time
	}
}
