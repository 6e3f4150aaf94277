// Package command is the command line: each command in a file of its own, which parses, calls the packages
// that do the work, and prints.
package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// Run executes the command that args, those of the process, ask for, until it ends or ctx does. It prints an
// error in one line and returns the exit status: 1 for a failure, 2 for wrong usage.
func Run(ctx context.Context, args []string) int {
	app := newApp()
	err := app.RunContext(ctx, flagsFirst(app, args))
	if err == nil {
		return 0
	}
	var noHelp cli.ExitCoder
	if errors.As(err, &noHelp) { // for a command that there is none of
		err = usagef("%w; see dske help", err)
	}
	fmt.Fprintln(os.Stderr, "dske:", err)
	var usage usageError
	if errors.As(err, &usage) {
		return 2
	}
	return 1
}

// usageError is an error in how the program was called.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func newApp() *cli.App {
	return &cli.App{
		Name:  "dske",
		Usage: "a Distributed Symmetric Key Establishment network in one process",

		Version: version(),
		Commands: []*cli.Command{
			runCommand(), certsCommand(), etsiCommand(), ladderCommand(), scenarioCommand(), benchCommand(), statusCommand(), changeCommand("start"), changeCommand("stop"),
			completionCommand(), versionCommand(),
		},
		EnableBashCompletion: true, // and that of other shells
		OnUsageError:         onUsageError,
		ExitErrHandler:       func(*cli.Context, error) {}, // Run prints the error
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usagef("unknown command %q; see dske help", c.Args().First())
			}
			return cli.ShowAppHelp(c)
		},
	}
}

func onUsageError(c *cli.Context, err error, _ bool) error {
	return usagef("%w; see %s --help", err, c.Command.HelpName)
}

// unknownSubcommand is the action of a command that does nothing by itself.
func unknownSubcommand(c *cli.Context) error {
	if c.Args().Present() {
		return usagef("unknown command %q; see %s --help", c.Args().First(), c.Command.HelpName)
	}
	return cli.ShowSubcommandHelp(c)
}

// flagsFirst moves the flags of a command before its arguments, where the flag package looks for them. A shell that
// asks for completions gets them for what is there as it is.
func flagsFirst(app *cli.App, args []string) []string {
	if args[len(args)-1] == generateCompletion {
		return args
	}
	commands, flags, i := app.Commands, app.Flags, 1
	for ; i < len(args); i++ {
		found := slices.IndexFunc(commands, func(c *cli.Command) bool { return c.HasName(args[i]) })
		if found < 0 {
			break
		}
		commands, flags = commands[found].Subcommands, commands[found].Flags
	}
	head, rest := args[:min(i, len(args))], args[min(i, len(args)):]
	var options, names []string
	for len(rest) > 0 && rest[0] != "--" {
		n := 1
		if !strings.HasPrefix(rest[0], "-") {
			names = append(names, rest[0])
		} else {
			if takesValue(flags, rest[0]) {
				n = 2
			}
			if n > len(rest) { // the value is missing, which the flag package says if nothing follows
				return slices.Concat(head, options, rest)
			}
			options = append(options, rest[:n]...)
		}
		rest = rest[n:]
	}
	return slices.Concat(head, options, []string{"--"}, names, rest[min(1, len(rest)):])
}

// takesValue reports whether the argument after this one is the value of a flag.
func takesValue(flags []cli.Flag, arg string) bool {
	for _, f := range flags {
		_, isBool := f.(*cli.BoolFlag)
		if slices.Contains(f.Names(), strings.TrimLeft(arg, "-")) {
			return !isBool
		}
	}
	return false
}

func printJSON(v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	fmt.Println(string(text))
	return err
}
