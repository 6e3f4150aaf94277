package fault

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sync"
)

// Fault is one fault of a set.
type Fault struct {
	spec   Spec
	effect effect
	seed   uint64
	ended  chan struct{} // closed when the fault is cleared

	mu      sync.Mutex
	matched int            // messages
	fired   int            // times
	seen    map[string]int // how often the same message came, of the last up to maxSeen, to draw lots for
	before  int            // messages that are no longer in seen
	held    chan struct{}  // of reorder: closed when the message that waits may go on
}

// effect is what a fault does to a message.
type effect func(ctx context.Context, f *Fault, r *Request, next Exchange) (Reply, error)

// around returns an exchange with the fault in front of it.
func (f *Fault) around(next Exchange) Exchange {
	return func(ctx context.Context, r *Request) (Reply, error) {
		if !f.fires(r) {
			return next(ctx, r)
		}
		r.Faults = append(r.Faults, f.spec.Kind)
		return f.effect(ctx, f, r, next)
	}
}

// fires decides whether the fault strikes a message.
func (f *Fault) fires(r *Request) bool {
	if !f.spec.matches(r) {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.matched++
	if f.matched <= f.spec.After || f.spec.Count > 0 && f.fired >= f.spec.Count || !f.draw(r) {
		return false
	}
	f.fired++
	return true
}

// maxSeen bounds the memory of a fault that draws lots: most messages come only once.
const maxSeen = 10_000

// draw draws a lot for a message. The caller holds f.mu.
func (f *Fault) draw(r *Request) bool {
	if f.spec.Prob == 1 {
		return true
	}
	if len(f.seen) == maxSeen {
		clear(f.seen)
		f.before += maxSeen
	}
	label := fmt.Sprint(f.seed, f.spec, r.From, r.To, r.Method, r.Path, r.Query)
	f.seen[label]++
	sum := sha256.Sum256(fmt.Append(nil, label, f.before+f.seen[label]))
	return float64(binary.BigEndian.Uint64(sum[:])>>11)/(1<<53) < f.spec.Prob
}

// Status says what a fault is and how often it fired.
type Status struct {
	Spec  string `json:"spec"`
	Fired int    `json:"fired"`
}

func (s Status) String() string { return fmt.Sprintf("%s: fired %d times", s.Spec, s.Fired) }

func (f *Fault) status() Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	return Status{f.spec.String(), f.fired}
}

// Set is the faults that are at work on a wire. Its zero value has none.
type Set struct {
	Seed uint64 // of the lots; to be set before the set is used

	mu     sync.Mutex
	faults []*Fault
}

// Add puts a fault behind those that are there.
func (s *Set) Add(spec Spec) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := &Fault{spec: spec, effect: kindOf(spec.Kind).effect, seed: s.Seed, ended: make(chan struct{}), seen: map[string]int{}}
	s.faults = append(s.faults[:len(s.faults):len(s.faults)], f) // Exchange may be reading the old slice
}

// Clear ends all faults. Messages that hang are lost, those that wait go on.
func (s *Set) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		close(f.ended)
	}
	s.faults = nil
}

// Statuses returns the faults in the order in which they were added.
func (s *Set) Statuses() []Status {
	statuses := []Status{}
	for _, f := range s.current() {
		statuses = append(statuses, f.status())
	}
	return statuses
}

func (s *Set) current() []*Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults
}

// Exchange carries a request past the faults, the one that was added first coming first.
func (s *Set) Exchange(ctx context.Context, r *Request, deliver Exchange) (Reply, error) {
	faults := s.current()
	for i := range faults {
		deliver = faults[len(faults)-1-i].around(deliver)
	}
	return deliver(ctx, r)
}
