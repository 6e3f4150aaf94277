package command

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"dske/sim"
)

// faultCommand adds faults between the nodes of a running network, and removes them.
func faultCommand() *cli.Command {
	return &cli.Command{
		Name:   "fault",
		Usage:  "add, list and remove faults between the nodes of a running network",
		Action: unknownSubcommand,
		Subcommands: []*cli.Command{
			{
				Name: "add", Usage: "add a fault", ArgsUsage: "FAULT, for example drop to=hub/hank method=POST; dske scenario help lists them",
				Flags: networkFlags, Action: addFault,
			},
			{
				Name: "list", Usage: "list the faults, and how often each fired",
				Flags:        append([]cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print JSON"}}, networkFlags...),
				OnUsageError: onUsageError, Action: listFaults,
			},
			{
				Name: "remove", Usage: "remove faults", ArgsUsage: "ID... of dske fault list",
				Flags:        append([]cli.Flag{&cli.BoolFlag{Name: "all", Usage: "remove all; hubs that lied are honest again"}}, networkFlags...),
				OnUsageError: onUsageError, Action: removeFaults,
			},
		},
	}
}

func addFault(c *cli.Context) error {
	if !c.Args().Present() {
		return usagef("%s takes %s", c.Command.HelpName, c.Command.ArgsUsage)
	}
	remote, _, err := running(c)
	if err != nil {
		return err
	}
	return remote.AddFault(c.Context, strings.Join(c.Args().Slice(), " "))
}

func listFaults(c *cli.Context) error {
	if c.Args().Present() {
		return usagef("%s takes no arguments", c.Command.HelpName)
	}
	remote, _, err := running(c)
	if err != nil {
		return err
	}
	faults, err := remote.Faults(c.Context)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(c.App.Writer, sim.FaultList{Faults: faults})
	}
	w := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tFIRED\tFAULT")
	for _, f := range faults {
		fmt.Fprintf(w, "%s\t%d\t%s\n", f.ID, f.Fired, f.Spec)
	}
	return w.Flush()
}

func removeFaults(c *cli.Context) error {
	if c.Args().Present() == c.Bool("all") {
		return usagef("%s takes %s, or --all", c.Command.HelpName, c.Command.ArgsUsage)
	}
	remote, _, err := running(c)
	if err != nil {
		return err
	}
	if c.Bool("all") {
		return remote.ClearFaults(c.Context)
	}
	for _, id := range c.Args().Slice() {
		if err := remote.RemoveFault(c.Context, id); err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
	}
	return nil
}
