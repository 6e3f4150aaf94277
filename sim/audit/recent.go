package audit

import "bytes"

// reading is a message and what the auditor has found in it.
type reading struct {
	message  Message
	answered string // the signature of the request that it answers; none for a request
	id       identity
	claims   []claim
}

// read reads a message. To is the request that a response answers, or nil for a request. The caller
// holds a.mu.
func (a *Auditor) read(m *Message, to *Message) reading {
	r := reading{message: *m, answered: signatureOf(to), id: a.identity(m, to)}
	r.claims = a.claims(m, r.id)
	return r
}

// recent is the last messages that were sent. The receiver usually gets the same bytes, in the same
// memory, so the message need not be read again there.
type recent struct {
	sent [16]reading
	next int
}

func (s *recent) add(r reading) {
	s.sent[s.next] = r
	s.next = (s.next + 1) % len(s.sent)
}

// find returns the reading of a message when it was sent, or nil if that is too long ago.
func (s *recent) find(m *Message, to *Message) *reading {
	for i := range s.sent {
		r := &s.sent[(s.next-1-i+2*len(s.sent))%len(s.sent)]
		if r.message.Signature == m.Signature && r.isOf(m, to) {
			return r
		}
	}
	return nil
}

// isOf reports whether the reading is of a message; see [Auditor.identity].
func (r *reading) isOf(m *Message, to *Message) bool {
	n := &r.message
	return n.node() == m.node() && n.Method == m.Method && n.Path == m.Path && n.Query == m.Query && n.Signature == m.Signature &&
		r.answered == signatureOf(to) && n.Status == m.Status && bytes.Equal(n.Body, m.Body)
}

// received returns the reading of a message that its receiver got. It must not be changed. The
// caller holds a.mu.
func (a *Auditor) received(m *Message, to *Message) *reading {
	if r := a.recent.find(m, to); r != nil {
		return r
	}
	r := a.read(m, to)
	return &r
}
