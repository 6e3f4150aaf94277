package command

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"dske/protocol"
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
			&cli.StringSliceFlag{Name: "host", Usage: "a further `HOST` name or IP address of all clients; may be repeated"},
			&cli.StringSliceFlag{Name: "kme-host", Usage: "a further host of one client, as `CLIENT=HOST`; may be repeated"},
			&cli.BoolFlag{Name: "bundle", Usage: "also write certificate and key of each encryptor into one file: a .pem, and a .p12 with the password " + certs.Password},
			&cli.BoolFlag{Name: "add", Usage: "keep the certificates in DIR, and add those that it lacks"},
			&cli.StringSliceFlag{Name: "sae", Usage: "instead of a topology: add the encryptor with this `ID`; may be repeated"},
			&cli.StringFlag{Name: "csr", Usage: "sign the certificate request in `FILE` for the encryptor --sae, or else the one that it has as common name"},
			&cli.StringFlag{Name: "trust", Usage: "also accept encryptors with certificates of the authorities in `FILE`, such as a vendor's"},
		}, generateFlags...),
		Action: makeCerts,
	}
}

func makeCerts(c *cli.Context) error {
	if !c.Args().Present() {
		return usagef("certs takes %s", c.Command.ArgsUsage)
	}
	dir, rest := certs.Directory(c.Args().First()), c.Args().Tail()
	if c.IsSet("trust") {
		return trust(c, dir, rest)
	}
	names, err := certNames(c, rest)
	if err != nil {
		return err
	}
	if c.Bool("add") || c.IsSet("sae") || c.IsSet("csr") {
		added, err := dir.Add(names)
		if err != nil {
			return err
		}
		if len(added) == 0 {
			fmt.Fprintf(c.App.Writer, "%s: nothing is missing\n", dir)
		}
		for _, path := range added {
			fmt.Fprintln(c.App.Writer, path)
		}
		return nil
	}
	if err := dir.Write(names); err != nil {
		return err
	}
	fmt.Fprintf(c.App.Writer, "%s: certificates of an authority, %d hubs, %d clients and %d encryptors\n", dir, len(names.Hubs), len(names.KMEs), len(names.SAEs))
	return nil
}

// trust adds the authorities in the file of --trust.
func trust(c *cli.Context, dir certs.Directory, rest []string) error {
	file := c.String("trust")
	if len(rest) > 0 {
		return usagef("--trust takes a directory and no topology")
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	path, err := dir.Trust(data)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	fmt.Fprintln(c.App.Writer, path)
	return nil
}

// certNames returns the names that the flags and the topology ask certificates for.
func certNames(c *cli.Context, args []string) (certs.Names, error) {
	names := certs.Names{Hosts: c.StringSlice("host"), HostsOf: map[string][]string{}, Bundles: c.Bool("bundle")}
	for _, text := range c.StringSlice("kme-host") {
		client, host, found := strings.Cut(text, "=")
		if !found || client == "" || host == "" {
			return names, usagef("--kme-host takes CLIENT=HOST, not %q", text)
		}
		names.HostsOf[client] = append(names.HostsOf[client], host)
	}
	if c.IsSet("sae") || c.IsSet("csr") {
		if len(args) > 0 || c.IsSet("hubs") || c.IsSet("clients") {
			return names, usagef("--sae and --csr go without a topology")
		}
		return names, nameSAEs(c, &names)
	}
	t, err := chooseTopology(c, args)
	if err != nil {
		return names, err
	}
	addTopology(&names, t)
	for client := range names.HostsOf {
		if !slices.Contains(names.KMEs, client) {
			return names, usagef("--kme-host: there is no client %q", client)
		}
	}
	return names, nil
}

// nameSAEs adds the encryptors that flags name.
func nameSAEs(c *cli.Context, names *certs.Names) error {
	names.SAEs = c.StringSlice("sae")
	if file := c.String("csr"); file != "" {
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		id, err := certs.ReadRequest(data)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		switch len(names.SAEs) {
		case 0:
			names.SAEs = []string{id}
		case 1:
			id = names.SAEs[0]
		default:
			return usagef("--csr goes with one --sae at most")
		}
		names.Requests = map[string][]byte{id: data}
	}
	for _, id := range names.SAEs {
		if err := protocol.CheckSAE(id); err != nil {
			return err
		}
	}
	return nil
}

// addTopology adds all clients and encryptors of a topology.
func addTopology(names *certs.Names, t *topology.Topology) {
	for _, h := range t.Hubs {
		names.Hubs = append(names.Hubs, h.Name)
	}
	for _, c := range t.Clients {
		names.KMEs = append(names.KMEs, c.Name)
		names.SAEs = append(names.SAEs, c.SAEs()...)
	}
}
