// Package conformance checks KMEs against ETSI GS QKD 014 V1.1.1, from outside: it calls them as
// their SAEs would. If the parties have SKIP (draft-cisco-skip-02, resubmitted as
// draft-singh-skip-00) or streams of ETSI GS QKD 004 V2.1.1, it checks these, too. The text of 004
// was not available: its rules are what implementations have in common, in the framing of package
// stream.
//
// A [Suite] names two SAEs and the KMEs that serve them, and perhaps more SAEs. Its Run makes every
// check and yields one [report.Result] after the other. It needs a KME that delivers keys, some
// hundred of them, and nothing else: it learns the limits of a KME from its status.
package conformance

import (
	"context"
	"crypto/tls"
	"errors"
	"iter"
	"net/http"
	"slices"
	"strings"
	"time"

	"dske/etsi/report"
)

// Party is an SAE and the KME that serves it.
type Party struct {
	SAE string
	URL string // of the KME, up to /api/v1/keys

	// HTTP shows the certificate of the SAE where URL is https; http.DefaultClient if nil. Over
	// plain HTTP, the SAE ID is sent in the Authorization header.
	HTTP *http.Client

	SKIP string // URL of the key provider, up to /capabilities; if empty, SKIP is not checked

	Stream string      // host:port of the KME for ETSI GS QKD 004; if empty, that is not checked
	TLS    *tls.Config // with the certificate of the SAE, for Stream
}

// Suite is the configuration to check two KMEs. Master, at one of them, gets keys and Slave, at the
// other, fetches them.
type Suite struct {
	Master, Slave Party
	Others        []Party       // further SAEs of any KME; without them, key multicast is not checked
	NoCertificate *http.Client  // for https: shows no certificate
	Stranger      *http.Client  // for https: shows a certificate of an authority that the KMEs do not trust
	Timeout       time.Duration // for one check; default 30 s
	Schemas       *Schemas      // schemas for all answers, unless nil: a result for each, at the end
}

// check is the check of one rule.
type check struct {
	clause, name string
	run          func(*session) error
}

// standard is all checks of one standard, in its order.
type standard struct {
	name   string
	checks []check
}

// standards returns the standards that the suite can check.
func (s Suite) standards() []standard {
	all := []standard{{"ETSI 014", slices.Concat(statusChecks, getKeyChecks, keyRequestChecks, multicastChecks,
		getKeyWithIDsChecks, keyIDsChecks, errorChecks, identityChecks)}}
	if s.Master.SKIP != "" && s.Slave.SKIP != "" {
		all = append(all, standard{"SKIP", skipChecks})
	}
	if s.Master.Stream != "" && s.Slave.Stream != "" {
		all = append(all, standard{"ETSI 004", streamChecks})
	}
	return all
}

// Run makes every check, one after the other, until ctx ends or the consumer stops.
func (s Suite) Run(ctx context.Context) iter.Seq[report.Result] {
	if s.Timeout == 0 {
		s.Timeout = 30 * time.Second
	}
	return func(yield func(report.Result) bool) {
		compared := s.Schemas.comparison()
		for _, standard := range s.standards() {
			for _, c := range standard.checks {
				if ctx.Err() != nil || !yield(s.make(ctx, standard.name, c, compared)) {
					return
				}
			}
		}
		for _, result := range compared.results() {
			if !yield(result) {
				return
			}
		}
	}
}

// make makes one check.
func (s Suite) make(ctx context.Context, standard string, c check, compared comparison) report.Result {
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	began, record := time.Now(), &record{}
	err := c.run(&session{s, ctx, record, compared})
	result := report.Result{Standard: standard, Clause: c.clause, Name: c.name, Err: err, Exchanges: record.exchanges, Duration: time.Since(began)}
	if skipped, ok := errors.AsType[skip](result.Err); ok {
		result.Err, result.Skipped = nil, string(skipped)
	}
	return result
}

// skip is the error of a check whose preconditions this suite does not meet.
type skip string

func (s skip) Error() string { return string(s) }

// isTLS reports whether the KME of a party is called over TLS.
func (p Party) isTLS() bool { return strings.HasPrefix(p.URL, "https:") }
