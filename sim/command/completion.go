package command

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"dske/sim"
)

// generateCompletion is the last argument when a shell calls the program for completions.
const generateCompletion = "--generate-bash-completion"

// completionTimeout is how long a completion waits for a network that does not answer.
const completionTimeout = time.Second

var (
	//go:embed completion.bash
	bashCompletion string

	//go:embed completion.zsh
	zshCompletion string
)

func completionCommand() *cli.Command {
	shell := func(name string, script func(*cli.Context) (string, error)) *cli.Command {
		return &cli.Command{
			Name: name, Usage: "print the script for " + name, HideHelpCommand: true,
			Action: func(c *cli.Context) error {
				text, err := script(c)
				fmt.Fprint(c.App.Writer, text)
				return err
			},
		}
	}
	constant := func(text string) func(*cli.Context) (string, error) {
		return func(*cli.Context) (string, error) { return text, nil }
	}
	return &cli.Command{
		Name:   "completion",
		Usage:  "print a script that completes commands, flags, nodes and encryptors in a shell",
		Action: unknownSubcommand,
		Subcommands: []*cli.Command{
			shell("bash", constant(bashCompletion)),
			shell("zsh", constant(zshCompletion)),
			shell("fish", func(c *cli.Context) (string, error) { return c.App.ToFishCompletion() }),
		},
	}
}

// completeFiles offers flags if the last word begins one. Otherwise it prints nothing, and the
// shell offers files.
func completeFiles(c *cli.Context) {
	if isFlag(lastWord()) {
		cli.DefaultCompleteWithFlags(c.Command)(c)
	}
}

// completeNames returns a completion that offers names that the running network knows.
func completeNames(names func(sim.Overview) []string) cli.BashCompleteFunc {
	return func(c *cli.Context) {
		completeFiles(c)
		if isFlag(lastWord()) {
			return
		}
		ctx, cancel := context.WithTimeout(c.Context, completionTimeout)
		defer cancel()
		c.Context = ctx
		_, overview, err := running(c)
		if err != nil {
			return // without a network there is nothing to offer
		}
		for _, name := range names(overview) {
			fmt.Fprintln(c.App.Writer, name)
		}
	}
}

// lastWord returns the word that is being completed if it is a flag, and otherwise the word before
// it.
func lastWord() string { return os.Args[max(0, len(os.Args)-2)] }

func isFlag(word string) bool { return strings.HasPrefix(word, "-") }
