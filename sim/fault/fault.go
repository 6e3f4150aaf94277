package fault

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sync"
)

// fault is one fault of a set.
type fault struct {
	id    string
	spec  Spec
	text  string // the spec in words
	built built
	seed  uint64
	ended chan struct{} // closed when the fault is cleared

	mu      sync.Mutex
	matched int // number of messages that matched
	fired   int // number of times that it fired
	before  int // messages that are no longer in seen

	// How often the same message came, for up to maxSeen recent messages, as input to the random
	// draw. The key is a digest, since callers choose the content and size of messages.
	seen map[[sha256.Size]byte]int
}

// intercept is the [Intercept] of the fault.
func (f *fault) intercept(ctx context.Context, r *Request, next Deliver) (Response, error) {
	if !f.fires(r) {
		return next(ctx, r)
	}
	r.Faults = append(r.Faults, f.spec.Kind)
	return f.built.effect(ctx, f.ended, r, next)
}

// concerns reports whether the fault may strike a message, whose sender and receiver it matches. No
// fault changes the members that this depends on.
func (f *fault) concerns(r *Request) bool {
	return f.spec.matches(r) && (f.built.matches == nil || f.built.matches(r))
}

// fires decides whether the fault strikes a message that it concerns.
func (f *fault) fires(r *Request) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.matched++
	if f.matched <= f.spec.After || f.spec.Count > 0 && f.fired >= f.spec.Count || !f.draw(r) {
		return false
	}
	f.fired++
	return true
}

// maxSeen limits the memory of a random fault: most messages come only once.
const maxSeen = 10_000

// draw draws a number for a message and compares it with the probability. The caller holds f.mu.
func (f *fault) draw(r *Request) bool {
	if f.spec.Prob == 1 && !f.built.draws {
		return true
	}
	if len(f.seen) == maxSeen {
		clear(f.seen)
		f.before += maxSeen
	}
	label := fmt.Appendf(nil, "%d %s%s%s%s%s%s", f.seed, f.text, r.From, r.To, r.Method, r.Path, r.Query)
	message := sha256.Sum256(label)
	f.seen[message]++
	sum := sha256.Sum256(fmt.Append(label, f.before+f.seen[message]))
	r.lot = binary.BigEndian.Uint64(sum[8:])
	return float64(binary.BigEndian.Uint64(sum[:])>>11)/(1<<53) < f.spec.Prob
}

// Status describes a fault, and says how often it fired.
type Status struct {
	ID    string `json:"id"` // for its removal
	Spec  string `json:"spec"`
	Fired int    `json:"fired"`
}

func (s Status) String() string { return fmt.Sprintf("%s: fired %d times", s.Spec, s.Fired) }

func (f *fault) status() Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	return Status{f.id, f.text, f.fired}
}
