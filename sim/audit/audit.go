// Package audit checks from outside that a network uses no byte of pre-shared random data twice.
//
// An [Auditor] is shown the in-band messages that nodes send, with the places of their signing keys and
// pads. It shares no code with what it checks. Two things are violations: that one byte serves two
// different messages, or two purposes in one, and that a hub accepts the same message twice. The same
// bytes sent once more are no second use, since they are the same message.
package audit

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Message is an in-band message as its sender made it.
type Message struct {
	From      string // such as client/carol
	To        string // such as hub/hank
	Method    string // none: a response
	Query     string
	Signature string // the value of the header DSKE-Signature
	Body      []byte
}

// identity is equal for the same message only.
type identity [sha256.Size]byte

// identity does not depend on who sends the message, which a stranger may repeat.
func (m Message) identity(answerTo identity) identity {
	return sha256.Sum256(fmt.Appendf(nil, "%x %q %q %q %q %q", answerTo, m.To, m.Method, m.Query, m.Signature, m.Body))
}

// Auditor remembers every byte that was used. It may be used by several goroutines.
type Auditor struct {
	mu         sync.Mutex
	sent       map[identity]bool
	accepted   map[identity]identity // requests, with the first answer to each
	blocks     map[string]*block
	violations []string
}

// block is what has been used of a block, and by whom.
type block struct {
	from, to string
	uses     []use
}

// use is a run of bytes that one message used.
type use struct{ start, end int }

// New returns an auditor that has seen nothing.
func New() *Auditor {
	return &Auditor{sent: map[identity]bool{}, accepted: map[identity]identity{}, blocks: map[string]*block{}}
}

// Request notes a request.
func (a *Auditor) Request(m Message) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.use(m, m.identity(identity{}))
}

// Response notes the response to a request that was accepted. A hub may give the very same response again.
func (a *Auditor) Response(request, response Message) {
	a.mu.Lock()
	defer a.mu.Unlock()
	id := request.identity(identity{})
	answer := response.identity(id)
	if first, again := a.accepted[id]; again && first != answer {
		a.violate("%s accepted the same %s of %s twice", request.To, request.Method, request.From)
	}
	a.accepted[id] = answer
	a.use(response, answer)
}

// Violations returns what was found so far, sorted.
func (a *Auditor) Violations() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Sorted(slices.Values(a.violations))
}

func (a *Auditor) violate(format string, args ...any) {
	a.violations = append(a.violations, fmt.Sprintf(format, args...))
}

// use notes the bytes that a message uses, unless it was sent before.
func (a *Auditor) use(m Message, id identity) {
	if a.sent[id] {
		return
	}
	a.sent[id] = true
	for _, f := range append(signingKey(m.Signature), pad(m.Body)...) {
		b := a.blocks[f.Block]
		if b == nil {
			b = &block{from: m.From, to: m.To}
			a.blocks[f.Block] = b
		}
		if b.from != m.From || b.to != m.To {
			a.violate("block %s of %s for %s is used by %s for %s", f.Block, b.from, b.to, m.From, m.To)
		}
		if b.overlaps(f) {
			a.violate("%s used bytes %d to %d of block %s twice in messages to %s", m.From, f.Start, f.Start+f.Size-1, f.Block, m.To)
		}
		b.uses = append(b.uses, use{f.Start, f.Start + f.Size})
	}
}

func (b *block) overlaps(f fragment) bool {
	return slices.ContainsFunc(b.uses, func(u use) bool { return f.Start < u.end && u.start < f.Start+f.Size })
}

// fragment is the name of a run of bytes.
type fragment struct {
	Block string `json:"block_uuid"`
	Start int    `json:"start"`
	Size  int    `json:"size"`
}

// signingKey returns the places that a signature names: BLOCK:START:SIZE[,…]%TAG. What cannot be read
// uses nothing, since nobody accepts it.
func signingKey(signature string) []fragment {
	names, _, _ := strings.Cut(signature, "%")
	var fragments []fragment
	for name := range strings.SplitSeq(names, ",") {
		parts := strings.Split(name, ":")
		if len(parts) != 3 {
			return nil
		}
		start, errStart := strconv.Atoi(parts[1])
		size, errSize := strconv.Atoi(parts[2])
		if errStart != nil || errSize != nil {
			return nil
		}
		fragments = append(fragments, fragment{parts[0], start, size})
	}
	return fragments
}

// pad returns the places of the pad of the share that a body carries, if it carries one.
func pad(body []byte) []fragment {
	var m struct {
		Pad struct {
			Fragments []fragment `json:"fragments"`
		} `json:"encryption_key_allocation"`
	}
	if json.Unmarshal(body, &m) != nil {
		return nil
	}
	return m.Pad.Fragments
}
