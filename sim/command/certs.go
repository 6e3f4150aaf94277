package command

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"dske/sim/certs"
	"dske/sim/topology"
)

func certsCommand() *cli.Command {
	return &cli.Command{
		Name:         "certs",
		Usage:        "make the certificates for a network that speaks mutual TLS",
		ArgsUsage:    "DIR [TOPOLOGY]",
		OnUsageError: onUsageError,
		BashComplete: completeFiles,
		Flags: append([]cli.Flag{
			&cli.StringSliceFlag{Name: "host", Usage: "a further `HOST` name or IP address that clients are reached at; may be repeated"},
		}, generateFlags...),
		Action: func(c *cli.Context) error {
			if !c.Args().Present() {
				return usagef("certs takes %s", c.Command.ArgsUsage)
			}
			t, err := chooseTopology(c, c.Args().Tail())
			if err != nil {
				return err
			}
			return writeCerts(certs.Directory(c.Args().First()), t, c.StringSlice("host"))
		},
	}
}

func writeCerts(dir certs.Directory, t *topology.Topology, hosts []string) error {
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
	fmt.Printf("%s: certificates of an authority, %d clients and %d encryptors\n", dir, len(names.KMEs), len(names.SAEs))
	return nil
}
