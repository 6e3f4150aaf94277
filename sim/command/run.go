package command

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"dske/protocol"
	"dske/sim"
	"dske/sim/certs"
	"dske/sim/topology"
)

func runCommand() *cli.Command {
	return &cli.Command{
		Name:         "run",
		Usage:        "run a network until it is interrupted",
		ArgsUsage:    "[TOPOLOGY]",
		Action:       run,
		BashComplete: completeFiles,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "listen", Value: defaultAddress, Usage: "serve on `ADDRESS`; port 0 picks a free one"},
			&cli.StringFlag{Name: "only", Usage: "run only these `NODES` here, such as hub/hank,client/carol; the topology has the URLs of the others", DefaultText: "all without a url"},
			&cli.StringFlag{Name: "secret-file", Usage: "derive the tokens of the clients from the secret in `FILE`, which all processes of the network share", DefaultText: "TOPOLOGY.secret, if nodes run elsewhere"},
			&cli.StringFlag{Name: "suite", Usage: "use the `SUITE` " + suiteNames(), DefaultText: "that of the topology, or " + protocol.Suites[0].Name()},
			&cli.StringFlag{Name: "key-source", Usage: "make keys from this `SOURCE`: rng, a random generator, or psrd, in suite its only", DefaultText: "that of the topology, or rng"},
			&cli.BoolFlag{Name: "open", Usage: "let strangers register names that are not in the topology; for tests and games"},
			&cli.StringFlag{Name: "tls", Usage: "speak mutual TLS with the certificates in `DIR`; dske certs makes them"},
			&cli.BoolFlag{Name: "tls-all", Usage: "with --tls: require a certificate of every caller, not only of encryptors"},
			&cli.StringFlag{Name: "viewers", Usage: "serve the page also on `ADDRESS`, for viewers, who cannot change anything", DefaultText: "no such port"},
			&cli.BoolFlag{Name: "strict", Usage: "answer encryptors to the letter of ETSI GS QKD 014: a 401 has no body"},
			&cli.StringFlag{Name: "hostile", Usage: "give each request of an encryptor a fault with this `CHANCE`, such as 5%; dske scenario help fault lists them", DefaultText: "no"},
			&cli.BoolFlag{Name: "plan", Usage: "do not run the network; print how much memory and time it would take and how many keys it could make"},
			&cli.StringFlag{Name: "transport", Value: sim.Loopback, Usage: "let nodes reach each other over `HOW`: loopback or memory"},
			&cli.StringFlag{Name: "data", Usage: "keep the state of all nodes in `DIR`, through crashes and restarts", DefaultText: "all is in memory"},
			&cli.BoolFlag{Name: "fresh-psrd", Usage: "with --data: throw away all blocks of PSRD at the start, for use after a copy of the whole directory was restored"},
			&cli.Uint64Flag{Name: "seed", Usage: "make the run reproducible from `SEED`; then its keys are not secret", DefaultText: "none"},
			&cli.StringFlag{Name: "log-level", Value: "warn", Usage: "log messages of this `LEVEL` and above: debug, info, warn or error"},
			&cli.StringFlag{Name: "log-format", Value: "text", Usage: "write the log in this `FORMAT`: text or json"},
		}, slices.Concat(portFlags, generateFlags, psrdFlags)...),
	}
}

func run(c *cli.Context) error {
	progress := newProgress(os.Stderr)
	config, err := newConfig(c, progress)
	if err != nil {
		return err
	}
	if c.Bool("plan") {
		return printPlan(c.App.Writer, config.Topology)
	}
	return runNetwork(c, config, progress, printReady)
}

// runNetwork runs a network until the command is interrupted, and calls ready when it is ready.
func runNetwork(c *cli.Context, config sim.Config, progress *progress, ready func(io.Writer, *sim.Network, certs.Directory) error) error {
	network, err := sim.New(config)
	if err != nil {
		return usageError{err}
	}
	if err := beHostile(c, network); err != nil {
		return err
	}
	defer sim.TuneCollector()()
	ended := make(chan error, 1)
	ctx, cancel := context.WithCancel(c.Context)
	defer cancel()
	go func() {
		defer cancel()
		ended <- network.Run(ctx)
	}()
	var unprinted error
	if waitReady(ctx, network, progress) == nil {
		if unprinted = ready(os.Stdout, network, config.TLS); unprinted != nil {
			cancel()
		}
		config.Logger.Info("ready", "url", network.URL())
	}
	return cmp.Or(explainListen(<-ended, config), unprinted)
}

// beHostile adds the fault that --hostile asks for.
func beHostile(c *cli.Context, n *sim.Network) error {
	text := c.String("hostile")
	if text == "" {
		return nil
	}
	number, isPercent := strings.CutSuffix(text, "%")
	chance, err := strconv.ParseFloat(number, 64)
	if isPercent {
		chance /= 100
	}
	if err != nil || !(chance > 0 && chance <= 1) {
		return usagef("--hostile: %q is not a chance such as 5%% or 0.05", text)
	}
	return n.Wire().AddFault(fmt.Sprintf("hostile from=sae/* prob=%g", chance))
}

// newConfig returns the configuration of the network that the flags describe. Its log goes to w.
func newConfig(c *cli.Context, w io.Writer) (sim.Config, error) {
	config := sim.Config{
		Transport: c.String("transport"),
		Listen:    c.String("listen"),
		TLS:       certs.Directory(c.String("tls")),
		TLSAll:    c.Bool("tls-all"),
		Strict:    c.Bool("strict"),
		Viewers:   c.String("viewers"),
		Data:      c.String("data"),
		FreshPSRD: c.Bool("fresh-psrd"),
		Pages:     addPages,
	}
	t, err := chooseTopology(c, c.Args().Slice())
	if err != nil {
		return config, err
	}
	if err := adjust(c, t); err != nil {
		return config, err
	}
	config.Topology = t
	if err := divide(c, &config); err != nil {
		return config, err
	}
	if _, _, err := net.SplitHostPort(config.Listen); err != nil {
		return config, usagef("--listen: %w; an address is such as %s", err, defaultAddress)
	}
	if _, _, err := net.SplitHostPort(config.Viewers); config.Viewers != "" && err != nil {
		return config, usagef("--viewers: %w; an address is such as 0.0.0.0:8101", err)
	}
	if config.Logger, err = newLogger(c, w); err != nil {
		return config, err
	}
	if c.IsSet("seed") {
		fmt.Fprintln(w, "warning: with --seed the keys derive from the seed and are not secret")
		seed := c.Uint64("seed")
		config.Seed = &seed
	}
	if t.Enrolment == topology.EnrolmentOpen {
		fmt.Fprintln(w, "warning: enrolment is open: strangers may register names that are not in the topology")
	}
	return config, addPorts(c, &config)
}

// newLogger returns the log that the flags ask for.
func newLogger(c *cli.Context, w io.Writer) (*slog.Logger, error) {
	options := &slog.HandlerOptions{}
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.String("log-level"))); err != nil {
		return nil, usagef("--log-level: %q is not debug, info, warn or error", c.String("log-level"))
	}
	options.Level = level
	switch format := c.String("log-format"); format {
	case "text":
		return slog.New(slog.NewTextHandler(w, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, options)), nil
	default:
		return nil, usagef("--log-format: %q is neither text nor json", format)
	}
}
