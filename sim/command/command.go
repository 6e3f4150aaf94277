// Package command is the command line. Each command has a file of its own, which parses, calls the
// packages that do the work, and prints.
package command

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v2"
)

// Run executes the command in args, the arguments of the process, until it ends or ctx does. It
// prints an error in one line and returns the exit status: 1 for a failure, 2 for wrong usage. It
// is also a failure if the output of the command cannot be written.
func Run(ctx context.Context, args []string) int {
	out := &output{to: os.Stdout}
	app := newApp(out)
	err := app.RunContext(ctx, flagsFirst(app, args))
	var noHelp cli.ExitCoder
	if errors.As(err, &noHelp) { // for a command that does not exist
		err = unknownTopic(app, args[1:])
	}
	if err = cmp.Or(err, out.err); err == nil {
		return 0
	}
	fmt.Fprintln(os.Stderr, "dske:", strings.ReplaceAll(err.Error(), "\n", "; "))
	var usage usageError
	if errors.As(err, &usage) {
		return 2
	}
	return 1
}

func newApp(out *output) *cli.App {
	app := &cli.App{
		Name:  "dske",
		Usage: "run a Distributed Symmetric Key Establishment network in one process",

		Version: version(),
		Writer:  out,
		Commands: []*cli.Command{
			runCommand(), nodeCommand(), deployCommand(), certsCommand(), etsiCommand(), conformanceCommand(), ladderCommand(), scenarioCommand(), simulateCommand(), benchCommand(), statusCommand(),
			changeCommand("start", "start nodes of a running network"),
			changeCommand("stop", "stop nodes of a running network"),
			changeCommand("crash", "crash nodes of a running network"),
			changeCommand("copy", "copy the disks of nodes of a running network"),
			changeCommand("restore", "put back the copies of the disks of nodes, which must not be running"),
			storeCommand(), psrdCommand(),
			faultCommand(), corruptCommand(), attackCommand(),
			completionCommand(), versionCommand(),
		},
		EnableBashCompletion: true, // and that of other shells
		OnUsageError:         onUsageError,
		ExitErrHandler:       func(*cli.Context, error) {}, // Run prints the error
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return unknownCommand(c.Args().First(), "dske", c.App.Commands)
			}
			return cli.ShowAppHelp(c)
		},
	}
	prepare(app.Commands)
	return app
}

func printJSON(to io.Writer, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	fmt.Fprintln(to, string(text))
	return err
}
