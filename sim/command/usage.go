package command

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"dske/sim/spelling"
)

// usageError is an error in how the program was called.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// flagForm matches the name of a flag, as the flag package writes it.
var flagForm = regexp.MustCompile(`(flag|argument:) -([a-z0-9-]{2,})`)

// onUsageError explains an error of the flag package.
func onUsageError(c *cli.Context, err error, _ bool) error {
	name, isUnknown := strings.CutPrefix(err.Error(), "flag provided but not defined: -")
	if !isUnknown {
		return usagef("%s; see %s --help", flagForm.ReplaceAllString(err.Error(), "$1 --$2"), c.Command.HelpName)
	}
	var names []string
	for _, f := range c.Command.Flags {
		names = append(names, f.Names()[0])
	}
	if meant := spelling.Nearest(strings.TrimLeft(name, "-"), names); meant != "" {
		return usagef("unknown flag --%s; did you mean --%s?", name, meant)
	}
	return usagef("unknown flag --%s; see %s --help", name, c.Command.HelpName)
}

// unknownCommand returns the error for a name that no command under parent has.
func unknownCommand(name, parent string, commands []*cli.Command) error {
	var names []string
	for _, c := range commands {
		names = append(names, c.Name)
	}
	if meant := spelling.Nearest(name, names); meant != "" {
		return usagef("unknown command %q; did you mean %s %s?", name, parent, meant)
	}
	return usagef("unknown command %q; see %s --help", name, parent)
}

// unknownTopic returns the error for a call for help with the name of an unknown command.
func unknownTopic(app *cli.App, args []string) error {
	parent, commands := app.Name, app.Commands
	for _, arg := range args {
		for _, c := range commands {
			if c.Name == arg && c.Name != "help" && len(c.Subcommands) > 0 {
				parent, commands = parent+" "+c.Name, c.Subcommands
			}
		}
	}
	return unknownCommand(args[len(args)-1], parent, commands)
}

// unknownSubcommand is the action of a command that only has subcommands.
func unknownSubcommand(c *cli.Context) error {
	if c.Args().Present() {
		return unknownCommand(c.Args().First(), c.Command.HelpName, c.Command.Subcommands)
	}
	return cli.ShowSubcommandHelp(c)
}

// checkCall refuses what would be ignored: arguments of a command that takes none, and values that
// count as if the flag was not set, such as the empty text of an unset shell variable, or the
// number 0.
func checkCall(c *cli.Context) error {
	if c.Command.ArgsUsage == "" && len(c.Command.Subcommands) == 0 && c.Args().Present() {
		return usagef("%s takes no arguments", c.Command.HelpName)
	}
	for _, f := range c.Command.Flags {
		name := f.Names()[0]
		if !c.IsSet(name) {
			continue
		}
		switch f.(type) {
		case *cli.StringFlag:
			if c.String(name) == "" {
				return usagef("--%s: the value is empty", name)
			}
		case *cli.IntFlag:
			if n := c.Int(name); n < 1 && !slices.Contains(portBases, name) {
				return usagef("--%s: %d is not a number over 0", name, n)
			}
		case *cli.DurationFlag:
			if d := c.Duration(name); d <= 0 {
				return usagef("--%s: %v is not a time over 0", name, d)
			}
		}
	}
	return nil
}

// checkWithout returns an error if one of the flags is set. why says when they have no effect.
func checkWithout(c *cli.Context, why string, flags ...string) error {
	for _, name := range flags {
		if c.IsSet(name) {
			return usagef("--%s has no effect %s", name, why)
		}
	}
	return nil
}

// prepare sets what all commands have in common.
func prepare(commands []*cli.Command) {
	for _, c := range commands {
		c.OnUsageError, c.Before = onUsageError, checkCall
		c.HideHelpCommand = c.HideHelpCommand || len(c.Subcommands) == 0
		for _, f := range c.Flags {
			if f, isBool := f.(*cli.BoolFlag); isBool {
				f.DisableDefaultText = true
			}
		}
		prepare(c.Subcommands)
	}
}

// flagsFirst moves the flags of a command before its arguments, where the flag package looks for
// them. Calls for completions are returned unchanged.
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
		if !strings.HasPrefix(rest[0], "-") || rest[0] == "-" {
			names = append(names, rest[0])
		} else {
			if takesValue(flags, rest[0]) {
				n = 2
			}
			if n > len(rest) { // the value is missing; the flag package says so
				return slices.Concat(head, options, rest)
			}
			options = append(options, rest[:n]...)
		}
		rest = rest[n:]
	}
	if slices.Contains(options, "--help") || slices.Contains(options, "-h") { // help ignores names
		return slices.Concat(head, options)
	}
	return slices.Concat(head, options, []string{"--"}, names, rest[min(1, len(rest)):])
}

// takesValue reports whether the argument after arg is the value of a flag.
func takesValue(flags []cli.Flag, arg string) bool {
	for _, f := range flags {
		_, isBool := f.(*cli.BoolFlag)
		if slices.Contains(f.Names(), strings.TrimLeft(arg, "-")) {
			return !isBool
		}
	}
	return false
}
