package scenario

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"dske/sim/wire"
)

// protocolSteps is the order in which messages are printed: that of the protocol. The order in time
// would depend on the scheduling of goroutines.
var protocolSteps = []struct{ method, part string }{
	{"PUT", "/registration"},
	{"GET", "/psrd"},
	{"GET", "/enc_keys"},
	{"GET", "/encryptors/"},
	{"POST", "/key-share"},
	{"GET", "/dec_keys"},
	{"GET", "/key-share"},
	{"DELETE", "/registration"},
}

// step returns the position of an event in that order. Events outside the protocol come last.
func step(e wire.Event) int {
	for i, s := range protocolSteps {
		if e.Method == s.method && strings.Contains(e.Path, s.part) {
			return i
		}
	}
	return len(protocolSteps)
}

func events(c call) (string, error) {
	if len(c.args) > 0 {
		return "", errUsage
	}
	list, err := c.remote.Events(c.Context(), c.lastEvent)
	if err != nil {
		return "", err
	}
	c.lastEvent = list.Next
	slices.SortFunc(list.Events, func(a, b wire.Event) int {
		return cmp.Or(cmp.Compare(step(a), step(b)), cmp.Compare(describe(a), describe(b)))
	})
	var out strings.Builder
	for i := 0; i < len(list.Events); {
		line, n := describe(list.Events[i]), 1
		for i+n < len(list.Events) && describe(list.Events[i+n]) == line {
			n++
		}
		i += n
		if n > 1 {
			line += fmt.Sprintf(" ×%d", n)
		}
		fmt.Fprintln(&out, line)
	}
	return out.String(), nil
}

// describe describes an event in one line.
func describe(e wire.Event) string {
	answer := "no answer"
	if e.Status != 0 {
		answer = fmt.Sprint(e.Status)
	}
	if e.Fault != "" {
		answer += " (" + e.Fault + ")"
	}
	return fmt.Sprintf("%s -> %s  %s %s: %s", e.From, e.To, e.Method, e.Path, answer)
}
