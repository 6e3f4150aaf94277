package hub

import (
	"hash/maphash"
	"slices"
	"sync"
	"time"

	"dske/protocol"
)

// What a hub remembers of its answers to one client.
const (
	rememberedFor   = time.Minute
	rememberedCount = 256

	// forgottenAfter is how much later an answer is removed: then those of the same burst are over,
	// too, and the hub needs not look for them again.
	forgottenAfter = 5 * time.Second

	// rememberedSize is in bytes: enough for two full batches ([protocol.MaxBatchSize], and a third
	// more in base64) with the rest of their messages, or for the largest share that a hub takes.
	rememberedSize = max(maxBody, 2*(protocol.MaxBatchSize*4/3+64<<10))
)

// answers is what was answered a short while ago, for requests that come again: the answer may have
// been lost, and with it a share. It is bounded, so it may have forgotten.
type answers struct {
	mu     sync.Mutex
	to     []requestID  // of the answers; they are few, and all in one place
	recent []remembered // oldest first
	size   int          // bytes of all bodies

	firstTo [1]requestID // room for both: most of a million clients have one answer
	first   [1]remembered
}

type remembered struct {
	answer
	expires time.Time
}

// requestID stands for all the bytes of a request. It decides only whether bytes that were sent
// before are sent again, and nobody outside knows the seed of the hash. A request that is taken for
// another one gets an answer to that, which its sender does not believe.
type requestID uint64

func idOf(seed maphash.Seed, signature []string, r protocol.Request) requestID {
	type link struct { // joins a part to those before it, so that no two requests are the same text
		before uint64
		part   string
	}
	sum := maphash.Bytes(seed, r.Body)
	for _, part := range [...]string{r.Method, r.Path, r.Query} {
		sum = maphash.Comparable(seed, link{sum, part})
	}
	for _, value := range signature {
		sum = maphash.Comparable(seed, link{sum, value})
	}
	return requestID(sum)
}

// find returns a copy of the answer to the same request.
func (s *answers) find(id requestID) (answer, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(s.to, id)
	if i < 0 || !time.Now().Before(s.recent[i].expires) {
		return answer{}, false
	}
	found := s.recent[i].answer
	found.body = slices.Clone(found.body)
	return found, true
}

// remember keeps a copy of an answer, and forgets the oldest ones for it.
func (s *answers) remember(id requestID, a answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(a.body) > rememberedSize {
		return
	}
	for len(s.recent) >= rememberedCount || s.size+len(a.body) > rememberedSize {
		s.forgetOldest()
	}
	a.body = slices.Clone(a.body)
	if s.recent == nil {
		s.to, s.recent = s.firstTo[:0], s.first[:0]
	}
	s.to, s.recent = append(s.to, id), append(s.recent, remembered{a, time.Now().Add(rememberedFor)})
	s.size += len(a.body)
	if len(s.recent) > len(s.first) { // they have outgrown it
		s.first[0] = remembered{}
	}
}

func (s *answers) forgetOldest() {
	body := s.recent[0].body
	s.size -= len(body)
	clear(body)
	s.recent[0] = remembered{}
	s.to, s.recent = s.to[1:], s.recent[1:]
	if len(s.recent) == 0 {
		s.to, s.recent = nil, nil // no memory, either
	}
}

// forgetOld forgets the answers whose time is over.
func (s *answers) forgetOld() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.recent) > 0 && !time.Now().Before(s.recent[0].expires) {
		s.forgetOldest()
	}
}

// oldest returns when the oldest answer is to be forgotten; the zero time if there is none.
func (s *answers) oldest() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.recent) == 0 {
		return time.Time{}
	}
	return s.recent[0].expires.Add(forgottenAfter)
}

// forgetAll forgets all answers.
func (s *answers) forgetAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.recent) > 0 {
		s.forgetOldest()
	}
}
