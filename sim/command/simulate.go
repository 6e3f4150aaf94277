package command

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/urfave/cli/v2"

	"dske/sim"
	"dske/sim/experiment"
	"dske/sim/yamlfile"
)

func simulateCommand() *cli.Command {
	return &cli.Command{
		Name:         "simulate",
		Usage:        "run an experiment of months in virtual time, with the real nodes",
		ArgsUsage:    "FILE|--hunt",
		Action:       simulate,
		BashComplete: completeFiles,
		Flags: []cli.Flag{
			&cli.Uint64Flag{Name: "seed", Value: 1, Usage: "draw everything from `SEED`, and from the following ones for further runs"},
			&cli.IntFlag{Name: "runs", Usage: "run each point with `R` seeds", DefaultText: "those of the file"},
			&cli.StringFlag{Name: "for", Usage: "let each run last `TIME`, such as 30d", DefaultText: "that of the file"},
			&cli.StringFlag{Name: "out", Usage: "write runs.csv, series.csv, summary.json and report.html into `DIR`", DefaultText: "only print a table"},
			&cli.IntFlag{Name: "jobs", Usage: "make `J` runs at the same time", DefaultText: "as many as there are processors"},
			&cli.BoolFlag{Name: "hunt", Usage: "without FILE: look for violations in --runs random networks with random faults; write a failure as a scenario"},
			&cli.StringFlag{Name: "trace", Usage: "write every message of the first run to `FILE`", DefaultText: "none"},
		},
	}
}

func simulate(c *cli.Context) (err error) {
	if c.Bool("hunt") {
		return huntFor(c)
	}
	if c.NArg() != 1 {
		return usagef("simulate takes %s", c.Command.ArgsUsage)
	}
	name, data, err := readInput(c.Args().First())
	if err != nil {
		return err
	}
	e, err := experiment.Load(name, data)
	if err != nil {
		return err
	}
	o := experiment.Options{Seed: c.Uint64("seed"), Runs: c.Int("runs"), Jobs: jobsOf(c)}
	if text := c.String("for"); text != "" {
		if o.For, err = yamlfile.ParseDuration(text); err != nil || o.For <= 0 {
			return usagef("--for: %q is not a time such as 30d", text)
		}
	}
	if file := c.String("trace"); file != "" {
		f, err := os.Create(file)
		if err != nil {
			return err
		}
		w := bufio.NewWriter(f)
		o.Trace = w
		defer func() { err = errors.Join(err, w.Flush(), f.Close()) }()
	}
	result, err := runExperiment(c.Context, e, o)
	if err != nil {
		return err
	}
	if err := result.Print(c.App.Writer); err != nil {
		return err
	}
	if dir := c.String("out"); dir != "" {
		if err := result.Write(dir); err != nil {
			return err
		}
		fmt.Fprintf(c.App.Writer, "\nruns.csv, series.csv, summary.json and report.html are in %s\n", dir)
	}
	return nil
}

// jobsOf returns the number of runs at the same time.
func jobsOf(c *cli.Context) int {
	return cmp.Or(c.Int("jobs"), runtime.GOMAXPROCS(0))
}

// runExperiment runs an experiment, and shows the progress.
func runExperiment(ctx context.Context, e *experiment.Experiment, o experiment.Options) (result *experiment.Result, err error) {
	defer sim.TuneCollector()()
	defer tuneProcessors(min(o.Jobs, e.Number(o)))()
	var passed atomic.Int64
	o.Progress = func(d time.Duration) { passed.Add(int64(d)) }
	total := e.Length(o)
	newProgress(os.Stderr).during(func() { result, err = e.Run(ctx, o) }, func() (int, int, string) {
		return int(time.Duration(passed.Load()).Hours()), int(total.Hours()), "virtual hours"
	})
	return result, err
}
