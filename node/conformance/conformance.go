// Package conformance checks hubs and clients of DSKE, of this program or any other, against
// protocol/wire.md and, in suite its, protocol/its/its.md, from outside. Each check names the
// document and the section of its rule.
//
// For a [Hub] the checker plays two clients: one that makes keys and one that fetches them. It
// does what clients do and also what they never would. For a [Client] it plays the hubs, which the
// client has to be pointed at, and an encryptor of the client. Either Run yields one
// [report.Result] after the other.
//
// The Python implementation leaves out much of what the documents ask for. Where it is known to,
// the result of a node that is recognised as one of its says so, and counts as expected.
package conformance

import (
	"context"
	"errors"
	"iter"
	"time"

	"dske/etsi/report"
	"dske/protocol"
)

// rule is where something is said.
type rule struct {
	document string
	section  string // its heading, or how that begins
}

func wire(section string) rule { return rule{"protocol/wire.md", section} }

func its(section string) rule { return rule{"protocol/its/its.md", section} }

// check is one thing that is to be so of what a session S is with.
type check[S any] struct {
	rule
	name   string
	suite  protocol.Suite // the only one that has the rule; nil: both
	python string         // why it is not so of nodes of the Python implementation; empty: it is
	run    func(S) error
}

// tied returns the checks as those of one suite.
func tied[S any](suite protocol.Suite, checks []check[S]) []check[S] {
	for i := range checks {
		checks[i].suite = suite
	}
	return checks
}

// in returns those of the checks whose rule a suite has, each document's together.
func in[S any](suite protocol.Suite, checks []check[S]) []check[S] {
	var first, rest []check[S]
	for _, c := range checks {
		switch {
		case c.suite != nil && c.suite != suite:
		case c.document == checks[0].document:
			first = append(first, c)
		default:
			rest = append(rest, c)
		}
	}
	return append(first, rest...)
}

// results returns what comes of those of the checks whose rule a suite has, made one after the other
// until ctx ends or the consumer stops, each in a session that begin begins.
func results[S any](ctx context.Context, suite protocol.Suite, checks []check[S], timeout time.Duration, isPython bool, begin func(context.Context, *record) (S, error)) iter.Seq[report.Result] {
	return func(yield func(report.Result) bool) {
		for _, c := range in(suite, checks) {
			if ctx.Err() != nil || !yield(judge(ctx, c, timeout, isPython, begin)) {
				return
			}
		}
	}
}

// judge makes a check, in a session that begin begins, and tells how that ended.
func judge[S any](ctx context.Context, c check[S], timeout time.Duration, isPython bool, begin func(context.Context, *record) (S, error)) report.Result {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	began, exchanged := time.Now(), &record{}
	s, err := begin(ctx, exchanged)
	if err == nil {
		err = c.run(s)
	}
	result := report.Result{Standard: c.document, Clause: c.section, Name: c.name, Err: err, Exchanges: exchanged.all(), Duration: time.Since(began)}
	if skipped, ok := errors.AsType[skip](err); ok {
		result.Err, result.Skipped = nil, string(skipped)
	}
	if isPython {
		result.Expected = c.python
	}
	return result
}

// skip is the error of a check that there is not what it takes for.
type skip string

func (s skip) Error() string { return string(s) }
