package fault

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"sync"
)

// MaxFaults is how many faults can be at work at once. Every message is compared with all of them.
const MaxFaults = 256

// ErrTooMany is the error for a fault too many.
var ErrTooMany = fmt.Errorf("there are %d faults already, which is as many as can be: clear them first", MaxFaults)

// Set is the faults that are at work. Its zero value has none.
type Set struct {
	Seed uint64 // of the lots; to be set before the set is used

	mu     sync.Mutex
	added  int // ever
	faults []*fault
}

// Add puts a fault behind those that are there. It fails if there is no such fault, and with
// [ErrTooMany] if there are [MaxFaults].
func (s *Set) Add(spec Spec) error { return s.AddAs("", spec) }

// AddAs is [Set.Add] with an ID for the fault; empty: it is numbered. A fault that is there under
// the ID stays as it is.
func (s *Set) AddAs(id string, spec Spec) error {
	b, err := spec.build()
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case slices.ContainsFunc(s.faults, func(f *fault) bool { return f.id == id }):
		return nil
	case len(s.faults) == MaxFaults:
		return ErrTooMany
	}
	s.added++
	f := &fault{id: cmp.Or(id, strconv.Itoa(s.added)), spec: spec, built: b, seed: s.Seed, ended: make(chan struct{}), seen: map[[sha256.Size]byte]int{}}
	s.faults = append(s.faults[:len(s.faults):len(s.faults)], f) // Intercept may be reading the old slice
	return nil
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

// Remove ends one fault, as [Set.Clear] does it with all. It reports whether there was one of this
// ID.
func (s *Set) Remove(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.faults, func(f *fault) bool { return f.id == id })
	if i < 0 {
		return false
	}
	close(s.faults[i].ended)
	s.faults = slices.Delete(slices.Clone(s.faults), i, i+1) // Intercept may be reading the old slice
	return true
}

// Statuses returns the faults in the order in which they were added.
func (s *Set) Statuses() []Status {
	statuses := []Status{}
	for _, f := range s.current() {
		statuses = append(statuses, f.status())
	}
	return statuses
}

// Any reports whether there are faults.
func (s *Set) Any() bool { return len(s.current()) > 0 }

// StrikesHandshake reports whether a fault strikes a handshake of TLS of an encryptor, nobody knows
// yet which, with a node: then the node is to show a certificate that has expired.
func (s *Set) StrikesHandshake(to string) bool {
	r := &Request{From: "sae/", To: to, isHandshake: true}
	return slices.ContainsFunc(s.current(), func(f *fault) bool { return f.built.ofHandshakes && f.concerns(r) && f.fires(r) })
}

func (s *Set) current() []*fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults
}

// Intercept carries a request past the faults that it concerns, the one that was added first coming
// first.
func (s *Set) Intercept(ctx context.Context, r *Request, next Deliver) (Response, error) {
	for _, f := range slices.Backward(s.current()) {
		if f.concerns(r) {
			next = Intercept(f.intercept).Around(next)
		}
	}
	return next(ctx, r)
}
