package fault

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// kind is a kind of fault.
type kind struct {
	name    string
	value   string // form of the value
	summary string
	where   string // default of the option where; "": the kind does not have it
	build   func(Spec) (built, error)
}

// kinds lists all kinds, by name.
var kinds = []kind{absentKind, delayKind, dropKind, duplicateKind, exhaustedKind, expiredKind, hangKind, hostileKind, htmlKind,
	partitionKind, reorderKind, replayKind, statusKind, tamperKind}

// built is a fault made from a spec, with its own state.
type built struct {
	effect   effect
	matches  func(*Request) bool // matching beyond the options of every spec; nil: all
	patterns []string            // patterns of nodes in its value

	ofHandshakes bool // it also strikes TLS handshakes
	draws        bool // it makes a random choice whenever it fires
}

// effect is the effect of a fault on a message. Ended is closed when the fault is cleared.
type effect func(ctx context.Context, ended <-chan struct{}, r *Request, next Deliver) (Response, error)

func kindOf(name string) *kind {
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.name == name })
	if i < 0 {
		return nil
	}
	return &kinds[i]
}

func kindNames() string {
	var names []string
	for _, k := range kinds {
		names = append(names, k.name)
	}
	return strings.Join(names, ", ")
}

// Help returns one line for each kind.
func Help() []string {
	var lines []string
	for _, k := range kinds {
		lines = append(lines, fmt.Sprintf("%-25s %s", k.name+k.value, k.summary))
	}
	return lines
}

// always returns the build function of a kind that has no value and no state.
func always(e effect) func(Spec) (built, error) {
	return func(s Spec) (built, error) { return built{effect: e}, oneOf(s.Value, "") }
}

func oneOf(value string, values ...string) error {
	if !slices.Contains(values, value) {
		return fmt.Errorf("%q is not one of %q", value, values)
	}
	return nil
}

func duration(value string) (time.Duration, error) {
	d, err := time.ParseDuration(value)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%q is not a duration such as 20ms", value)
	}
	return d, nil
}
