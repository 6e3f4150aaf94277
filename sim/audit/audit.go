// Package audit checks from outside that a network uses no byte of pre-shared random data twice,
// and accepts nothing that was not sent.
//
// An [Auditor] is shown three things: the blocks that hubs give to clients, the in-band messages as
// their senders make them, and the in-band messages as they come to their receivers, whoever sent
// them. It shares no code with what it checks: it reads messages itself, and computes tags itself
// to know which answers a client takes. A hub says by signing an answer that it has taken the
// request.
//
// These are violations: that one byte serves two different messages, or two purposes in one; that a
// receiver accepts what the owner of the bytes did not send, or accepts as a signing key what has
// another purpose; that a hub takes the same message twice; that two blocks have the same bytes.
// The same bytes sent once more are no second use, since they are the same message.
//
// It keeps blocks with all that they were used for, but only for ten minutes longer than there is
// something left of them, or than the association lasts.
package audit

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// keptFor is how long a block is remembered when it is of no use any more.
const keptFor = 10 * time.Minute

// Auditor remembers every byte that was used of the blocks that are in use. It may be used by
// several goroutines.
type Auditor struct {
	suite string

	mu         sync.Mutex
	blocks     map[string]*block
	chunks     map[chunk]string // parts of blocks, and whose they are
	doomed     []doom
	violations []string
}

// doom is when a block is forgotten.
type doom struct {
	block string
	when  time.Time
}

// New returns an auditor that has seen nothing, for a network of that suite.
func New(suite string) *Auditor {
	return &Auditor{suite: suite, blocks: map[string]*block{}, chunks: map[chunk]string{}}
}

// Block notes a block that a hub gives to a client. Of the data it keeps what it needs, as a copy.
func (a *Auditor) Block(b Block) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.forget(time.Now())
	if a.blocks[b.UUID] != nil {
		a.violate("block %s was given twice, now to %s by %s", b.UUID, b.Client, b.Hub)
		return
	}
	known := newBlock(b)
	a.blocks[b.UUID] = known
	for _, part := range known.chunks {
		if other, used := a.chunks[part]; used {
			a.violate("block %s of %s and %s has bytes of block %s", b.UUID, b.Client, b.Hub, other)
			return
		}
		a.chunks[part] = b.UUID
	}
}

// End notes that the association of a client with a hub has ended, and with it all blocks so far.
func (a *Auditor) End(client, hub string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for id, b := range a.blocks {
		if b.Client == client && b.Hub == hub {
			a.doom(id, b)
		}
	}
}

// doom lets a block be forgotten in a while.
func (a *Auditor) doom(id string, b *block) {
	if !b.isDoomed {
		b.isDoomed = true
		a.doomed = append(a.doomed, doom{id, time.Now().Add(keptFor)})
	}
}

// forget forgets the blocks whose time has come.
func (a *Auditor) forget(now time.Time) {
	for len(a.doomed) > 0 && !now.Before(a.doomed[0].when) {
		id := a.doomed[0].block
		a.doomed = a.doomed[1:]
		for _, part := range a.blocks[id].chunks {
			if a.chunks[part] == id {
				delete(a.chunks, part)
			}
		}
		delete(a.blocks, id)
	}
}

// Sent notes a message as its sender makes it, before it is sent. To is the request that a response
// answers; none for a request.
func (a *Auditor) Sent(m Message, to *Message) {
	a.mu.Lock()
	defer a.mu.Unlock()
	id := m.identity(to)
	for _, u := range m.uses(id) {
		b := a.blocks[u.block]
		if b == nil {
			continue // of a node that is not of this network
		}
		if from := b.owner(); from != m.From {
			a.violate("block %s of %s is used by %s", u.block, from, m.From)
		}
		if b.sent.overlaps(u) {
			a.violate("%s used bytes %d to %d of block %s twice in messages to %s", m.From, u.start, u.end-1, u.block, m.To)
		}
		if b.sent.add(u) >= b.size {
			a.doom(u.block, b)
		}
	}
}

// Taken notes a request that a hub has taken, with its answer, which is signed. The hub opens the
// share that comes with the request only if it does not refuse it.
func (a *Auditor) Taken(request, answer Message) {
	a.mu.Lock()
	defer a.mu.Unlock()
	id := request.identity(nil)
	uses := request.uses(id)
	if answer.Status != statusOK {
		uses = slices.DeleteFunc(uses, func(u use) bool { return u.purpose == pad })
	}
	a.accept(request, uses, answer.identity(&request))
}

// Reached notes the response that a client got for a request. If it is signed rightly the client
// takes it.
func (a *Auditor) Reached(request, response Message) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.isRight(request, response) {
		return
	}
	a.accept(response, response.uses(response.identity(&request)), identity{})
}

// accept notes what a message uses that its receiver accepts. Answer is what the receiver answers,
// if it does.
func (a *Auditor) accept(m Message, uses []use, answer identity) {
	for _, u := range uses {
		b := a.blocks[u.block]
		if b == nil {
			continue
		}
		span := fmt.Sprintf("bytes %d to %d of block %s", u.start, u.end-1, u.block)
		switch before, again := b.accepted.find(u); {
		case again && before.answer == answer: // the same answer to the same request
			continue
		case again:
			a.violate("%s accepted the same %s of %s twice", m.To, m.Method, m.From)
			return
		case b.accepted.overlaps(u):
			a.violate("%s accepted %s twice", m.To, span)
		}
		if b.Purpose != "" && b.Purpose != u.purpose {
			a.violate("%s accepted %s, which is for %ss, as a %s", m.To, span, b.Purpose, u.purpose)
		}
		if _, sent := b.sent.find(u); !sent {
			a.violate("%s accepted %s as a %s in a message that %s did not send", m.To, span, u.purpose, b.owner())
		}
		u.answer = answer
		b.accepted.add(u)
	}
}

// Violations returns what was found so far and has not been taken, sorted.
func (a *Auditor) Violations() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Sorted(slices.Values(a.violations))
}

// Take returns what [Auditor.Violations] does, and begins a new list.
func (a *Auditor) Take() []string {
	list := a.Violations()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.violations = a.violations[len(list):]
	return list
}

func (a *Auditor) violate(format string, args ...any) {
	a.violations = append(a.violations, fmt.Sprintf(format, args...))
}
