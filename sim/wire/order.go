package wire

import (
	"slices"
	"sync"
	"time"
)

// tick is the time between two messages at a door. In virtual time it passes only when all
// goroutines wait, so everything that happens at an instant has happened one tick later.
const tick = time.Nanosecond

// queue serves messages in the order in which they come, and those that come at the same instant in
// the order of their names, whatever the scheduling. It is for virtual time.
type queue struct {
	serve func(p *passage, came time.Time) // called for one message at a time

	mu      sync.Mutex
	batches []*batch // of which messages have not gone on
	spare   []*batch // for reuse
}

// batch has the messages that come at one instant.
type batch struct {
	comes    time.Time
	messages []*passage
	waiting  int // messages for which pass or withdraw has not been called
	served   bool
}

// expect adds a message that comes now or later. The caller calls pass one tick after that, or
// withdraw.
func (q *queue) expect(p *passage, comes time.Time) *batch {
	q.mu.Lock()
	defer q.mu.Unlock()
	b := q.batchOf(comes)
	b.messages = append(b.messages, p)
	b.waiting++
	return b
}

func (q *queue) batchOf(comes time.Time) *batch {
	for _, b := range q.batches {
		if b.comes.Equal(comes) {
			return b
		}
	}
	last := len(q.spare) - 1
	if last < 0 {
		q.spare, last = append(q.spare, &batch{}), 0
	}
	b := q.spare[last]
	q.spare = q.spare[:last]
	b.comes = comes
	q.batches = append(q.batches, b)
	return b
}

// pass serves a batch, unless that has been done.
func (q *queue) pass(b *batch) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !b.served {
		b.served = true
		slices.SortFunc(b.messages, compare)
		for _, p := range b.messages {
			q.serve(p, b.comes)
		}
	}
	q.leave(b)
}

// withdraw takes back a message that does not come.
func (q *queue) withdraw(b *batch, p *passage) {
	q.mu.Lock()
	defer q.mu.Unlock()
	b.messages = slices.DeleteFunc(b.messages, func(other *passage) bool { return other == p })
	q.leave(b)
}

// leave notes that a message has gone on. The caller holds q.mu.
func (q *queue) leave(b *batch) {
	b.waiting--
	if b.waiting > 0 {
		return
	}
	q.batches = slices.DeleteFunc(q.batches, func(other *batch) bool { return other == b })
	clear(b.messages)
	*b = batch{messages: b.messages[:0]}
	q.spare = append(q.spare, b)
}
