package exchange

import (
	"slices"
	"strings"
	"time"

	"dske/sim/wire"
)

const (
	maxTaken  = 200         // messages that are parsed per period; limits the cost of a page in a busy network
	period    = time.Second //
	maxTrails = 200         // exchanges that may be under way
)

// sampler records the exchanges of encryptors while somebody watches. It parses messages until
// there are too many in a period. Then it stops looking until the next period, and forgets
// exchanges that it has not seen completely. The caller of its methods holds the mutex of the book,
// except where stated.
type sampler struct {
	book  *Book
	untap func() // nil: it does not look
	since time.Time
	taken int

	seen   map[uint64]look // by number, until the message has ended
	trails map[string]*trail
	order  []string // keys of the trails, oldest first
}

// look is a parsed message.
type look struct {
	about       []*wire.About // one for each key
	fingerprint string        // fingerprint of the key that it hands out
	message     wire.Message  // without secrets
	isOurs      bool          // belongs to an exchange on request
}

// trail has the messages seen of a key.
type trail struct {
	events []wire.Event
	looks  []look // the parsed messages
	kept   *Kept  // nil: the key has not been handed out yet
}

// isMade reports whether shares of the key and the request for it have been seen. They may arrive
// in any order from other processes.
func (t *trail) isMade() bool {
	isShare := func(e wire.Event) bool { return e.Kind == wire.KindShare }
	return t.last("/enc_keys") >= 0 && slices.ContainsFunc(t.events, isShare)
}

// expected returns the number of messages of the complete exchange.
func (t *trail) expected() int {
	n := 0
	for _, h := range t.kept.Hubs {
		if h.Number > 0 {
			n += 2
		}
	}
	return 2 + n
}

func newSampler(b *Book) sampler {
	return sampler{book: b, seen: map[uint64]look{}, trails: map[string]*trail{}}
}

// begin starts to look. The mutex need not be held.
func (s *sampler) begin() {
	untap := s.book.network.Wire().Tap(s.tapped)
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	s.untap, s.since, s.taken = untap, time.Now(), 0
}

// stop stops looking. The mutex must not be held.
func (s *sampler) stop() {
	s.book.mu.Lock()
	untap := s.untap
	s.untap = nil
	s.forget()
	s.book.mu.Unlock()
	if untap != nil {
		untap()
	}
}

func (s *sampler) forget() {
	clear(s.seen)
	clear(s.trails)
	s.order = nil
}

// tapped parses a message. The mutex must not be held.
func (s *sampler) tapped(m wire.Message) {
	l := look{describe(m), m.Fingerprint(), m.WithoutSecrets(), m.Header.Get(wire.ExchangeHeader) != ""}
	s.book.mu.Lock()
	s.seen[m.Number] = l
	s.taken++
	if time.Since(s.since) >= period {
		s.since, s.taken = time.Now(), 1
	}
	tooMany := s.taken > maxTaken
	s.book.mu.Unlock()
	if tooMany {
		s.stop()
	}
}

// observed adds what is known of its message to an event. It returns the exchanges of which more is
// known now.
func (s *sampler) observed(e wire.Event) (wire.Event, []Kept) {
	l, isSeen := s.seen[e.Number]
	if !isSeen {
		return e, s.book.missed(e)
	}
	delete(s.seen, e.Number)
	if len(l.about) == 1 {
		e.About = merge(e.About, l.about[0])
		if e.KeyID == "" || strings.HasPrefix(e.Path, "/skip/") {
			return e, nil
		}
		return s.follow(e, l)
	}
	var changed []Kept
	for _, seen := range l.about {
		_, more := s.follow(about(e, seen), l)
		changed = append(changed, more...)
	}
	return e, changed
}

// again looks again in the next period, unless nobody watches any more. The mutex must not be held.
func (s *sampler) again() {
	s.book.changing.Lock()
	defer s.book.changing.Unlock()
	s.book.mu.Lock()
	isLooking := s.untap != nil
	s.book.mu.Unlock()
	if s.book.stop != nil && !isLooking {
		s.begin()
	}
}

// merge adds seen to known.
func merge(known, seen *wire.About) *wire.About {
	if known == nil {
		return seen
	}
	all := *known
	all.KeyID = seen.KeyID
	if all.Reason == nil {
		all.Reason = seen.Reason
	}
	return &all
}

// follow adds a message to the trail of its key.
func (s *sampler) follow(e wire.Event, l look) (wire.Event, []Kept) {
	t := s.trails[e.KeyID]
	switch {
	case l.isOurs:
		delete(s.trails, e.KeyID)
		return e, nil
	case t == nil && e.Kind != wire.KindShare && !s.book.network.IsPart():
		return e, nil
	case t == nil:
		t = &trail{}
		s.add(e.KeyID, t)
	}
	e.Again = slices.ContainsFunc(t.events, func(before wire.Event) bool {
		return before.To == e.To && before.From == e.From && before.Kind == e.Kind
	})
	t.events, t.looks = append(t.events, e), append(t.looks, l)
	if t.kept == nil && !t.isMade() || t.kept != nil && e.Kind != wire.KindEncryptor && len(t.events) < t.expected() {
		return e, nil
	}
	return e, s.book.keepTrail(t)
}

func (s *sampler) add(key string, t *trail) {
	if len(s.order) >= maxTrails {
		delete(s.trails, s.order[0])
		s.order = s.order[1:]
	}
	s.trails[key], s.order = t, append(s.order, key)
}
