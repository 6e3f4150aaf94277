package wire

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"
)

// passage is a message, or the answer to one, on its way from one node to another.
type passage struct {
	from, to            string
	method, path, query string // of the request
	body                []byte
	repeated            bool

	at time.Time // when a queue releases it
}

// compare is the order by name. Messages that are equal in it have equal bytes, so their order does
// not matter.
func compare(a, b *passage) int {
	for _, part := range [...][2]string{{a.from, b.from}, {a.to, b.to}, {a.method, b.method}, {a.path, b.path}, {a.query, b.query}} {
		if order := strings.Compare(part[0], part[1]); order != 0 {
			return order
		}
	}
	return cmp.Or(bytes.Compare(a.body, b.body), lastIf(a.repeated, b.repeated))
}

func lastIf(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	default:
		return -1
	}
}

// queue serves messages in the order in which they come. In virtual time those that come at the
// same instant are in the order of their names, whatever the scheduling.
type queue[T any] struct {
	virtual bool
	serve   func(member T, came time.Time) // called for one message at a time
	compare func(a, b T) int

	mu     sync.Mutex
	batch  *batch[T] // the last batch
	before *batch[T] // the batch before it
}

// batch has the messages that came at one instant.
type batch[T any] struct {
	came    time.Time
	members []T
	served  bool
}

// pass serves a message when it is its turn.
func (q *queue[T]) pass(member T) {
	if !q.virtual {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.serve(member, time.Now())
		return
	}
	b := q.join(member)
	time.Sleep(time.Nanosecond) // this returns when all goroutines wait, so the batch is complete
	q.mu.Lock()
	defer q.mu.Unlock()
	if b.served {
		return
	}
	b.served = true
	slices.SortFunc(b.members, q.compare)
	for _, m := range b.members {
		q.serve(m, b.came)
	}
}

func (q *queue[T]) join(member T) *batch[T] {
	q.mu.Lock()
	defer q.mu.Unlock()
	if now := time.Now(); q.batch == nil || !q.batch.came.Equal(now) {
		q.batch, q.before = q.room(now), q.batch
	}
	q.batch.members = append(q.batch.members, member)
	return q.batch
}

// room returns a batch for messages that come now: an old one if all of its members have gone on.
func (q *queue[T]) room(now time.Time) *batch[T] {
	b := q.before
	if b == nil || now.Sub(b.came) <= time.Nanosecond {
		return &batch[T]{came: now}
	}
	clear(b.members)
	*b = batch[T]{came: now, members: b.members[:0]}
	return b
}

// door lets in one message per nanosecond, so that the code behind it never has two that came at
// the same instant. It is for virtual time only.
type door struct {
	queue queue[*passage]
	last  time.Time // when it let the last one in
}

func newDoor() *door {
	d := &door{}
	d.queue = queue[*passage]{virtual: true, serve: d.serve, compare: compare}
	return d
}

func (d *door) serve(p *passage, came time.Time) {
	p.at = came.Add(1)
	if !p.at.After(d.last) {
		p.at = d.last.Add(1)
	}
	d.last = p.at
}

// enter returns when the message is let in, at most some nanoseconds later.
func (d *door) enter(p *passage) {
	d.queue.pass(p)
	time.Sleep(time.Until(p.at))
}

// doors has the doors of all receivers, by name.
type doors struct {
	mu    sync.Mutex
	known map[string]*door
}

func (d *doors) of(name string) *door {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.known[name] == nil {
		d.known[name] = newDoor()
	}
	return d.known[name]
}
