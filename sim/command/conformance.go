package command

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"dske/etsi"
	"dske/etsi/conformance"
	"dske/sim/certs"
)

// conformanceFlags say what is checked beside ETSI GS QKD 014 and SKIP, and where the outcome goes.
var conformanceFlags = []cli.Flag{
	&cli.StringFlag{Name: "json", Usage: "write a report to `FILE`, in JSON"},
	&cli.StringFlag{Name: "junit", Usage: "write a report to `FILE`, as JUnit XML"},
	&cli.StringFlag{Name: "html", Usage: "write a report to `FILE`, as a page with what was asked and answered"},
	&cli.StringFlag{Name: "against", Usage: "compare answers with the JSON schemas in `DIR`, such as status.json, key_container.json and error.json"},
	&cli.StringFlag{Name: "004-master", Usage: "check ETSI GS QKD 004 too: `HOST:PORT` of the master's client; takes --tls", DefaultText: "where the network says, if it has streams"},
	&cli.StringFlag{Name: "004-slave", Usage: "with --004-master: `HOST:PORT` of the slave's client"},
}

// checkConformance prints a table of checks and fails if one does.
func checkConformance(c *cli.Context, p pair) error {
	suite, err := newSuite(c, p)
	if err != nil {
		return err
	}
	report := conformance.Report{Title: suite.Master.URL + " and " + suite.Slave.URL, Made: time.Now().UTC()}
	standard := ""
	for r := range suite.Run(c.Context) {
		report.Results = append(report.Results, r)
		if standard != r.Standard {
			standard = r.Standard
			fmt.Fprintln(c.App.Writer, standard)
		}
		outcome, why := r.Outcome()
		if why != "" {
			why = ": " + why
		}
		fmt.Fprintf(c.App.Writer, "%-12s  %-74s  %s%s\n", r.Clause, r.Name, outcome, why)
		if err := written(c); err != nil {
			return err
		}
	}
	conform, failed, skipped := report.Count()
	fmt.Fprintf(c.App.Writer, "%d conform, %d failed, %d skipped\n", conform, failed, skipped)
	if err := errors.Join(c.Context.Err(), writeReports(c, report)); err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("%d checks failed", failed)
	}
	return nil
}

// writeReports writes the reports that flags ask for.
func writeReports(c *cli.Context, report conformance.Report) error {
	var failures []error
	for flag, write := range map[string]func(io.Writer, conformance.Report) error{
		"json": conformance.WriteJSON, "junit": conformance.WriteJUnit, "html": conformance.WriteHTML,
	} {
		file := c.String(flag)
		if file == "" {
			continue
		}
		var text bytes.Buffer
		if err := write(&text, report); err != nil {
			return err
		}
		failures = append(failures, os.WriteFile(file, text.Bytes(), 0o644))
	}
	return errors.Join(failures...)
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
		if errors.Is(err, os.ErrNotExist) { // it keeps its key to itself, and the checks do without it
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

// addStreams adds the addresses of streams, if flags or the network name them.
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
