package command

import (
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"dske/sim/certs"
	"dske/sim/topology"
)

func certsCommand() *cli.Command {
	return &cli.Command{
		Name:         "certs",
		Usage:        "make the certificates of a network that speaks TLS",
		ArgsUsage:    "DIR [TOPOLOGY]",
		BashComplete: completeFiles,
		Flags: append([]cli.Flag{
			&cli.StringSliceFlag{Name: "host", Usage: "make the certificates of clients valid for `HOST`, a name or an IP address, too; may be repeated"},
		}, generateFlags...),
		Action: func(c *cli.Context) error {
			if !c.Args().Present() {
				return usagef("certs takes %s", c.Command.ArgsUsage)
			}
			t, err := chooseTopology(c, c.Args().Tail())
			if err != nil {
				return err
			}
			return writeCerts(c.App.Writer, certs.Directory(c.Args().First()), t, c.StringSlice("host"))
		},
	}
}

func writeCerts(to io.Writer, dir certs.Directory, t *topology.Topology, hosts []string) error {
	names := certs.Names{Hosts: hosts}
	for _, c := range t.Clients {
		names.KMEs = append(names.KMEs, c.Name)
		for _, e := range c.Encryptors {
			names.SAEs = append(names.SAEs, e.Name)
		}
		if len(c.Encryptors) == 0 {
			names.SAEs = append(names.SAEs, c.Name)
		}
	}
	if err := dir.Write(names); err != nil {
		return err
	}
	fmt.Fprintf(to, "%s: certificates of an authority, %d clients and %d encryptors\n", dir, len(names.KMEs), len(names.SAEs))
	return nil
}
