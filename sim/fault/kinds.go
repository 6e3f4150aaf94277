package fault

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// kind is a kind of fault.
type kind struct {
	name    string
	value   string // how the value is written
	summary string
	check   func(value string) error
	effect  effect
}

// kinds is all of them, by name.
var kinds = []kind{
	{"delay", "=DURATION", "the message arrives later", checkDuration, delay},
	{"drop", "[=response]", "the message is lost, or the answer to it", oneOf("", "request", "response"), drop},
	{"duplicate", "", "the message arrives twice at the same time; the sender gets the better answer", oneOf(""), duplicate},
	{"hang", "", "the message is held until the sender gives up or faults are cleared", oneOf(""), hang},
	{"partition", "=A,B|C,D", "what the nodes on one side send to those on the other is lost", checkSides, lose},
	{"reorder", "[=DURATION]", "the message waits until the next one has passed it, 100ms at most", checkOptionalDuration, reorder},
	{"replay", "", "when the message has been answered, the same bytes come again", oneOf(""), replay},
	{"status", "=CODE", "the message does not arrive; the answer is an error with this status", checkStatus, answerStatus},
	{"tamper", "=request|response", "one bit is flipped, where=body (the default), query or signature", oneOf("request", "response"), tamper},
}

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

func oneOf(values ...string) func(string) error {
	return func(value string) error {
		if !slices.Contains(values, value) {
			return fmt.Errorf("%q is not one of %q", value, values)
		}
		return nil
	}
}

func checkDuration(value string) error {
	d, err := time.ParseDuration(value)
	if err != nil || d <= 0 {
		return fmt.Errorf("%q is not a duration such as 20ms", value)
	}
	return nil
}

func checkOptionalDuration(value string) error {
	if value == "" {
		return nil
	}
	return checkDuration(value)
}

func checkStatus(value string) error {
	code, err := strconv.Atoi(value)
	if err != nil || http.StatusText(code) == "" || code < 300 {
		return fmt.Errorf("%q is not an HTTP status from 300", value)
	}
	return nil
}

func checkSides(value string) error {
	left, right, found := strings.Cut(value, "|")
	if !found {
		return fmt.Errorf("%q is not of the form A,B|C,D", value)
	}
	for _, side := range []string{left, right} {
		if _, err := patterns(side); err != nil {
			return err
		}
	}
	return nil
}
