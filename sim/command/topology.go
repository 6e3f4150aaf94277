package command

import (
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	"dske/sim/topology"
	"dske/testdata"
)

const defaultTopology = "topologies/reference.yaml" // in package testdata

// generateFlags describe a topology instead of a file.
var generateFlags = []cli.Flag{
	&cli.IntFlag{Name: "hubs", Usage: "instead of a file: generate `N` hubs, hub1 and so on"},
	&cli.IntFlag{Name: "clients", Usage: "generate `M` clients, client1 with encryptor sae1 and so on"},
	&cli.IntFlag{Name: "threshold", Usage: "`K` shares make a key (default: N/2+1)"},
}

// chooseTopology returns the topology that flags or args, a file, name.
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
		return asUsage(topology.Generate(c.Int("hubs"), c.Int("clients"), c.Int("threshold")))
	case c.IsSet("threshold"):
		return nil, usagef("--threshold goes with --hubs and --clients; in a topology file, set threshold")
	case len(args) == 1:
		data, err := os.ReadFile(args[0])
		if err != nil {
			return nil, fmt.Errorf("%w; without a file it is %s", err, defaultTopology)
		}
		return topology.Load(args[0], data)
	}
	return referenceTopology()
}

func referenceTopology() (*topology.Topology, error) {
	data, err := testdata.Topologies.ReadFile(defaultTopology)
	if err != nil {
		return nil, err
	}
	return topology.Load(defaultTopology, data)
}

func asUsage(t *topology.Topology, err error) (*topology.Topology, error) {
	if err != nil {
		return nil, usageError{err}
	}
	return t, nil
}
