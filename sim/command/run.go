package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"slices"
	"strconv"
	"syscall"

	"github.com/urfave/cli/v2"

	"dske/protocol"
	"dske/sim"
	"dske/sim/certs"
)

func runCommand() *cli.Command {
	return &cli.Command{
		Name:         "run",
		Usage:        "run a network until it is interrupted",
		ArgsUsage:    "[TOPOLOGY]",
		Action:       run,
		OnUsageError: onUsageError,
		BashComplete: completeFiles,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "listen", Value: defaultAddress, Usage: "serve on `ADDRESS`; port 0 picks a free one"},
			&cli.StringFlag{Name: "suite", Usage: suiteNames() + " (default: that of the topology, or " + protocol.Suites[0].Name() + ")"},
			&cli.StringFlag{Name: "key-source", Usage: "rng or, with suite its, psrd: keys are made of PSRD alone"},
			&cli.StringFlag{Name: "tls", Usage: "speak mutual TLS with the certificates in `DIR`; dske certs makes them"},
			&cli.BoolFlag{Name: "tls-all", Usage: "with --tls: ask every caller for a certificate, not just encryptors"},
			&cli.IntFlag{Name: "kme-port-base", Usage: "the ETSI API of each client also on a port of its own, from `P` on; 0 picks free ones", DefaultText: "no such ports"},
			&cli.BoolFlag{Name: "plan", Usage: "say how much memory and time the network would take and how many keys it could make, and don't run it"},
			&cli.StringFlag{Name: "transport", Value: sim.Loopback, Usage: "how nodes reach each other: loopback or memory"},
			&cli.Uint64Flag{Name: "seed", Usage: "make the run reproducible; its keys are then not secret"},
			&cli.StringFlag{Name: "log-level", Value: "warn", Usage: "debug, info, warn or error"},
			&cli.StringFlag{Name: "log-format", Value: "text", Usage: "text or json"},
		}, slices.Concat(generateFlags, psrdFlags)...),
	}
}

func run(c *cli.Context) error {
	progress := newProgress(os.Stderr)
	config, err := newConfig(c, progress)
	if err != nil {
		return err
	}
	if c.Bool("plan") {
		return printPlan(config.Topology)
	}
	network, err := sim.New(config)
	if err != nil {
		return usageError{err}
	}
	defer tuneCollector()()
	ended := make(chan error, 1)
	ctx, cancel := context.WithCancel(c.Context)
	defer cancel()
	go func() {
		defer cancel()
		ended <- network.Run(ctx)
	}()
	if waitReady(ctx, network, progress) == nil {
		printReady(network, config.TLS)
	}
	err = <-ended
	if errors.Is(err, syscall.EADDRINUSE) {
		err = fmt.Errorf("%w; name another address with --listen, or port 0 for a free one", err)
	}
	return err
}

// newConfig returns the network that the flags describe. Its log goes to w.
func newConfig(c *cli.Context, w io.Writer) (sim.Config, error) {
	config := sim.Config{
		Transport: c.String("transport"),
		Listen:    c.String("listen"),
		TLS:       certs.Directory(c.String("tls")),
		TLSAll:    c.Bool("tls-all"),
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
	if _, _, err := net.SplitHostPort(config.Listen); err != nil {
		return config, usagef("--listen: %w; an address is such as %s", err, defaultAddress)
	}
	if config.Logger, err = newLogger(c, w); err != nil {
		return config, err
	}
	if c.IsSet("seed") {
		fmt.Fprintln(w, "warning: with --seed the keys follow from the seed and are not secret")
		seed := c.Uint64("seed")
		config.Seed = &seed
	}
	config.KMEListen, err = kmeAddresses(c, len(t.Clients))
	return config, err
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

// kmeAddresses returns the addresses that --kme-port-base gives to the clients, on the host of --listen.
func kmeAddresses(c *cli.Context, clients int) ([]string, error) {
	if !c.IsSet("kme-port-base") {
		return nil, nil
	}
	host, _, err := net.SplitHostPort(c.String("listen"))
	if err != nil {
		return nil, usagef("--listen: %w", err)
	}
	base := c.Int("kme-port-base")
	if base < 0 || base+clients > 1<<16 {
		return nil, usagef("--kme-port-base: ports %d to %d are not in 0 to 65535", base, base+clients-1)
	}
	addresses := make([]string, clients)
	for i := range addresses {
		port := base
		if base > 0 {
			port += i
		}
		addresses[i] = net.JoinHostPort(host, strconv.Itoa(port))
	}
	return addresses, nil
}
