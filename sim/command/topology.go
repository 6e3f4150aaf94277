package command

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"dske/protocol"
	"dske/sim/topology"
)

// generateFlags describe a generated topology.
var generateFlags = []cli.Flag{
	&cli.IntFlag{Name: "hubs", Usage: "generate a topology with `N` hubs: hub1, hub2, and so on", DefaultText: "use a file"},
	&cli.IntFlag{Name: "clients", Usage: "with --hubs: generate `M` clients: client1 with encryptor sae1, and so on", DefaultText: "none"},
	&cli.IntFlag{Name: "hubs-per-client", Usage: "with --hubs: let each client use `P` of the hubs; neighbours have most of them in common", DefaultText: "all"},
	&cli.IntFlag{Name: "threshold", Usage: "with --hubs: make keys from `K` shares", DefaultText: "a majority of the hubs of a client"},
}

// psrdFlags override the size and filling of pools in the topology.
var psrdFlags = []cli.Flag{
	&cli.IntFlag{Name: "block-size", Usage: "make blocks and pools of PSRD `BYTES` long", DefaultText: "that of the topology, or 16384"},
	&cli.StringFlag{Name: "psrd", Usage: "fill the pools `WHEN` the network starts (eager) or when they are first needed (lazy)", DefaultText: "that of the topology, or eager"},
}

// suiteNames returns the names of the suites, for a text.
func suiteNames() string { return strings.Join(protocol.SuiteNames(), " or ") }

// chooseTopology returns the topology that the flags describe, or that of the file in args.
func chooseTopology(c *cli.Context, args []string) (*topology.Topology, error) {
	generate := c.IsSet("hubs") || c.IsSet("clients")
	switch {
	case len(args) > 1:
		return nil, usagef("%s takes one topology file, not %d", c.Command.Name, len(args))
	case generate && len(args) == 1:
		return nil, usagef("give either a topology file or --hubs and --clients")
	case generate && !(c.IsSet("hubs") && c.IsSet("clients")):
		return nil, usagef("--hubs and --clients go together")
	case generate:
		return asUsage(topology.Generate(topology.Sizes{
			Hubs: c.Int("hubs"), Clients: c.Int("clients"), HubsPerClient: c.Int("hubs-per-client"), Threshold: c.Int("threshold"),
		}))
	case c.IsSet("threshold"):
		return nil, usagef("--threshold goes with --hubs and --clients; in a topology file, set threshold")
	case c.IsSet("hubs-per-client"):
		return nil, usagef("--hubs-per-client goes with --hubs and --clients; in a topology file, list the hubs of a client")
	case len(args) == 1:
		name, data, err := readInput(args[0])
		if err != nil {
			return nil, fmt.Errorf("%w; without a file it is the reference topology", err)
		}
		return topology.Load(name, data)
	}
	return topology.Reference(), nil
}

// adjust changes a topology as the flags say, and validates the result.
func adjust(c *cli.Context, t *topology.Topology) error {
	t.Suite = cmp.Or(c.String("suite"), t.Suite)
	t.KeySource = cmp.Or(c.String("key-source"), t.KeySource)
	if c.Bool("open") {
		t.Enrolment = topology.EnrolmentOpen
	}
	if size := c.Int("block-size"); c.IsSet("block-size") {
		t.PSRD.BlockSize, t.PSRD.LowWater, t.PSRD.HighWater = size, size/4, size
	}
	switch fill := c.String("psrd"); fill {
	case "":
	case "eager", "lazy":
		t.PSRD.Lazy = fill == "lazy"
	default:
		return usagef("--psrd: %q is neither eager nor lazy", fill)
	}
	if err := t.Validate(); err != nil {
		return usageError{err}
	}
	return nil
}

func asUsage(t *topology.Topology, err error) (*topology.Topology, error) {
	if err != nil {
		return nil, usageError{err}
	}
	return t, nil
}
