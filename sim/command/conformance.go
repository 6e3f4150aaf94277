package command

import (
	"cmp"
	"errors"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"dske/etsi"
	"dske/etsi/conformance"
	"dske/sim/certs"
)

// conformanceFlags say what else is checked besides ETSI GS QKD 014 and SKIP.
var conformanceFlags = []cli.Flag{
	&cli.StringFlag{Name: "against", Usage: "validate answers against the JSON schemas in `DIR`, such as status.json, key_container.json and error.json"},
	&cli.StringFlag{Name: "004-master", Usage: "also check ETSI GS QKD 004, at `HOST:PORT` of the master's client; needs --tls", DefaultText: "that of the network, if it has streams"},
	&cli.StringFlag{Name: "004-slave", Usage: "with --004-master: `HOST:PORT` of the slave's client"},
}

// checkConformance runs the checks, prints a table of them, and fails if one of them does.
func checkConformance(c *cli.Context, p pair) error {
	suite, err := newSuite(c, p)
	if err != nil {
		return err
	}
	return printChecks(c, suite.Master.URL+" and "+suite.Slave.URL, 12, suite.Run(c.Context))
}

// newSuite returns the suite for a pair of encryptors and all others of the network.
func newSuite(c *cli.Context, p pair) (conformance.Suite, error) {
	party := func(client *etsi.Client) conformance.Party {
		return conformance.Party{SAE: client.SAE, URL: client.URL, HTTP: client.HTTP, SKIP: strings.TrimSuffix(client.URL, "/etsi") + "/skip"}
	}
	suite := conformance.Suite{Master: party(p.masterClient), Slave: party(p.slaveClient)}
	for _, sae := range p.overview.Encryptors() {
		if sae == p.master || sae == p.slave {
			continue
		}
		client, err := newClient(c, p.overview, sae)
		if errors.Is(err, os.ErrNotExist) { // the encryptor keeps its key elsewhere; the checks do without it
			continue
		}
		if err != nil {
			return suite, err
		}
		suite.Others = append(suite.Others, party(client))
	}
	if against := c.String("against"); against != "" {
		schemas, err := conformance.LoadSchemas(against)
		if err != nil {
			return suite, err
		}
		suite.Schemas = schemas
	}
	dir := certs.Directory(c.String("tls"))
	if err := addStreams(c, p, &suite, dir); err != nil || dir == "" {
		return suite, err
	}
	anonymous, err := dir.Anonymous()
	if err != nil {
		return suite, err
	}
	stranger, err := dir.Stranger(p.master)
	suite.NoCertificate, suite.Stranger = overTLS(anonymous), overTLS(stranger)
	return suite, err
}

// addStreams adds the addresses of streams if flags or the network name them.
func addStreams(c *cli.Context, p pair, suite *conformance.Suite, dir certs.Directory) error {
	suite.Master.Stream = cmp.Or(c.String("004-master"), p.overview.StreamsOf(p.master))
	suite.Slave.Stream = cmp.Or(c.String("004-slave"), p.overview.StreamsOf(p.slave))
	if suite.Master.Stream == "" && suite.Slave.Stream == "" {
		return nil
	}
	if suite.Master.Stream == "" || suite.Slave.Stream == "" || dir == "" {
		return usagef("--004-master, --004-slave and --tls go together")
	}
	for _, p := range []*conformance.Party{&suite.Master, &suite.Slave} {
		config, err := dir.Client(dir.SAE(p.SAE))
		if err != nil {
			return err
		}
		p.TLS = config
	}
	return nil
}
