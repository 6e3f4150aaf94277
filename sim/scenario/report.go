package scenario

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Report prints the results of scenarios, a line for each section.
type Report struct {
	To      io.Writer
	Verbose bool // also print the commands and their output
	Colour  bool

	start          time.Time
	passed, failed int
	skipped        int
}

// Add prints one result.
func (r *Report) Add(result *Result) {
	if r.start.IsZero() {
		r.start = time.Now().Add(-result.Duration)
	}
	switch {
	case result.Failed():
		r.failed++
	case result.Skipped != "":
		r.skipped++
	default:
		r.passed++
	}
	fmt.Fprintf(r.To, "%s %s %s\n", r.mark(result.Failed()), strings.TrimSuffix(result.File+": "+result.Title, ": "), r.took(result.Duration))
	for _, s := range result.Sections {
		r.section(s)
	}
	if result.Skipped != "" {
		fmt.Fprintf(r.To, "  - skipped: %s\n", result.Skipped)
	}
	if result.Err != nil {
		fmt.Fprintf(r.To, "  %s %v\n", r.mark(true), result.Err)
	}
}

func (r *Report) section(s Section) {
	if s.Title != "" || s.Failure != nil {
		fmt.Fprintf(r.To, "  %s %s %s\n", r.mark(s.Failure != nil), s.Title, r.took(s.Duration))
	}
	if r.Verbose {
		r.indented(s.Log)
	}
	if s.Failure != nil {
		r.indented(s.Failure.String())
	}
}

func (r *Report) indented(text string) {
	for line := range strings.Lines(text) {
		fmt.Fprintf(r.To, "      %s\n", strings.TrimSuffix(line, "\n"))
	}
}

// End prints the totals and reports whether nothing failed.
func (r *Report) End() bool {
	var skipped string
	if r.skipped > 0 {
		skipped = fmt.Sprintf(", %d skipped", r.skipped)
	}
	var took time.Duration
	if !r.start.IsZero() {
		took = time.Since(r.start)
	}
	fmt.Fprintf(r.To, "%d passed, %d failed%s %s\n", r.passed, r.failed, skipped, r.took(took))
	return r.failed == 0
}

func (r *Report) mark(failed bool) string {
	if failed {
		return r.coloured("31", "✗")
	}
	return r.coloured("32", "✓")
}

func (r *Report) took(d time.Duration) string {
	return r.coloured("90", fmt.Sprintf("(%.3fs)", d.Seconds()))
}

func (r *Report) coloured(code, text string) string {
	if !r.Colour {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
