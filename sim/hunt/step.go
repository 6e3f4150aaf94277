// Package hunt searches for unexpected failures: it draws a network, a load and a mixture of faults
// from a seed, runs them in virtual time, lets everything heal, and checks the invariants. A
// failure is reduced to a few steps and written as a scenario.
//
// A [Plan] has steps with their times. [Play] does them on a running network, and checks:
//
//   - no byte of PSRD is used twice, as the audit sees it;
//   - both ends of a key are equal, it is delivered once, and to nobody else;
//   - a key that a master got can be fetched when all has healed, if none of the hubs has lost its state
//     or lied since, and its slave has not tried before;
//   - when all has healed, every pair gets keys after [Settle];
//   - what a stranger sends is refused;
//   - two hours later no share is left at any hub.
//
// No node may have had a panic or an internal error. Package virtual checks that no goroutine is
// left when the network has ended.
package hunt

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"dske/sim/fault"
)

// Step is something that happens at a time.
type Step struct {
	At   time.Duration // since the beginning
	Kind string        // see below
	Args []string
	For  time.Duration // duration; for a key, the time until it is fetched, or 0: when everything has healed
}

// The kinds of steps.
const (
	Key   = "key"   // MASTER SLAVE
	Crash = "crash" // NODE is down, at once
	Stop  = "stop"  // NODE is down, in good order
	Lie   = "lie"   // HUB alters shares
	Fault = "fault" // a fault between the nodes, in the form of the scenario command fault

	Stranger = "stranger" // NODE WHAT: somebody sends it a message that it must refuse
)

// String returns the form that [ParseStep] accepts.
func (s Step) String() string {
	return fmt.Sprintf("%v %s %v %s", s.At, s.Kind, s.For, strings.Join(s.Args, " "))
}

// what returns the kind of a step and, for a fault, the kind of that.
func (s Step) what() string {
	if s.Kind == Fault {
		return kindOf(s.Args[0])
	}
	return s.Kind
}

// ParseStep parses a step: TIME KIND DURATION ARGUMENT...
func ParseStep(text string) (Step, error) {
	words := strings.Fields(text)
	if len(words) < 4 {
		return Step{}, fmt.Errorf("step %q is not of the form TIME KIND DURATION and arguments", text)
	}
	s := Step{Kind: words[1], Args: words[3:]}
	var err error
	if s.At, err = time.ParseDuration(words[0]); err == nil {
		s.For, err = time.ParseDuration(words[2])
	}
	switch {
	case err != nil || s.At < 0 || s.For < 0:
		return s, fmt.Errorf("step %q: times are such as 1.5s", text)
	case s.Kind == Fault:
		_, err = fault.Parse(strings.Join(s.Args, " "))
	case s.Kind == Key && len(s.Args) != 2:
		err = fmt.Errorf("a key has a master and a slave")
	case s.Kind == Stranger && (len(s.Args) != 2 || strangerNamed(s.Args[1]) == nil):
		err = fmt.Errorf("a stranger sends a node one of the messages of package hunt")
	case !slices.Contains([]string{Key, Crash, Stop, Lie, Stranger}, s.Kind):
		err = fmt.Errorf("a step is a %s, %s, %s, %s, %s or %s", Key, Crash, Stop, Lie, Fault, Stranger)
	case s.Kind != Key && s.Kind != Stranger && len(s.Args) != 1:
		err = fmt.Errorf("a %s has one node", s.Kind)
	}
	if err != nil {
		return s, fmt.Errorf("step %q: %w", text, err)
	}
	return s, nil
}
