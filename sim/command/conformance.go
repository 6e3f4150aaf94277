package command

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"dske/etsi"
	"dske/etsi/conformance"
	"dske/sim/certs"
)

// checkConformance prints a table of checks and fails if one does.
func checkConformance(c *cli.Context, p pair) error {
	suite, err := newSuite(c, p)
	if err != nil {
		return err
	}
	count := map[string]int{}
	for r := range suite.Run(c.Context) {
		outcome, why := "conforms", ""
		switch {
		case r.Err != nil:
			outcome, why = "FAILED", ": "+r.Err.Error()
		case r.Skipped != "":
			outcome, why = "skipped", ": "+r.Skipped
		}
		count[outcome]++
		fmt.Fprintf(c.App.Writer, "%-11s  %-74s  %s%s\n", r.Clause, r.Name, outcome, why)
		if err := written(c); err != nil {
			return err
		}
	}
	fmt.Fprintf(c.App.Writer, "%d conform, %d failed, %d skipped\n", count["conforms"], count["FAILED"], count["skipped"])
	if err := c.Context.Err(); err != nil {
		return err
	}
	if n := count["FAILED"]; n > 0 {
		return fmt.Errorf("%d checks failed", n)
	}
	return nil
}

// newSuite returns the suite for a pair of encryptors and all others of the network.
func newSuite(c *cli.Context, p pair) (conformance.Suite, error) {
	party := func(client *etsi.Client) conformance.Party {
		return conformance.Party{SAE: client.SAE, URL: client.URL, HTTP: client.HTTP}
	}
	suite := conformance.Suite{Master: party(p.masterClient), Slave: party(p.slaveClient)}
	for _, sae := range p.overview.Encryptors() {
		if sae == p.master || sae == p.slave {
			continue
		}
		client, err := newClient(c, p.overview, sae)
		if err != nil {
			return suite, err
		}
		suite.Others = append(suite.Others, party(client))
	}
	dir := certs.Directory(c.String("tls"))
	if dir == "" {
		return suite, nil
	}
	anonymous, err := dir.Anonymous()
	if err != nil {
		return suite, err
	}
	stranger, err := dir.Stranger(p.master)
	suite.NoCertificate, suite.Stranger = overTLS(anonymous), overTLS(stranger)
	return suite, err
}
