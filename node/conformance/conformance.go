// Package conformance checks hubs and clients of DSKE, of this program or any other, against
// protocol/wire.md and, in suite its, protocol/its/its.md, from outside. Each check names the
// document and the section of its rule.
//
// For a [Hub] the checker plays two clients: one that makes keys and one that fetches them. It does
// what clients do, and also what they never would. For a [Client] it plays the hubs, which the
// client must be configured with, and an encryptor of the client. Each Run yields one
// [report.Result] after the other.
//
// The Python implementation lacks much of what the documents require. If a check is known to fail
// for it, the result for a node that is recognised as one of its nodes says so, and counts as
// expected.
package conformance

import (
	"context"
	"errors"
	"iter"
	"time"

	"dske/etsi/report"
	"dske/protocol"
)

// rule is the place of a rule in a document.
type rule struct {
	document string
	section  string // its heading, or the start of it
}

func wire(section string) rule { return rule{"protocol/wire.md", section} }

func its(section string) rule { return rule{"protocol/its/its.md", section} }

// check is the check of one rule in a session of type S.
type check[S any] struct {
	rule
	name   string
	suite  protocol.Suite // the only one that has the rule; nil: both
	python string         // why nodes of the Python implementation fail it; empty: they do not
	run    func(S) error
}

// tied ties the checks to one suite.
func tied[S any](suite protocol.Suite, checks []check[S]) []check[S] {
	for i := range checks {
		checks[i].suite = suite
	}
	return checks
}

// in returns the checks whose rule a suite has, grouped by document.
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

// results yields the results of the checks whose rule a suite has. They are made one after the
// other until ctx ends or the consumer stops, each in a session from begin.
func results[S any](ctx context.Context, suite protocol.Suite, checks []check[S], timeout time.Duration, isPython bool, begin func(context.Context, *record) (S, error)) iter.Seq[report.Result] {
	return func(yield func(report.Result) bool) {
		for _, c := range in(suite, checks) {
			if ctx.Err() != nil || !yield(judge(ctx, c, timeout, isPython, begin)) {
				return
			}
		}
	}
}

// judge makes a check in a session from begin, and returns its result.
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

// skip is the error of a check whose preconditions are not met.
type skip string

func (s skip) Error() string { return string(s) }
