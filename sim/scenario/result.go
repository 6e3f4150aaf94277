package scenario

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"rsc.io/script"
)

// Result is the result of a scenario.
type Result struct {
	File     string
	Title    string
	Sections []Section
	Skipped  string // why the rest was skipped
	Err      error  // error outside of the sections
	Duration time.Duration
}

// Section is the result of a section.
type Section struct {
	Title    string
	Line     int
	Log      string // the commands and their output
	Failure  *Failure
	Duration time.Duration
}

// Failure is a command that did not do what the script expects.
type Failure struct {
	Place    string // file and line
	Command  string
	Printed  string
	Expected string
	Reason   string
}

// Failed reports whether anything failed.
func (r *Result) Failed() bool {
	return r.Err != nil || len(r.Sections) > 0 && r.Sections[len(r.Sections)-1].Failure != nil
}

func (f *Failure) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n%s\n", f.Place, f.Command, f.Reason)
	if f.Printed != "" && strings.TrimSpace(f.Printed) != f.Reason {
		fmt.Fprintf(&b, "printed:\n    %s\n", strings.ReplaceAll(strings.TrimSuffix(f.Printed, "\n"), "\n", "\n    "))
	}
	if f.Expected != "" {
		fmt.Fprintf(&b, "expected: %s\n", f.Expected)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// failureOf explains why a line failed.
func failureOf(err error, place, line string, s *script.State) *Failure {
	f := &Failure{Place: place, Command: strings.TrimSpace(line), Reason: err.Error()}
	var failed *script.CommandError
	switch {
	case errors.As(err, new(mistake)):
	case errors.As(err, &failed):
		f.Reason = failed.Err.Error()
		f.Printed = s.Stdout() + s.Stderr()
		f.Expected = expectation(failed, line)
	default: // the engine prefixes a wrong place
		f.Reason = errors.Unwrap(err).Error()
	}
	return f
}

// expectation returns what a command was expected to do.
func expectation(failed *script.CommandError, line string) string {
	read, _ := readStatement(line) // the engine has parsed it already
	negated := read.want == "!"
	if failed.Op == "stdout" || failed.Op == "stderr" {
		what := "a match for "
		if negated {
			what = "no match for "
		}
		return what + strings.Join(failed.Args, " ") + " in " + failed.Op
	}
	if negated {
		return "that it fails"
	}
	return "that it succeeds"
}
