package command

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"
)

// changeCommand starts or stops nodes.
func changeCommand(verb string) *cli.Command {
	return &cli.Command{
		Name:         verb,
		Usage:        verb + " nodes of a running network",
		ArgsUsage:    "NODE..., for example hub/hank client/carol",
		Flags:        networkFlags,
		OnUsageError: onUsageError,
		Action: func(c *cli.Context) error {
			if !c.Args().Present() {
				return usagef("%s takes %s", verb, c.Command.ArgsUsage)
			}
			remote, _, err := running(c)
			if err != nil {
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
