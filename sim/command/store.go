package command

import (
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"dske/node/store"
)

// storeCommand checks the state that nodes keep on disk.
func storeCommand() *cli.Command {
	return &cli.Command{
		Name:  "store",
		Usage: "check the directory of dske run --data",
		Subcommands: []*cli.Command{{
			Name:      "check",
			Usage:     "say what a data directory contains, and whether it is sound; changes nothing and shows nothing secret",
			ArgsUsage: "DIR",
			Flags:     []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print JSON"}},
			Action:    checkStore,
		}},
	}
}

func checkStore(c *cli.Context) error {
	if c.NArg() != 1 {
		return usagef("%s takes a directory", c.Command.HelpName)
	}
	reports, err := store.Check(store.OS{}, c.Args().First())
	if err != nil {
		return err
	}
	unsound := 0
	for _, r := range reports {
		if r.Err != nil {
			unsound++
		}
	}
	if c.Bool("json") {
		err = printJSON(c.App.Writer, describedReports(reports))
	} else {
		printReports(c.App.Writer, reports)
	}
	if err == nil && unsound > 0 {
		err = fmt.Errorf("%d of %d directories cannot be used", unsound, len(reports))
	}
	return err
}

// describedReport is a report with its error as text.
type describedReport struct {
	store.Report
	Flaw string `json:"flaw,omitempty"`
}

func describedReports(reports []store.Report) []describedReport {
	all := make([]describedReport, len(reports))
	for i, r := range reports {
		all[i].Report = r
		if r.Err != nil {
			all[i].Flaw = r.Err.Error()
		}
	}
	return all
}

// printReports prints a line for each node, and one for each of its blocks.
func printReports(w io.Writer, reports []store.Report) {
	for _, r := range reports {
		if r.Err != nil {
			fmt.Fprintf(w, "%s: %v\n", r.Dir, r.Err)
			continue
		}
		fmt.Fprintf(w, "%s: sound, %v, %d registrations, %d blocks, %d shares, %d deliveries, state-%d of %d bytes in %d frames",
			r.Dir, r.Identity, r.Registrations, len(r.Blocks), r.Shares, r.Deliveries, r.Log, r.Size, r.Frames)
		if r.Torn > 0 {
			fmt.Fprintf(w, ", the last %d of them torn by a crash", r.Torn)
		}
		fmt.Fprintln(w)
		for _, b := range r.Blocks {
			fmt.Fprintf(w, "  block %v with %s, %s-owned, %s: mark %d of %d bytes\n", b.ID, b.Peer, b.Owner, purposeOf(b.Purpose), b.Mark, b.Size)
		}
	}
}

func purposeOf(purpose string) string {
	if purpose == "" {
		return "for all"
	}
	return "for " + purpose + "s"
}
