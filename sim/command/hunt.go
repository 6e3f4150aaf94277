package command

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"dske/node"
	"dske/sim"
	"dske/sim/hunt"
)

// defaultSeeds is the number of seeds of a hunt if no flag sets it.
const defaultSeeds = 100

// huntFor hunts, and prints the outcome.
func huntFor(c *cli.Context) error {
	if c.Args().Present() {
		return usagef("--hunt draws its own networks: leave out %s", c.Args().First())
	}
	if err := checkWithout(c, "with --hunt", "for", "trace"); err != nil {
		return err
	}
	seeds := cmp.Or(c.Int("runs"), defaultSeeds)
	p := newProgress(os.Stderr)
	defer sim.TuneCollector()()
	r := hunt.Hunt(c.Context, c.Uint64("seed"), seeds, jobsOf(c), func(done int, _ uint64) { p.Set(done, seeds, "seeds") })
	p.End()
	if err := c.Context.Err(); err != nil {
		return fmt.Errorf("%w; nothing was found in %d seeds from %d on", err, max(0, r.Seeds-jobsOf(c)), c.Uint64("seed"))
	}
	if r.Failure != nil {
		return reportCatch(c, r)
	}
	fmt.Fprintf(c.App.Writer, "%d seeds from %d on: nothing found\n", r.Seeds, c.Uint64("seed"))
	for _, what := range r.Never(node.Reasons()) {
		fmt.Fprintln(c.App.Writer, "never occurred:", what)
	}
	return nil
}

// reportCatch writes the scenario of the failure that was found.
func reportCatch(c *cli.Context, r *hunt.Result) error {
	text, err := r.Plan.Scenario(fmt.Sprintf("Seed %d of a hunt: %v", r.Seed, r.Failure), r.Seed)
	if err != nil {
		return err
	}
	dir := cmp.Or(c.String("out"), ".")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	name := filepath.Join(dir, fmt.Sprintf("hunt-%d.txtar", r.Seed))
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		return err
	}
	return fmt.Errorf("seed %d: %w; dske scenario %s shows it again, in %d steps", r.Seed, r.Failure, name, len(r.Plan.Steps))
}
