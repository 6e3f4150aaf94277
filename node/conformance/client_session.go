package conformance

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"dske/protocol"
)

// n returns the number of hubs.
func (s *clientSession) n() int { return len(s.Hubs.hubs) }

// name returns the name of the client.
func (s *clientSession) name() string { return s.URL[strings.LastIndex(s.URL, "/")+1:] }

// until waits for a condition that depends on messages to the hubs, and reports whether it holds.
func (s *clientSession) until(isSo func() bool, patience time.Duration) bool {
	end := time.NewTimer(patience)
	defer end.Stop()
	for {
		next := s.Hubs.next()
		if isSo() {
			return true
		}
		select {
		case <-s.ctx.Done():
			return false
		case <-end.C:
			return isSo()
		case <-next:
		}
	}
}

// untilAll waits until a condition holds for all hubs.
func (s *clientSession) untilAll(isSo func(*playedHub) bool, patience time.Duration) bool {
	return s.until(func() bool {
		return !slices.ContainsFunc(s.Hubs.hubs, func(h *playedHub) bool {
			h.mu.Lock()
			defer h.mu.Unlock()
			return !isSo(h)
		})
	}, patience)
}

// quiet waits while messages that must not come might come.
func (s *clientSession) quiet(d time.Duration) {
	s.until(func() bool { return false }, d)
}

// misbehave makes the first hubs deviate as f says.
func (s *clientSession) misbehave(hubs int, f func(h *playedHub, a *arrival) (answer, bool)) {
	for _, h := range s.Hubs.hubs[:hubs] {
		h.mu.Lock()
		h.deviate = f
		h.mu.Unlock()
	}
}

// behave makes all hubs answer correctly.
func (s *clientSession) behave() { s.misbehave(s.n(), nil) }

// ever returns all arrivals at a hub.
func (s *clientSession) ever(hub int) []*arrival {
	h := s.Hubs.hubs[hub]
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.arrivals)
}

// came returns the arrivals at a hub during the check.
func (s *clientSession) came(hub int) []*arrival { return s.ever(hub)[s.since[hub]:] }

// count counts the arrivals at a hub during the check for which is returns true.
func (s *clientSession) count(hub int, is func(*arrival) bool) (n int) {
	for _, a := range s.came(hub) {
		if is(a) {
			n++
		}
	}
	return n
}

func isInBand(a *arrival) bool { return strings.HasPrefix(a.path, "/dske/api/") }

func isOutOfBand(a *arrival) bool { return strings.HasPrefix(a.path, "/dske/oob/") }

func isRegistering(a *arrival) bool { return a.asks(http.MethodPut, protocol.PathRegistration) }

func isFetching(a *arrival) bool { return a.asks(http.MethodGet, protocol.PathPSRD) }

func isQuestion(a *arrival) bool { return a.asks(http.MethodGet, protocol.PathRegistration) }

func isPost(a *arrival) bool { return a.method == http.MethodPost && isInBand(a) }

// allCame returns the arrivals at all hubs during the check.
func (s *clientSession) allCame() (all []*arrival) {
	for i := range s.Hubs.hubs {
		all = append(all, s.came(i)...)
	}
	return all
}
