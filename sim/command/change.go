package command

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"dske/sim"
)

// changeCommand starts or stops nodes.
func changeCommand(verb string) *cli.Command {
	return &cli.Command{
		Name:         verb,
		Usage:        verb + " nodes of a running network",
		ArgsUsage:    "NODE..., for example hub/hank client/carol",
		Flags:        networkFlags,
		BashComplete: completeNames(sim.Overview.Nodes),
		Action: func(c *cli.Context) error {
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
			change := map[string]func(context.Context, string) error{"start": remote.Start, "stop": remote.Stop}[verb]
			for _, name := range c.Args().Slice() {
				if err := change(c.Context, name); err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
			}
			return nil
		},
	}
}
