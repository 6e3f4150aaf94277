package command

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"dske/sim"
)

// changes returns the changes of a node's state, by the name of their command.
func changes(r sim.Remote) map[string]func(context.Context, string) error {
	return map[string]func(context.Context, string) error{
		"start": r.Start, "stop": r.Stop, "crash": r.Crash, "copy": r.Copy, "restore": r.Restore,
	}
}

// changeCommand returns the command that makes one of the changes to nodes.
func changeCommand(verb, usage string) *cli.Command {
	return &cli.Command{
		Name:         verb,
		Usage:        usage,
		ArgsUsage:    "NODE..., for example hub/hank client/carol",
		Flags:        networkFlags,
		BashComplete: completeNames(sim.Overview.Nodes),
		Action: func(c *cli.Context) error {
			return changeNodes(c, func(r sim.Remote) func(context.Context, string) error {
				return changes(r)[verb]
			})
		},
	}
}

// corruptCommand makes hubs lie, or honest again.
func corruptCommand() *cli.Command {
	return &cli.Command{
		Name:         "corrupt",
		Usage:        "make hubs of a running network lie: they alter the shares that they hand out",
		ArgsUsage:    "HUB..., for example hub/helen",
		Flags:        append([]cli.Flag{&cli.BoolFlag{Name: "stop", Usage: "make them honest again"}}, networkFlags...),
		BashComplete: completeNames(sim.Overview.Nodes),
		Action: func(c *cli.Context) error {
			return changeNodes(c, func(r sim.Remote) func(context.Context, string) error {
				if c.Bool("stop") {
					return r.MakeHonest
				}
				return r.Corrupt
			})
		},
	}
}

// changeNodes applies change to each node that the arguments name.
func changeNodes(c *cli.Context, change func(sim.Remote) func(context.Context, string) error) error {
	if !c.Args().Present() {
		return usagef("%s takes %s", c.Command.HelpName, c.Command.ArgsUsage)
	}
	if err := checkNodes(c.Args().Slice()); err != nil {
		return err
	}
	remote, overview, err := running(c)
	if err != nil {
		return err
	}
	if err := checkKnown(overview, c.Args().Slice()); err != nil {
		return err
	}
	for _, name := range c.Args().Slice() {
		if err := change(remote)(c.Context, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}
