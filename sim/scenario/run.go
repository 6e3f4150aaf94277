package scenario

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"rsc.io/script"
)

// idleTimeout bounds the wait for what goes on in the background.
const idleTimeout = 15 * time.Second

// Options says how scenarios are run.
type Options struct {
	URL       string  // of a running network; none: each scenario gets one of its own
	Transport string  // of the scenario's own network, unless it says so; default memory
	Seed      *uint64 // makes own networks reproducible
	Suite     string  // of own networks whose topology has the default one; none: that
}

// Run runs a scenario. The name of the file is for messages.
func Run(ctx context.Context, file string, data []byte, o Options) *Result {
	start := time.Now()
	result := &Result{File: file}
	defer func() { result.Duration = time.Since(start) }()
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
	w, err := newWorld(ctx, p, o)
	if err != nil {
		result.Err = err
		return result
	}
	result.run(ctx, w, p.sections)
	if err := w.end(); err != nil {
		result.Err = errors.Join(result.Err, err)
	}
	return result
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
		err := r.section(engine, state, s)
		var skip skipError
		if errors.As(err, &skip) {
			r.Skipped = skip.reason
			return
		}
		if err != nil {
			r.Sections[len(r.Sections)-1].Failure = failureOf(err, lineOf(err, s), state)
			return
		}
	}
}

// section runs one section.
func (r *Result) section(engine *script.Engine, state *script.State, s section) error {
	start := time.Now()
	// Empty lines in front let the engine count the lines of the file.
	text := strings.Repeat("\n", s.line-1) + s.text
	var log strings.Builder
	err := engine.Execute(state, r.File, bufio.NewReader(strings.NewReader(text)), &log)
	r.Sections = append(r.Sections, Section{Title: s.title, Line: s.line, Log: log.String(), Duration: time.Since(start)})
	return err
}

// lineOf returns the line of the script that an error is about.
func lineOf(err error, s section) string {
	var failed *script.CommandError
	lines := strings.Split(s.text, "\n")
	number := 0
	if errors.As(err, &failed) {
		number = failed.Line
	} else if _, e := fmt.Sscanf(err.Error()[strings.Index(err.Error(), ":")+1:], "%d", &number); e != nil {
		return ""
	}
	if i := number - s.line; i >= 0 && i < len(lines) {
		return lines[i]
	}
	return ""
}
