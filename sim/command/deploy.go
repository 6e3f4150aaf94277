package command

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"dske/sim/deploy"
)

func deployCommand() *cli.Command {
	return &cli.Command{
		Name:         "deploy",
		Usage:        "write the files that run each node in a process of its own, with an existing engine",
		ArgsUsage:    strings.Join(deploy.Engines(), "|") + " [TOPOLOGY]",
		BashComplete: completeFiles,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "out", Usage: "write into `DIR`, which must be empty or new"},
			&cli.IntFlag{Name: "port", Value: 8100, Usage: "the `PORT` in front; nodes on this machine get the ports after it"},
			&cli.BoolFlag{Name: "prometheus", Usage: "write a Prometheus configuration that scrapes all processes"},
			&cli.BoolFlag{Name: "grafana", Usage: "write a dashboard for Grafana"},
		}, generateFlags...),
		Action: writeDeployment,
	}
}

func writeDeployment(c *cli.Context) error {
	engine := c.Args().First()
	if !slices.Contains(deploy.Engines(), engine) {
		return usagef("deploy takes %s", c.Command.ArgsUsage)
	}
	if !c.IsSet("out") {
		return usagef("name a directory with --out")
	}
	t, err := chooseTopology(c, c.Args().Tail())
	if err != nil {
		return err
	}
	names, err := deploy.Write(c.String("out"), deploy.Config{
		Engine: engine, Topology: t, Port: c.Int("port"), Prometheus: c.Bool("prometheus"), Grafana: c.Bool("grafana"),
	})
	if err != nil {
		return err
	}
	if len(t.Links) > 0 {
		fmt.Fprintln(c.App.ErrWriter, "warning: the links of the topology apply in addition to the real network between the nodes")
	}
	for _, name := range names {
		fmt.Fprintln(c.App.Writer, filepath.Join(c.String("out"), name))
	}
	return nil
}
