package wire

import (
	"net/http"
	"sync"
	"time"

	"dske/sim/link"
)

// Links returns the link between two parties, or nil, and always the same for the same parties. A
// line of the link, in the direction of the message, is identified by the names of its ends: parties
// with the same line share it.
type Links func(from, to string) (l *link.Link, ends [2]string)

// lines has the directions of links that are in use.
type lines struct {
	links   Links
	seed    uint64
	virtual bool

	mu    sync.Mutex
	known map[[2]string]*line // by the names of their ends
	taken map[[2]string]*line // by sender and receiver; nil: there is no link
}

// line is one direction of a link.
type line struct {
	link      *link.Link
	virtual   bool
	queue     queue // in virtual time
	mu        sync.Mutex
	direction *link.Direction // guarded by mu or, in virtual time, by the queue
}

// between returns the line from one party to another, or nil if there is no link.
func (l *lines) between(from, to string) *line {
	if l.links == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	parties := [2]string{from, to}
	line, isKnown := l.taken[parties]
	if !isKnown {
		line = l.of(l.links(from, to))
		l.taken[parties] = line
	}
	return line
}

// of returns the line of a link between its ends. The caller holds l.mu.
func (l *lines) of(found *link.Link, ends [2]string) *line {
	if found == nil {
		return nil
	}
	if l.known[ends] == nil {
		n := &line{link: found, virtual: l.virtual, direction: link.NewDirection(found, l.seed, ends[0], ends[1])}
		n.queue.serve = n.serve
		l.known[ends] = n
	}
	return l.known[ends]
}

func (l *line) serve(p *passage, came time.Time) { p.fate = l.direction.Pass(came, p.size) }

// take determines the fate of a message that enters the line now.
func (l *line) take(p *passage, now time.Time, header http.Header) {
	if takes, isSure := l.link.Sure(); isSure { // the order does not matter
		p.fate = link.Passage{Arrives: now.Add(max(takes, tick)), Attempts: 1}
		return
	}
	p.size = sizeOf(p, header)
	if l.virtual {
		b := l.queue.expect(p, now)
		time.Sleep(tick)
		l.queue.pass(b)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.serve(p, now)
}
