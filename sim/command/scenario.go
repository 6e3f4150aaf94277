package command

import (
	"errors"
	"fmt"
	"os"

	"github.com/mattn/go-isatty"
	"github.com/urfave/cli/v2"

	"dske/protocol"
	"dske/sim"
	"dske/sim/scenario"
)

func scenarioCommand() *cli.Command {
	return &cli.Command{
		Name:            "scenario",
		Usage:           "run scripts that drive, break and attack a network",
		ArgsUsage:       "FILE|DIR...",
		OnUsageError:    onUsageError,
		Action:          runScenarios,
		HideHelpCommand: true,
		BashComplete:    completeFiles,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "v", Usage: "print the commands and what they print"},
			&cli.StringFlag{Name: "url", Usage: "use a running network instead of one for each scenario"},
			&cli.Uint64Flag{Name: "seed", Usage: "make the runs reproducible"},
			&cli.StringFlag{Name: "transport", Value: sim.Memory, Usage: "of networks that do not say: memory or loopback"},
			&cli.StringFlag{Name: "suite", Usage: "of networks that do not say: " + suiteNames() + " (default: " + protocol.Suites[0].Name() + ")"},
			&cli.StringFlag{Name: "junit", Usage: "write the results to `FILE`, as JUnit XML"},
		},
		Subcommands: []*cli.Command{{
			Name:   "help",
			Usage:  "describe the commands of scenarios",
			Action: func(*cli.Context) error { return scenario.Help(os.Stdout) },
		}},
	}
}

func runScenarios(c *cli.Context) error {
	if !c.Args().Present() {
		return usagef("scenario takes %s; see dske scenario help", c.Command.ArgsUsage)
	}
	if err := checkURL(networkURL(c)); err != nil {
		return err
	}
	files, err := scenario.Files(c.Args().Slice())
	if err != nil {
		return fmt.Errorf("%w; dske scenario takes %s, where scripts are *.txtar", err, c.Command.ArgsUsage)
	}
	options := scenario.Options{URL: c.String("url"), Transport: c.String("transport"), Suite: c.String("suite")}
	if _, err := protocol.SuiteNamed(options.Suite); err != nil && options.Suite != "" {
		return usagef("--suite: %w", err)
	}
	if t := options.Transport; t != sim.Memory && t != sim.Loopback {
		return usagef("--transport: %q is neither memory nor loopback", t)
	}
	if c.IsSet("seed") {
		seed := c.Uint64("seed")
		options.Seed = &seed
	}
	report := scenario.Report{To: os.Stdout, Verbose: c.Bool("v"), Colour: isatty.IsTerminal(os.Stdout.Fd())}
	progress := newProgress(os.Stderr)
	defer progress.End()
	var results []*scenario.Result
	for i, file := range files {
		if err := c.Context.Err(); err != nil {
			return err
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		progress.Set(i+1, len(files), file)
		results = append(results, scenario.Run(c.Context, file, data, options))
		progress.End()
		report.Add(results[len(results)-1])
	}
	passed := report.End()
	if err := writeJUnit(c.String("junit"), results); err != nil {
		return err
	}
	if !passed {
		return errors.New("a scenario failed; -v shows what its commands print")
	}
	return nil
}

// writeJUnit writes the results to a file, if it has a name.
func writeJUnit(name string, results []*scenario.Result) error {
	if name == "" {
		return nil
	}
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	defer file.Close()
	return scenario.WriteJUnit(file, results)
}
