package command

import (
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"dske/protocol/its"
	"dske/sim"
	"dske/sim/topology"
)

func statusCommand() *cli.Command {
	return &cli.Command{
		Name:         "status",
		Usage:        "show the nodes of a running network",
		ArgsUsage:    "[NODE...], for example hub/hank client/carol",
		Flags:        append([]cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print what the nodes answer"}}, networkFlags...),
		Action:       status,
		OnUsageError: onUsageError,
	}
}

func status(c *cli.Context) error {
	remote, overview, err := running(c)
	if err != nil {
		return err
	}
	nodes := c.Args().Slice()
	if len(nodes) == 0 {
		nodes = overview.Nodes()
	}
	if len(c.Args().Slice()) == 0 && !c.Bool("json") {
		fmt.Println(describe(overview))
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	defer table.Flush()
	for _, name := range nodes {
		body, err := remote.Status(c.Context, name)
		switch {
		case err != nil && !overview.IsStopped(name):
			return fmt.Errorf("%s: %w", name, err)
		case err != nil:
			fmt.Fprintf(table, "%s\tstopped\n", name)
		case c.Bool("json"):
			fmt.Fprintf(table, "%s\n", body)
		default:
			fmt.Fprintf(table, "%s\trunning\t%s\n", name, strings.Join(sim.Summary(name, body), "\t"))
		}
	}
	return nil
}

// describe says what the network as a whole is, with the bounds that its suite proves.
func describe(o sim.Overview) string {
	text := fmt.Sprintf("threshold %d, suite %s, keys from %s", o.Threshold, o.Suite, o.KeySource)
	if o.Suite != topology.SuiteITS {
		return text
	}
	n := 0
	for _, client := range o.Clients {
		n = max(n, len(client.Hubs))
	}
	return text + fmt.Sprintf("\na wrong key of 256 bits passes with a chance of at most %v, a forged message of 1 kB of at most %v",
		its.WrongKeyBound(n, o.Threshold, 32, 1), its.ForgeryBound(0, 1000, 1))
}
