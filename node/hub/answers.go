package hub

import (
	"crypto/sha256"
	"slices"
	"strconv"
	"sync"
	"time"

	"dske/protocol"
)

// What a hub remembers of its answers to one client.
const (
	rememberedFor   = time.Minute
	rememberedCount = 256

	// rememberedSize is in bytes: enough for two full batches ([protocol.MaxBatchSize], and a third
	// more in base64) with the rest of their messages, or for the largest share that a hub takes.
	rememberedSize = max(maxBody, 2*(protocol.MaxBatchSize*4/3+64<<10))
)

// answers is what was answered a short while ago, for requests that come again: the answer may have
// been lost, and with it a share. It is bounded, so it may have forgotten.
type answers struct {
	mu     sync.Mutex
	recent map[requestID]*remembered
	order  []*remembered // oldest first
	size   int           // bytes of all bodies
}

type remembered struct {
	answer
	request requestID
	expires time.Time
}

// requestID stands for all the bytes of a request. It decides no more than whether bytes that were
// sent before are sent again, so nothing rests on the hash.
type requestID [sha256.Size]byte

func idOf(signature []string, r protocol.Request) requestID {
	var room [2 << 10]byte
	all := room[:0]
	add := func(part string) {
		all = append(strconv.AppendInt(all, int64(len(part)), 10), ':') // so that no two requests are the same bytes
		all = append(all, part...)
	}
	for _, part := range [...]string{r.Method, r.Path, r.Query} {
		add(part)
	}
	for _, value := range signature {
		add(value)
	}
	all = append(strconv.AppendInt(all, int64(len(r.Body)), 10), ':')
	if len(r.Body) > cap(all)-len(all) {
		body := sha256.Sum256(r.Body) // rather than a copy of all of it
		return sha256.Sum256(append(all, body[:]...))
	}
	return sha256.Sum256(append(all, r.Body...))
}

// find returns a copy of the answer to the same request.
func (s *answers) find(id requestID) (answer, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.recent[id]
	if m == nil || !time.Now().Before(m.expires) {
		return answer{}, false
	}
	return answer{m.status, m.signature, slices.Clone(m.body)}, true
}

// remember keeps a copy of an answer, and forgets the oldest ones for it.
func (s *answers) remember(id requestID, a answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(a.body) > rememberedSize {
		return
	}
	for len(s.order) >= rememberedCount || s.size+len(a.body) > rememberedSize {
		s.forgetOldest()
	}
	if s.recent == nil {
		s.recent = map[requestID]*remembered{}
	}
	a.body = slices.Clone(a.body)
	m := &remembered{a, id, time.Now().Add(rememberedFor)}
	s.recent[id] = m
	s.order = append(s.order, m)
	s.size += len(a.body)
}

func (s *answers) forgetOldest() {
	m := s.order[0]
	delete(s.recent, m.request)
	s.order[0] = nil
	s.order = s.order[1:]
	s.size -= len(m.body)
	clear(m.body)
}

// forgetOld forgets the answers whose time is over.
func (s *answers) forgetOld() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.order) > 0 && !time.Now().Before(s.order[0].expires) {
		s.forgetOldest()
	}
}

// oldest returns when the oldest answer is to be forgotten; the zero time if there is none.
func (s *answers) oldest() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.order) == 0 {
		return time.Time{}
	}
	return s.order[0].expires
}

// forgetAll forgets all answers.
func (s *answers) forgetAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.order) > 0 {
		s.forgetOldest()
	}
}
