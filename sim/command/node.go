package command

import (
	"cmp"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"dske/node"
	"dske/protocol"
	"dske/sim"
	"dske/sim/certs"
	"dske/sim/secret"
	"dske/sim/topology"
)

// nodeFlags are the flags of both kinds of nodes.
var nodeFlags = []cli.Flag{
	&cli.StringFlag{Name: "listen", Value: defaultAddress, Usage: "serve on `ADDRESS`; port 0 picks a free one"},
	&cli.StringFlag{Name: "suite", Usage: "use the `SUITE` " + suiteNames(), DefaultText: protocol.Suites[0].Name()},
	&cli.StringFlag{Name: "tls", Usage: "speak mutual TLS with the certificates in `DIR`; dske certs makes them"},
	&cli.BoolFlag{Name: "tls-all", Usage: "with --tls: require a certificate of every caller, not only of encryptors"},
	&cli.StringFlag{Name: "data", Usage: "keep the state of the node in `DIR`, through crashes and restarts", DefaultText: "all is in memory"},
	&cli.BoolFlag{Name: "fresh-psrd", Usage: "with --data: throw away all blocks of PSRD at the start, for use after a copy of the whole directory was restored"},
	&cli.StringFlag{Name: "log-level", Value: "warn", Usage: "log messages of this `LEVEL` and above: debug, info, warn or error"},
	&cli.StringFlag{Name: "log-format", Value: "text", Usage: "write the log in this `FORMAT`: text or json"},
}

func nodeCommand() *cli.Command {
	return &cli.Command{
		Name:   "node",
		Usage:  "run one node, from flags alone",
		Action: unknownSubcommand,
		Subcommands: []*cli.Command{
			{
				Name: "hub", Usage: "run a hub, with which anybody may register", ArgsUsage: "NAME", Action: runHub,
				Flags: append([]cli.Flag{
					&cli.StringSliceFlag{Name: "hub", Usage: "the `URL` of each hub of the network, this one included, such as http://127.0.0.1:8100/hub/hank, in the same order at all nodes; suite its needs them"},
				}, nodeFlags...),
			},
			{
				Name: "client", Usage: "run a client", ArgsUsage: "NAME", Action: runClient,
				Flags: append([]cli.Flag{
					&cli.StringSliceFlag{Name: "hub", Usage: "the `URL` of each hub of the network, such as http://127.0.0.1:8100/hub/hank, in the same order at all nodes"},
					&cli.StringSliceFlag{Name: "encryptor", Usage: "the `ID` of an encryptor; may be repeated", DefaultText: "one with the name of the client"},
					&cli.IntFlag{Name: "threshold", Usage: "make keys from `K` shares", DefaultText: "a majority of the hubs"},
					&cli.StringFlag{Name: "secret-file", Usage: "prove to the hubs who this client is, with a token derived from the secret in `FILE`", Value: "dske.secret"},
				}, nodeFlags...),
			},
		},
	}
}

func runHub(c *cli.Context) error {
	name, t, err := nodeTopology(c, node.KindHub)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(t.Hubs, func(h topology.Hub) bool { return h.Name == name })
	switch {
	case i < 0 && len(t.Hubs) > 0:
		return usagef("--hub must name all hubs of the network, but %s is missing", name)
	case i < 0 && t.Suite == protocol.SuiteITS:
		return usagef("in suite %s a hub has a place among the hubs of the network: name them all, in the same order at all nodes, with --hub", t.Suite)
	case i < 0:
		t.Hubs, i = []topology.Hub{{Name: name}}, 0
	}
	t.Hubs[i].Elsewhere = false
	return runNode(c, t, name, nil)
}

func runClient(c *cli.Context) error {
	name, t, err := nodeTopology(c, node.KindClient)
	if err != nil {
		return err
	}
	own := topology.Client{Name: name}
	for _, id := range c.StringSlice("encryptor") {
		own.Encryptors = append(own.Encryptors, topology.Encryptor{Name: id})
	}
	for _, h := range t.Hubs {
		own.Hubs = append(own.Hubs, h.Name)
	}
	t.Clients = []topology.Client{own}
	if len(t.Hubs) < 2 {
		return usagef("a client needs at least two hubs: name each with --hub")
	}
	if err := t.Validate(); err != nil {
		return usageError{err}
	}
	shared, err := secret.Open(c.String("secret-file"))
	if err != nil {
		return err
	}
	return runNode(c, t, name, shared.Token)
}

