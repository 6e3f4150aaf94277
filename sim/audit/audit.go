// Package audit checks from outside that a network uses no byte of pre-shared random data twice,
// and accepts nothing that was not sent.
//
// An [Auditor] is shown three things: the blocks that hubs give to clients, the in-band messages as
// their senders make them, and the in-band messages as they arrive at their receivers, whoever sent
// them. It shares no code with what it checks: it parses messages itself, and computes tags itself
// to determine which answers a client accepts although the hub has not sent them. By signing an
// answer, a hub says that it has accepted the request.
//
// Violations are: one byte serves two different messages, or two purposes in one; a receiver
// accepts what the owner of the bytes did not send, or accepts as a signing key what has another
// purpose; a hub accepts the same message twice; two blocks have the same bytes. Sending the same
// message again is not a second use.
//
// It keeps each block, and all its uses, for ten minutes after the block is used up or the
// association has ended.
package audit

import (
	"fmt"
	"hash/maphash"
	"slices"
	"sync"
	"time"
)

// keptFor is how long a block is remembered after it is of no more use.
const keptFor = 10 * time.Minute

// Auditor remembers every used byte of the blocks that are in use. It may be used from several
// goroutines.
type Auditor struct {
	suite string
	seed  maphash.Seed

	mu         sync.Mutex
	recent     recent
	blocks     map[string]*block
	held       map[association][]string // blocks of associations that have not ended
	chunks     map[chunk]string         // parts of blocks, with the ID of their block
	doomed     []doom
	violations []string
}

// association has the names of a client and a hub.
type association struct{ client, hub string }

// doom says when a block is forgotten.
type doom struct {
	block string
	when  time.Time
}

// New returns an auditor that has seen nothing, for a network with the given suite.
func New(suite string) *Auditor {
	return &Auditor{suite: suite, seed: maphash.MakeSeed(), blocks: map[string]*block{}, held: map[association][]string{}, chunks: map[chunk]string{}}
}

// Block records a block that a hub gives to a client. It copies what it needs of the data.
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
	between := association{b.Client, b.Hub}
	a.held[between] = append(a.held[between], b.UUID)
	for _, part := range known.chunks {
		if other, used := a.chunks[part]; used {
			a.violate("block %s of %s and %s has bytes of block %s", b.UUID, b.Client, b.Hub, other)
			return
		}
		a.chunks[part] = b.UUID
	}
}

// End records that the association of a client with a hub has ended, and with it the use of all its
// blocks.
func (a *Auditor) End(client, hub string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	between := association{client, hub}
	for _, id := range a.held[between] {
		a.doom(a.blocks[id])
	}
	delete(a.held, between)
}

// doom schedules a block to be forgotten.
func (a *Auditor) doom(b *block) {
	if !b.isDoomed {
		b.isDoomed = true
		a.doomed = append(a.doomed, doom{b.UUID, time.Now().Add(keptFor)})
	}
}

// forget forgets the blocks that are due.
func (a *Auditor) forget(now time.Time) {
	for len(a.doomed) > 0 && !now.Before(a.doomed[0].when) {
		id := a.doomed[0].block
		a.doomed = a.doomed[1:]
		b := a.blocks[id]
		between := association{b.Client, b.Hub}
		if held := a.held[between]; len(held) > 0 { // it was used up, but the association continues
			a.held[between] = slices.DeleteFunc(held, func(other string) bool { return other == id })
		}
		for _, part := range b.chunks {
			if a.chunks[part] == id {
				delete(a.chunks, part)
			}
		}
		delete(a.blocks, id)
	}
}

// Sent records a request as its sender makes it, before it is sent.
func (a *Auditor) Sent(request Message) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.send(a.read(&request, nil))
}

// send records a message as its sender makes it.
func (a *Auditor) send(r reading) {
	a.recent.add(r)
	m := &r.message
	for _, c := range r.claims {
		b := c.block
		if from := b.owner(); from != m.From {
			a.violate("block %s of %s is used by %s", b.UUID, from, m.From)
		}
		if b.sent.add(c.use) {
			a.violate("%s used bytes %d to %d of block %s twice in messages to %s", m.From, c.start, c.end-1, b.UUID, m.To)
		}
		if b.sent.size >= b.size {
			a.doom(b)
		}
	}
}

// Answered records a request that a hub has accepted, and its signed answer before it is sent. The
// hub opens a share in the request only if it does not refuse the request.
func (a *Auditor) Answered(request, answer Message) {
	a.mu.Lock()
	defer a.mu.Unlock()
	answered := a.read(&answer, &request)
	claims := a.received(&request, nil).claims
	if answer.Status != statusOK {
		claims = slices.DeleteFunc(slices.Clone(claims), func(c claim) bool { return c.isPad })
	}
	a.accept(&request, claims, answered.id)
	a.send(answered)
}

// Reached records the response that a client got for a request. The client accepts it if the hub
// has sent it, or at least if its signature is right.
func (a *Auditor) Reached(request, response Message) {
	a.mu.Lock()
	defer a.mu.Unlock()
	claims := a.received(&response, &request).claims
	if a.wasSent(claims) || a.isRight(request, response) {
		a.accept(&response, claims, 0)
	}
}

// wasSent reports whether the owner of the bytes in claims has sent exactly this message.
func (a *Auditor) wasSent(claims []claim) bool {
	for _, c := range claims {
		if _, sent := c.block.sent.find(c.use); !sent {
			return false
		}
	}
	return len(claims) > 0
}

// accept records what a message uses that its receiver accepts. Answer is the receiver's answer, if
// any.
func (a *Auditor) accept(m *Message, claims []claim, answer identity) {
	for _, c := range claims {
		before, again := c.block.accepted.find(c.use)
		if again && before.answer == answer { // the same answer to the same request
			continue
		}
		if again {
			a.violate("%s accepted the same %s of %s twice", m.To, m.Method, m.From)
			return
		}
		c.answer = answer
		a.judge(m, c)
	}
}

// judge records a use that is accepted for the first time, and looks for violations in it.
func (a *Auditor) judge(m *Message, c claim) {
	b := c.block
	span := func() string { return fmt.Sprintf("bytes %d to %d of block %s", c.start, c.end-1, b.UUID) }
	if b.accepted.add(c.use) {
		a.violate("%s accepted %s twice", m.To, span())
	}
	if b.Purpose != "" && b.Purpose != c.purpose() {
		a.violate("%s accepted %s, which is for %ss, as a %s", m.To, span(), b.Purpose, c.purpose())
	}
	if _, sent := b.sent.find(c.use); !sent {
		a.violate("%s accepted %s as a %s in a message that %s did not send", m.To, span(), c.purpose(), b.owner())
	}
}

// Violations returns the violations found since the last [Auditor.Take], sorted.
func (a *Auditor) Violations() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Sorted(slices.Values(a.violations))
}

// Take returns [Auditor.Violations], and clears the list.
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
