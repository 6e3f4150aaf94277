package scenario

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"rsc.io/script"

	"dske/protocol"
	"dske/sim"
	"dske/sim/topology"
	"dske/sim/virtual"
)

// idleTimeout bounds the wait until nothing goes on in the background.
const idleTimeout = 15 * time.Second

// answerTimeout bounds the wait for an answer of a running network. A large one may need some time
// to become ready.
const answerTimeout = 5 * time.Minute

// Options says how scenarios are run.
type Options struct {
	URL       string  // URL of a running network; "": each scenario gets a network of its own
	HTTP      HTTP    // HTTP clients for that network; nil: plain HTTP without an identity
	Transport string  // default transport of own networks; "": memory
	Time      string  // default time of own networks, Real or Virtual; "": Real
	Seed      *uint64 // makes own networks reproducible
	Suite     string  // replaces the default suite in own networks; "": none

	suite protocol.Suite // for tests: replaces the suite of the topology by one that lacks a measure
	psrd  *topology.PSRD // for tests: replaces the default sizes of pools in own networks; nil: keeps them
}

// HTTP returns the HTTP client for calls in the name of a party such as sae/sam; outside stands for
// a caller without an identity.
type HTTP func(from string) *http.Client

// Run runs a scenario. The file name is for messages. In virtual time, the durations of sections
// are virtual, and that of the whole scenario is real.
func Run(ctx context.Context, file string, data []byte, o Options) (ended *Result) {
	start := time.Now()
	result := &Result{File: file}
	defer func() { ended.Duration = time.Since(start) }()
	p, err := parse(file, data)
	if err != nil {
		result.Err = err
		return result
	}
	result.Title = p.title
	if p.isBound && o.URL != "" {
		result.Skipped = "it needs a network of its own"
		return result
	}
	if cmp.Or(p.settings.Time, o.Time) != Virtual || o.URL != "" {
		result.play(ctx, p, o)
		return result
	}
	if p.settings.Transport == sim.Loopback {
		result.Skipped = "it needs ports, which do not exist in virtual time"
		return result
	}
	o.Time, o.Transport = Virtual, sim.Memory
	return runVirtually(ctx, result, p, o)
}

// runVirtually runs a scenario in virtual time. Goroutines in a bubble that has stopped cannot
// change the result.
func runVirtually(ctx context.Context, result *Result, p *parsed, o Options) *Result {
	played := *result
	err := virtual.Run(ctx, func(ctx context.Context) error {
		played.play(ctx, p, o)
		return nil
	})
	if errors.Is(err, virtual.ErrStands) || err != nil && ctx.Err() != nil {
		result.Err = err
		return result
	}
	played.Err = errors.Join(played.Err, err)
	return &played
}

// play runs a scenario from beginning to end, in the time of its network.
func (r *Result) play(ctx context.Context, p *parsed, o Options) {
	w, err := newWorld(ctx, p, o)
	if err != nil {
		r.Err = err
		return
	}
	r.run(ctx, w, p.sections)
	if err := w.end(); err != nil {
		r.Err = errors.Join(r.Err, err)
	}
}

// run runs the sections until one fails.
func (r *Result) run(ctx context.Context, w *world, sections []section) {
	state, err := script.NewState(ctx, "/", []string{})
	if err != nil {
		r.Err = err
		return
	}
	defer state.CloseAndWait(io.Discard)
	engine := newEngine(w)
	for _, s := range sections {
		r.Sections = append(r.Sections, Section{Title: s.title, Line: s.line})
		shown := &r.Sections[len(r.Sections)-1]
		start := time.Now()
		var log strings.Builder
		line, err := s.run(engine, state, w, r.File, &log)
		shown.Log, shown.Duration = log.String(), time.Since(start)
		var skip skipError
		switch {
		case errors.As(err, &skip):
			r.Skipped = skip.reason
			return
		case err != nil:
			shown.Failure = failureOf(err, fmt.Sprintf("%s:%d", r.File, s.line+line), s.lines()[line], state)
			return
		}
	}
}

// run runs the lines of a section until one fails, and returns the index of that line.
func (s section) run(engine *script.Engine, state *script.State, w *world, file string, log io.Writer) (int, error) {
	for i, line := range s.lines() {
		err := engine.Execute(state, file, bufio.NewReader(strings.NewReader(line+"\n")), log)
		// The engine counts any failure of a command that must or may fail as expected.
		if err = cmp.Or(w.mistake, err); err != nil {
			return i, err
		}
	}
	return 0, nil
}

func (s section) lines() []string { return strings.Split(s.text, "\n") }