// nodeTopology returns the name of the node, and the topology of the network that the flags
// describe. Enrolment is open, since the flags do not say who is in the network.
func nodeTopology(c *cli.Context, kind node.Kind) (name string, t *topology.Topology, err error) {
	if c.NArg() != 1 {
		return "", nil, usagef("%s takes %s", c.Command.HelpName, c.Command.ArgsUsage)
	}
	name = c.Args().First()
	if protocol.CheckName(name) != nil {
		return "", nil, usagef("%.64q cannot be the name of a %s: use 1 to 63 of a-z, 0-9, '.', '_' and '-', and start with a letter or digit", name, kind)
	}
	t = &topology.Topology{Suite: cmp.Or(c.String("suite"), protocol.Suites[0].Name()), KeySource: topology.KeysFromRNG, Enrolment: topology.EnrolmentOpen}
	t.PSRD = topology.PSRD{BlockSize: protocol.DefaultBlockSize, LowWater: protocol.DefaultLowWater, HighWater: protocol.DefaultHighWater}
	if _, err := protocol.SuiteNamed(t.Suite); err != nil {
		return "", nil, usagef("--suite: %q is not %s", t.Suite, suiteNames())
	}
	for _, text := range c.StringSlice("hub") {
		hub, err := hubAt(text)
		if err != nil {
			return "", nil, err
		}
		if slices.ContainsFunc(t.Hubs, func(h topology.Hub) bool { return h.Name == hub.Name }) {
			return "", nil, usagef("--hub: two hubs have the name %s", hub.Name)
		}
		t.Hubs = append(t.Hubs, hub)
	}
	t.Threshold = cmp.Or(c.Int("threshold"), len(t.Hubs)/2+1)
	return name, t, nil
}

// hubAt returns the hub at a URL of --hub.
func hubAt(text string) (topology.Hub, error) {
	name, url, err := nodeAt(text, node.KindHub)
	if err != nil {
		return topology.Hub{}, usagef("--hub: %w", err)
	}
	return topology.Hub{Name: name, URL: url, Elsewhere: true}, nil
}

// nodeAt returns the name of the node in the path of a URL, and the URL in its normal form.
func nodeAt(text string, kind node.Kind) (name, base string, err error) {
	base = strings.TrimSuffix(text, "/")
	u, err := url.Parse(base)
	isNode := false
	if err == nil {
		name, isNode = strings.CutPrefix(u.Path, node.Prefix(kind, ""))
	}
	if !isNode || protocol.CheckName(name) != nil || u.Host == "" || base != u.Scheme+"://"+u.Host+u.Path || u.Scheme != "http" && u.Scheme != "https" {
		example := map[node.Kind]string{node.KindHub: "hank", node.KindClient: "carol"}[kind]
		return "", "", usagef("%q is not the URL of a %s, such as http://%s%s", text, kind, defaultAddress, node.Prefix(kind, example))
	}
	return name, base, nil
}

// runNode runs the only node of a topology that is not elsewhere.
func runNode(c *cli.Context, t *topology.Topology, name string, tokens func(string) string) error {
	progress := newProgress(os.Stderr)
	config := sim.Config{
		Topology: t, Tokens: tokens, Listen: c.String("listen"), TLS: certs.Directory(c.String("tls")), TLSAll: c.Bool("tls-all"),
		Data: c.String("data"), FreshPSRD: c.Bool("fresh-psrd"), Pages: addNodePages,
	}
	if address := ownAddress(t, config.TLS != ""); address != "" && !c.IsSet("listen") {
		config.Listen = address
	}
	if _, _, err := net.SplitHostPort(config.Listen); err != nil {
		return usagef("--listen: %w; an address is such as %s", err, defaultAddress)
	}
	var err error
	if config.Logger, err = newLogger(c, progress); err != nil {
		return err
	}
	kind := node.KindHub
	if len(t.Clients) > 0 {
		kind = node.KindClient
	}
	return runNetwork(c, config, progress, func(to io.Writer, n *sim.Network, _ certs.Directory) error {
		_, err := fmt.Fprintf(to, "ready on %s%s, suite %s\n", n.URL(), node.Prefix(kind, name), t.Suite)
		return err
	})
}
