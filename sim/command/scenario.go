package command

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"

	"github.com/urfave/cli/v2"

	"dske/protocol"
	"dske/sim"
	"dske/sim/certs"
	"dske/sim/scenario"
)

func scenarioCommand() *cli.Command {
	return &cli.Command{
		Name:            "scenario",
		Usage:           "run scripts that drive, break and attack a network",
		ArgsUsage:       "FILE|DIR...",
		Action:          runScenarios,
		HideHelpCommand: true,
		BashComplete:    completeFiles,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "v", Usage: "print each command and its output"},
			&cli.StringFlag{Name: "url", Usage: "run the scenarios on the running network at `URL`", DefaultText: "a network of its own for each"},
			&cli.StringFlag{Name: "tls", Usage: "with --url: speak TLS with the certificates in `DIR`"},
			&cli.Uint64Flag{Name: "seed", Usage: "make the runs reproducible from `SEED`", DefaultText: "none"},
			&cli.StringFlag{Name: "transport", Value: sim.Memory, Usage: "unless a scenario says otherwise, let nodes reach each other over `HOW`: memory or loopback"},
			&cli.StringFlag{Name: "time", Value: scenario.Real, Usage: "unless a scenario says otherwise, run it in this `TIME`: real, or virtual, which does not wait"},
			&cli.StringFlag{Name: "suite", Usage: "unless a scenario says otherwise, use the `SUITE` " + suiteNames(), DefaultText: protocol.Suites[0].Name()},
			&cli.StringFlag{Name: "junit", Usage: "write the results to `FILE` as JUnit XML"},
		},
		Subcommands: []*cli.Command{{
			Name:      "help",
			Usage:     "describe the commands of scenarios, or those named",
			ArgsUsage: "[COMMAND...]",
			Action:    func(c *cli.Context) error { return scenario.Help(c.App.Writer, c.Args().Slice()...) },
		}},
	}
}

func runScenarios(c *cli.Context) error {
	if !c.Args().Present() {
		return usagef("scenario takes %s; see dske scenario help", c.Command.ArgsUsage)
	}
	if err := checkURL("url", networkURL(c)); err != nil {
		return err
	}
	if c.IsSet("url") {
		if err := checkWithout(c, "with --url", "seed", "transport", "time", "suite"); err != nil {
			return err
		}
	}
	if c.IsSet("tls") && !c.IsSet("url") {
		return usagef("--tls goes with --url")
	}
	files, err := scenario.Files(c.Args().Slice())
	if err != nil {
		return fmt.Errorf("%w; dske scenario takes %s, where scripts are *.txtar", err, c.Command.ArgsUsage)
	}
	options := scenario.Options{URL: c.String("url"), Transport: c.String("transport"), Time: c.String("time"), Suite: c.String("suite")}
	if c.IsSet("tls") {
		options.HTTP = inTheNameOf(c)
	}
	if _, err := protocol.SuiteNamed(options.Suite); err != nil && options.Suite != "" {
		return usagef("--suite: %w", err)
	}
	if t := options.Transport; t != sim.Memory && t != sim.Loopback {
		return usagef("--transport: %q is neither memory nor loopback", t)
	}
	if t := options.Time; t != scenario.Real && t != scenario.Virtual {
		return usagef("--time: %q is neither real nor virtual", t)
	}
	if options.Time == scenario.Virtual && options.Transport == sim.Loopback {
		return usagef("--time virtual does not go with --transport loopback: there are no ports in virtual time")
	}
	if c.IsSet("seed") {
		seed := c.Uint64("seed")
		options.Seed = &seed
	}
	report := scenario.Report{To: c.App.Writer, Verbose: c.Bool("v"), Colour: hasColours(os.Stdout)}
	progress := newProgress(os.Stderr)
	defer progress.End()
	var results []*scenario.Result
	for i, file := range files {
		if err := cmp.Or(c.Context.Err(), written(c)); err != nil {
			return err
		}
		file, data, err := readInput(file)
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

// inTheNameOf returns a function that gives the HTTP client to call a network that speaks TLS, in
// the name of an encryptor or of the operator.
func inTheNameOf(c *cli.Context) scenario.HTTP {
	var known sync.Map // HTTP clients by caller; each keeps its connections
	return func(from string) *http.Client {
		if client, found := known.Load(from); found {
			return client.(*http.Client)
		}
		client, err := httpClient(c, func(d certs.Directory) certs.Pair {
			if sae, isSAE := strings.CutPrefix(from, "sae/"); isSAE {
				return d.SAE(sae)
			}
			return d.Operator()
		})
		if err != nil {
			client = &http.Client{Transport: failing{err}}
		}
		known.Store(from, client)
		return client
	}
}

// failing is a transport on which every request fails.
type failing struct{ err error }

// RoundTrip implements [http.RoundTripper].
func (f failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }

// writeJUnit writes the results to a file, if it has a name.
func writeJUnit(name string, results []*scenario.Result) error {
	if name == "" {
		return nil
	}
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(scenario.WriteJUnit(file, results), file.Close())
}
