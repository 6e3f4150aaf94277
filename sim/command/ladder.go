package command

import (
	"errors"
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	"dske/sim"
	"dske/sim/exchange"
)

func ladderCommand() *cli.Command {
	return &cli.Command{
		Name:         "ladder",
		Usage:        "make a key for two encryptors of a running network, and show the messages that it took",
		ArgsUsage:    "MASTER SLAVE",
		BashComplete: completeNames(sim.Overview.Encryptors),
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "svg", Usage: "also draw the diagram into `FILE`"},
			&cli.StringFlag{Name: "mermaid", Usage: "also write the diagram for Mermaid into `FILE`"},
		}, networkFlags...),
		Action: ladder,
	}
}

func ladder(c *cli.Context) error {
	if c.NArg() != 2 {
		return usagef("%s takes %s", c.Command.HelpName, c.Command.ArgsUsage)
	}
	remote, overview, err := running(c)
	if err != nil {
		return err
	}
	for _, encryptor := range c.Args().Slice() {
		if _, err := overview.ClientOf(encryptor); err != nil {
			return err
		}
	}
	x, err := exchange.Ask(c.Context, remote, c.Args().Get(0), c.Args().Get(1))
	if err != nil {
		return err
	}
	fmt.Fprint(c.App.Writer, x.Ladder.Text())
	for flag, draw := range map[string]func() string{"svg": x.Ladder.SVG, "mermaid": x.Ladder.Mermaid} {
		if file := c.String(flag); file != "" {
			if err := os.WriteFile(file, []byte(draw()), 0o644); err != nil {
				return err
			}
		}
	}
	if !x.Match {
		return errors.New(x.Error)
	}
	fmt.Fprintf(c.App.Writer, "Both have key %s, fingerprint %s\n", x.Master.KeyID, x.Master.Fingerprint)
	return nil
}
