package command

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"dske/node"
	"dske/node/conformance"
	"dske/protocol"
	"dske/sim"
	"dske/sim/certs"
	"dske/sim/secret"
)

// nodeClauseWidth is the width of the column with the sections of wire.md and its.md, in
// characters.
const nodeClauseWidth = 29

func conformanceCommand() *cli.Command {
	suite := &cli.StringFlag{Name: "suite", Usage: "check the rules of the `SUITE` " + suiteNames(), DefaultText: protocol.Suites[0].Name()}
	return &cli.Command{
		Name:   "conformance",
		Usage:  "check a hub or a client, of this program or any other, against protocol/wire.md and protocol/its/its.md",
		Action: unknownSubcommand,
		Subcommands: []*cli.Command{
			{
				Name: "hub", Usage: "check a hub, in the place of two clients that it serves", ArgsUsage: "URL", Action: checkHub,
				Flags: append([]cli.Flag{
					suite,
					&cli.StringFlag{Name: "master", Usage: "act as the client and encryptor `CLIENT=SAE` that make keys; that client must not run meanwhile", DefaultText: "names that an open hub accepts"},
					&cli.StringFlag{Name: "slave", Usage: "act as the client and encryptor `CLIENT=SAE` that fetch keys; that client must not run meanwhile", DefaultText: "names that an open hub accepts"},
					&cli.StringFlag{Name: "secret-file", Usage: "prove the identity of both clients with tokens derived from the secret in `FILE`"},
					&cli.StringFlag{Name: "master-token", Usage: "prove the identity of the master's client with the `TOKEN`"},
					&cli.StringFlag{Name: "slave-token", Usage: "prove the identity of the slave's client with the `TOKEN`"},
					&cli.StringFlag{Name: "tls", Usage: "speak TLS, and prove the identity of both clients, with the certificates in `DIR`"},
					&cli.BoolFlag{Name: "large", Usage: "include checks that move tens of megabytes"},
				}, reportFlags...),
			},
			{
				Name: "client", Usage: "check a client, in the place of its hubs and its encryptor", ArgsUsage: "URL", Action: checkClient,
				Flags: append([]cli.Flag{
					suite,
					&cli.StringFlag{Name: "listen", Value: "127.0.0.1:8200", Usage: "serve the hubs on `ADDRESS`, which must be local to this host"},
					&cli.IntFlag{Name: "hubs", Value: 5, Usage: "act as `N` hubs"},
					&cli.IntFlag{Name: "threshold", Usage: "expect the client to make keys from `K` shares", DefaultText: "a majority of the hubs"},
					&cli.StringFlag{Name: "peer", Value: "conformance-peer", Usage: "also act as the encryptor `SAE`, which shares keys with the client's"},
					&cli.DurationFlag{Name: "wait", Value: 2 * time.Minute, Usage: "wait up to `TIME` for the client to register"},
				}, reportFlags...),
			},
		},
	}
}

// checkHub checks a hub, prints a table of the checks, and fails if one of them does.
func checkHub(c *cli.Context) error {
	url, suite, err := checkedNode(c, node.KindHub)
	if err != nil {
		return err
	}
	h := conformance.Hub{URL: url, Suite: suite, Large: c.Bool("large")}
	if h.Master, err = checkingParty(c, "master"); err != nil {
		return err
	}
	if h.Slave, err = checkingParty(c, "slave"); err != nil {
		return err
	}
	if h.Master.Name == h.Slave.Name || h.Master.Encryptor == h.Slave.Encryptor {
		return usagef("--master and --slave must name two clients with an encryptor each")
	}
	results, err := h.Run(c.Context)
	if errors.Is(err, conformance.ErrNotAdmitted) {
		return fmt.Errorf("%w; name two clients that are enrolled there with --master and --slave, and their proof with --secret-file, --master-token and --slave-token, or --tls", err)
	}
	if err != nil {
		return err
	}
	return printChecks(c, url, nodeClauseWidth, results)
}

// checkedNode returns the URL of the node to check, and the suite.
func checkedNode(c *cli.Context, kind node.Kind) (url string, suite protocol.Suite, err error) {
	if c.NArg() != 1 {
		return "", nil, usagef("%s takes %s", c.Command.HelpName, c.Command.ArgsUsage)
	}
	if _, url, err = nodeAt(c.Args().First(), kind); err != nil {
		return "", nil, err
	}
	name := cmp.Or(c.String("suite"), protocol.Suites[0].Name())
	if suite, err = protocol.SuiteNamed(name); err != nil {
		return "", nil, usagef("--suite: %q is not %s", name, suiteNames())
	}
	if sim.InTheClear(url) {
		return "", nil, usagef("PSRD and tokens would travel to %s in the clear: use https and --tls, or an address of this host", url)
	}
	return url, suite, nil
}

// checkingParty returns the client that a flag names, with its proof of identity. The default
// names, which are for checks only, have tokens that everybody knows.
func checkingParty(c *cli.Context, role string) (conformance.Party, error) {
	name := "conformance-" + role
	p := conformance.Party{Name: name, Encryptor: name}
	if c.IsSet(role) {
		var found bool
		p.Name, p.Encryptor, found = strings.Cut(c.String(role), "=")
		if !found || protocol.CheckName(p.Name) != nil || protocol.CheckSAE(p.Encryptor) != nil {
			return p, usagef("--%s: %q is not a client and an encryptor of it, such as carol=sam", role, c.String(role))
		}
	}
	client, err := httpClient(c, func(dir certs.Directory) certs.Pair { return dir.ToHubs(p.Name) })
	if err != nil {
		return p, err
	}
	p.HTTP, p.Token, p.Certified = client, c.String(role+"-token"), c.IsSet("tls")
	switch {
	case p.Token != "":
	case c.IsSet("secret-file"):
		if _, err := os.Stat(c.String("secret-file")); err != nil { // otherwise a secret would be made that no hub knows
			return p, err
		}
		shared, err := secret.Open(c.String("secret-file"))
		if err != nil {
			return p, err
		}
		p.Token = shared.Token(p.Name)
	case !c.IsSet(role) && !c.IsSet("tls"):
		p.Token = name
	}
	return p, nil
}
