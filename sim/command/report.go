package command

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"time"

	"github.com/urfave/cli/v2"

	"dske/etsi/report"
)

// reportFlags say where the outcome of checks goes, beside standard output.
var reportFlags = []cli.Flag{
	&cli.StringFlag{Name: "json", Usage: "write a report to `FILE`, in JSON"},
	&cli.StringFlag{Name: "junit", Usage: "write a report to `FILE`, as JUnit XML"},
	&cli.StringFlag{Name: "html", Usage: "write a report to `FILE`, as a page with what was asked and answered"},
}

// printChecks prints a table of the results of checks of what the title says, the clauses in a
// column of a width, writes the reports that flags ask for, and fails if a check does.
func printChecks(c *cli.Context, title string, width int, results iter.Seq[report.Result]) error {
	all := report.Report{Title: title, Made: time.Now().UTC()}
	standard := ""
	for r := range results {
		all.Results = append(all.Results, r)
		if standard != r.Standard {
			standard = r.Standard
			fmt.Fprintln(c.App.Writer, standard)
		}
		outcome, why := r.Outcome()
		if why != "" {
			why = ": " + why
		}
		fmt.Fprintf(c.App.Writer, "%-*s  %-74s  %s%s\n", width, r.Clause, r.Name, outcome, why)
		if err := written(c); err != nil {
			return err
		}
	}
	fmt.Fprintln(c.App.Writer, all.Count())
	if err := errors.Join(c.Context.Err(), writeReports(c, all)); err != nil {
		return err
	}
	if failed := all.Count().Failed; failed > 0 {
		return fmt.Errorf("%d checks failed", failed)
	}
	return nil
}

// writeReports writes the reports that flags ask for.
func writeReports(c *cli.Context, all report.Report) error {
	var failures []error
	for flag, write := range map[string]func(io.Writer, report.Report) error{
		"json": report.WriteJSON, "junit": report.WriteJUnit, "html": report.WriteHTML,
	} {
		file := c.String(flag)
		if file == "" {
			continue
		}
		var text bytes.Buffer
		if err := write(&text, all); err != nil {
			return err
		}
		failures = append(failures, os.WriteFile(file, text.Bytes(), 0o644))
	}
	return errors.Join(failures...)
}
