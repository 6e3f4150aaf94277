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

// reportFlags say where the results of checks go, besides standard output.
var reportFlags = []cli.Flag{
	&cli.StringFlag{Name: "json", Usage: "write a report to `FILE`, in JSON"},
	&cli.StringFlag{Name: "junit", Usage: "write a report to `FILE`, as JUnit XML"},
	&cli.StringFlag{Name: "html", Usage: "write a report to `FILE`, as a page with the requests and answers"},
}

// printChecks prints a table of the results, with the clauses in a column of the given width in
// characters, writes the reports that flags ask for, and fails if a check does. title says what was
// checked.
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
