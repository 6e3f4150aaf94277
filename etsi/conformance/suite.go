// Package conformance checks KMEs against ETSI GS QKD 014 V1.1.1, from outside: it calls them as their
// SAEs would.
//
// A [Suite] names two SAEs and the KMEs that serve them, and perhaps more SAEs; its Run makes every check
// and yields one [Result] after the other. It needs a KME that delivers keys, some hundred of them, and
// nothing else: what a KME limits it learns from its status.
package conformance

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Party is an SAE and the KME that serves it.
type Party struct {
	SAE string
	URL string // of the KME: what comes before /api/v1/keys

	// HTTP shows the certificate of the SAE where URL is https; http.DefaultClient if nil. Over plain
	// HTTP, the SAE ID is sent in the Authorization header.
	HTTP *http.Client
}

// Suite is what is needed to check two KMEs. Master, at one of them, gets keys and Slave, at the other
// one, fetches them.
type Suite struct {
	Master, Slave Party
	Others        []Party       // further SAEs of any KME; without, key multicast is not checked
	NoCertificate *http.Client  // for https: shows no certificate
	Stranger      *http.Client  // for https: shows a certificate of an authority that the KMEs don't trust
	Timeout       time.Duration // for one check; default 30 s
}

// Result is the outcome of a check.
type Result struct {
	Clause  string // of the standard
	Name    string // what is to be so
	Err     error  // why it is not; nil: it is so
	Skipped string // why it was not checked; empty if it was
}

// check is one thing that is to be so.
type check struct {
	clause, name string
	run          func(*session) error
}

// checks returns all checks, in the order of the standard.
func checks() []check {
	return slices.Concat(statusChecks, getKeyChecks, keyRequestChecks, multicastChecks,
		getKeyWithIDsChecks, keyIDsChecks, errorChecks, identityChecks)
}

// Run makes every check, one after the other, until ctx ends or the consumer stops.
func (s Suite) Run(ctx context.Context) iter.Seq[Result] {
	if s.Timeout == 0 {
		s.Timeout = 30 * time.Second
	}
	return func(yield func(Result) bool) {
		for _, c := range checks() {
			if ctx.Err() != nil || !yield(s.make(ctx, c)) {
				return
			}
		}
	}
}

// make makes one check.
func (s Suite) make(ctx context.Context, c check) Result {
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	result := Result{Clause: c.clause, Name: c.name, Err: c.run(&session{s, ctx})}
	if skipped, ok := errors.AsType[skip](result.Err); ok {
		result.Err, result.Skipped = nil, string(skipped)
	}
	return result
}

// skip is the error of a check that this suite has not what it takes for.
type skip string

func (s skip) Error() string { return string(s) }

// isTLS reports whether the KME of a party is called over TLS.
func (p Party) isTLS() bool { return strings.HasPrefix(p.URL, "https:") }
