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
	value   string // how the value is written
	summary string
	where   string // default of the option where; "": it has no such option
	build   func(Spec) (built, error)
}

// kinds is all of them, by name.
var kinds = []kind{absentKind, delayKind, dropKind, duplicateKind, exhaustedKind, expiredKind, hangKind, hostileKind, htmlKind,
	partitionKind, reorderKind, replayKind, statusKind, tamperKind}

// built is a fault that was made from a spec, with its own state.
type built struct {
	effect   effect
	matches  func(*Request) bool // what it strikes, besides what every spec can say; nil: all
	patterns []string            // of the nodes that its value speaks of

	ofHandshakes bool // it strikes handshakes of TLS, too
	draws        bool // it draws lots whenever it fires, for what it does
}

// effect is what a fault does to a message. Ended is closed when the fault is cleared.
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

// Help describes the kinds, one line each.
func Help() []string {
	var lines []string
	for _, k := range kinds {
		lines = append(lines, fmt.Sprintf("%-25s %s", k.name+k.value, k.summary))
	}
	return lines
}

// always builds faults that have no value and no state.
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
