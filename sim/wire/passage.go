package wire

import (
	"bytes"
	"cmp"
	"strings"
	"sync"
	"time"

	"dske/sim/link"
)

// passage is a message, or the answer to one, on its way from one node to another.
type passage struct {
	from, to            string
	method, path, query string // of the request
	body                []byte
	repeated            bool

	size  int          // on a line, in bytes
	fate  link.Passage // on the last line
	at    time.Time    // when the last door lets it in
	timer *time.Timer  // stopped; to wait with on a line
}

// timers has the timers of messages that are over, for those to come.
type timers struct {
	mu   sync.Mutex
	idle []*time.Timer
}

func (t *timers) take() *time.Timer {
	t.mu.Lock()
	defer t.mu.Unlock()
	last := len(t.idle) - 1
	if last < 0 {
		timer := time.NewTimer(time.Hour)
		timer.Stop()
		return timer
	}
	timer := t.idle[last]
	t.idle = t.idle[:last]
	return timer
}

// put takes back a timer that is stopped.
func (t *timers) put(timer *time.Timer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.idle = append(t.idle, timer)
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
