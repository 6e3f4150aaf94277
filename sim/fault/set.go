package fault

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// MaxFaults is the maximum number of faults in a set. A message passes all that match its sender and
// receiver.
const MaxFaults = 256

// ErrTooMany is the error for more than [MaxFaults] faults.
var ErrTooMany = fmt.Errorf("there are %d faults already, which is the maximum: clear some first", MaxFaults)

// Set is a set of active faults. Its zero value is empty.
type Set struct {
	Seed uint64 // seed of all random choices; must be set before the set is used

	mu      sync.Mutex
	added   int // number of faults ever added
	faults  []*fault
	removed []string // the last maxRemoved IDs that were removed

	// The faults that may strike a message by its sender and receiver, for up to maxPairs pairs of
	// them. It is empty after each change of the faults.
	between map[pair][]*fault
}

// pair is the sender and the receiver of a message.
type pair struct{ from, to string }

// maxPairs limits the memory for recent pairs; callers choose some of the names.
const maxPairs = 4096

// maxRemoved is far more than are removed while a process of a network starts, which is when it
// matters that a fault was removed.
const maxRemoved = 4 * MaxFaults

// maxID is more than the length of any ID, in bytes. Callers choose what they remove.
const maxID = 32

// Add adds a fault after the others. It fails if the spec is invalid, and with [ErrTooMany] if
// there are [MaxFaults].
func (s *Set) Add(spec Spec) error { return s.AddAs("", spec) }

// AddAs is [Set.Add] with an ID for the fault; if it is empty, a number is assigned. It does
// nothing if there is a fault with the ID, or if the ID was removed.
func (s *Set) AddAs(id string, spec Spec) error {
	b, err := spec.build()
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case slices.ContainsFunc(s.faults, func(f *fault) bool { return f.id == id }), slices.Contains(s.removed, id):
		return nil
	case len(s.faults) == MaxFaults:
		return ErrTooMany
	}
	s.added++
	f := &fault{id: cmp.Or(id, strconv.Itoa(s.added)), spec: spec, text: spec.String(), built: b, seed: s.Seed, ended: make(chan struct{}), seen: map[[sha256.Size]byte]int{}}
	s.change(append(s.faults, f))
	return nil
}

// Clear removes all faults. Hanging messages are lost; delayed ones continue.
func (s *Set) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		close(f.ended)
		s.noteRemoved(f.id)
	}
	s.change(nil)
}

// change sets the faults. The caller holds s.mu.
func (s *Set) change(faults []*fault) {
	s.faults = slices.Clip(faults) // Statuses may be reading the old slice
	s.between = map[pair][]*fault{}
}

// Remove removes one fault as [Set.Clear] does. It reports whether there was a fault with this ID.
// If not, it may still come, from somebody who does not know yet that it was removed.
func (s *Set) Remove(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noteRemoved(id)
	i := slices.IndexFunc(s.faults, func(f *fault) bool { return f.id == id })
	if i < 0 {
		return false
	}
	close(s.faults[i].ended)
	s.change(slices.Delete(slices.Clone(s.faults), i, i+1))
	return true
}

// noteRemoved notes that an ID was removed, if it can be one. The caller holds s.mu.
func (s *Set) noteRemoved(id string) {
	if id != "" && len(id) <= maxID {
		s.removed = append(s.removed[max(0, len(s.removed)-maxRemoved+1):], strings.Clone(id))
	}
}

// Removed returns the IDs that were removed, as far as they are still known.
func (s *Set) Removed() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.removed)
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

// StrikesHandshake reports whether a fault strikes a TLS handshake of a yet unknown encryptor with
// a node. Then the node must show an expired certificate.
func (s *Set) StrikesHandshake(to string) bool {
	r := &Request{From: "sae/", To: to, isHandshake: true}
	return slices.ContainsFunc(s.betweenNodesOf(r), func(f *fault) bool { return f.built.ofHandshakes && f.concerns(r) && f.fires(r) })
}

func (s *Set) current() []*fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults
}

// Intercept carries a request through the faults that it concerns, in the order in which they were
// added.
func (s *Set) Intercept(ctx context.Context, r *Request, next Deliver) (Response, error) {
	for _, f := range slices.Backward(s.betweenNodesOf(r)) {
		if f.concerns(r) {
			next = Intercept(f.intercept).Around(next)
		}
	}
	return next(ctx, r)
}

// betweenNodesOf returns the faults that match the sender and the receiver of a message.
func (s *Set) betweenNodesOf(r *Request) []*fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.faults) == 0 {
		return nil
	}
	p := pair{r.From, r.To}
	faults, known := s.between[p]
	if known {
		return faults
	}
	for _, f := range s.faults {
		if f.spec.isBetween(p) {
			faults = append(faults, f)
		}
	}
	if len(s.between) == maxPairs {
		clear(s.between)
	}
	s.between[p] = faults
	return faults
}
