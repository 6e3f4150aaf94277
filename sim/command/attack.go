package command

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/urfave/cli/v2"

	"dske/sim"
	"dske/sim/attack"
	"dske/sim/exchange"
)

// attackCommand gives an attacker parts of a running network, has a key made, and prints what the
// attacker knows of it.
func attackCommand() *cli.Command {
	return &cli.Command{
		Name:         "attack",
		Usage:        "establish a key in a running network, and say what an attacker knows of it",
		ArgsUsage:    "MASTER SLAVE, for example sam sofia",
		BashComplete: completeNames(sim.Overview.Encryptors),
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "hubs", Usage: "the attacker has broken into `HUBS`, separated by commas"},
			&cli.StringFlag{Name: "links", Value: "none", Usage: "what the attacker does on the links between the nodes: `WHAT` is none, listen or act"},
			&cli.BoolFlag{Name: "client", Usage: "the attacker has a client"},
			&cli.BoolFlag{Name: "json", Usage: "print JSON"},
		}, networkFlags...),
		Action: runAttack,
	}
}

func runAttack(c *cli.Context) error {
	if c.NArg() != 2 {
		return usagef("%s takes %s", c.Command.HelpName, c.Command.ArgsUsage)
	}
	remote, _, err := running(c)
	if err != nil {
		return err
	}
	owns := attack.Owns{Links: c.String("links"), Hubs: []string{}, Client: c.Bool("client")}
	for hub := range strings.SplitSeq(c.String("hubs"), ",") {
		if hub = strings.TrimPrefix(hub, "hub/"); hub != "" {
			owns.Hubs = append(owns.Hubs, hub)
		}
	}
	if err := remote.Put(c.Context, attack.Path, owns, &owns); err != nil {
		return err
	}
	defer remote.Delete(context.WithoutCancel(c.Context), attack.Path) // if it fails, the network is gone
	x, err := exchange.Ask(c.Context, remote, c.Args().Get(0), c.Args().Get(1))
	if err != nil {
		return err
	}
	var known attack.Knowledge
	if err := remote.Get(c.Context, attack.Path+"?exchange="+url.QueryEscape(x.ID), &known); err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(c.App.Writer, known)
	}
	printKnowledge(c, x, known)
	return nil
}

func printKnowledge(c *cli.Context, x exchange.Kept, known attack.Knowledge) {
	out := c.App.Writer
	fmt.Fprintf(out, "key %s of %s and %s, fingerprint %s\n", x.Master.KeyID, x.Master.Encryptor, x.Slave.Encryptor, x.Master.Fingerprint)
	var hubs []string
	for _, s := range known.Shares {
		hubs = append(hubs, fmt.Sprintf("%d (%s)", s.Number, s.Hub))
	}
	shares := "none"
	if len(hubs) > 0 {
		shares = strings.Join(hubs, ", ")
	}
	fmt.Fprintf(out, "shares that the attacker knows: %s; %d are needed\n", shares, known.Threshold)
	if known.Recovered {
		fmt.Fprintf(out, "the attacker has the key, fingerprint %s\n", known.Fingerprint)
	} else {
		fmt.Fprintln(out, "the attacker does not have the key")
	}
	for _, v := range known.Suites {
		where := "a twin of it"
		if v.Here {
			where = "this network"
		}
		fmt.Fprintf(out, "suite %s (%s): %s. %s\n", v.Suite, where, v.Verdict, v.Reason)
	}
}
