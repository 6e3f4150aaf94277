package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"dske/node"
	"dske/sim"
	"dske/sim/yamlfile"
)

// psrdCommand moves PSRD by hand, in files.
func psrdCommand() *cli.Command {
	hub := &cli.StringFlag{Name: "hub", Usage: "the `NAME` of the hub, such as hank", Required: true}
	client := &cli.StringFlag{Name: "client", Usage: "the `NAME` of the client, such as carol", Required: true}
	with := func(flags ...cli.Flag) []cli.Flag { return append(flags, networkFlags...) }
	return &cli.Command{
		Name:   "psrd",
		Usage:  "bring PSRD by hand, in files, in a running network whose topology sets psrd files",
		Action: unknownSubcommand,
		Subcommands: []*cli.Command{
			{
				Name: "issue", Usage: "have a hub make a file for a client, sealed so that only this client can open it; its bytes are in no other file",
				ArgsUsage: "FILE", Action: issueFile, BashComplete: completeFiles,
				Flags: with(hub, client, &cli.StringFlag{Name: "size", Value: "16MiB", Usage: "`BYTES` for each of the four pools; the file has a little over four times as many"}),
			},
			{
				Name: "ingest", Usage: "have a client take in a file that was made for it; it can be taken in once",
				ArgsUsage: "FILE", Action: ingestFile, BashComplete: completeFiles,
				Flags: with(&cli.StringFlag{Name: "client", Usage: "the `NAME` of the client", DefaultText: "whichever client can open the file"}),
			},
			{
				Name: "list", Usage: "list the files that hubs have made, and whether they are out, taken or revoked",
				Action: listFiles, Flags: with(&cli.BoolFlag{Name: "json", Usage: "print JSON"}),
			},
			{
				Name: "revoke", Usage: "give up a file that got lost: its bytes are gone, even if somebody has it",
				ArgsUsage: "NUMBER", Action: revokeFile, Flags: with(hub, client),
			},
			{
				Name: "recipient", Usage: "print the key that files for a client are sealed with; the topology of other processes needs it as recipient of the client",
				Action: printRecipient, Flags: with(client),
			},
		},
	}
}

// oneArgument returns the only argument of a command.
func oneArgument(c *cli.Context) (string, error) {
	if c.NArg() != 1 {
		return "", usagef("%s takes %s", c.Command.HelpName, c.Command.ArgsUsage)
	}
	return c.Args().First(), nil
}

// runningByHand finds the running network. It returns an error unless its PSRD comes in files and
// it has the nodes that the flags name.
func runningByHand(c *cli.Context) (sim.Remote, sim.Overview, error) {
	remote, overview, err := running(c)
	if err != nil {
		return remote, overview, err
	}
	if overview.PSRD.Files == 0 {
		return remote, overview, errors.New("in this network PSRD does not come in files; set psrd: {files: 4} in its topology, and run it with --data")
	}
	var names []string
	for _, kind := range []string{"hub", "client"} {
		if name := c.String(kind); name != "" {
			names = append(names, kind+"/"+name)
		}
	}
	return remote, overview, checkKnown(overview, names)
}

func issueFile(c *cli.Context) error {
	name, err := oneArgument(c)
	if err != nil {
		return err
	}
	size, ok := yamlfile.ParseSize(c.String("size"))
	if !ok {
		return usagef("--size: %q is not a size such as 16MiB", c.String("size"))
	}
	remote, _, err := runningByHand(c)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // before the hub makes the file
	if err != nil {
		return err
	}
	number, err := remote.IssueFile(c.Context, c.String("hub"), c.String("client"), size, file)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		os.Remove(name)
		return fmt.Errorf("%w%s", err, lostFile(number))
	}
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.App.Writer, "%s: file %d of hub %s for client %s, %d bytes for each pool, %d in all\n",
		name, number, c.String("hub"), c.String("client"), size, info.Size())
	fmt.Fprintf(c.App.Writer, "bring it to the client by hand, and run there: dske psrd ingest %s\n", name)
	return nil
}

// lostFile says what to do about a file that the hub made but that was not written here; number is
// 0 if the hub made none.
func lostFile(number int64) string {
	if number == 0 {
		return ""
	}
	return fmt.Sprintf("; the hub has made file %d: give it up with dske psrd revoke", number)
}

func ingestFile(c *cli.Context) error {
	name, err := oneArgument(c)
	if err != nil {
		return err
	}
	remote, overview, err := runningByHand(c)
	if err != nil {
		return err
	}
	var clients []string
	for _, client := range overview.Clients {
		if client.Running && (c.String("client") == "" || c.String("client") == client.Name) {
			clients = append(clients, client.Name)
		}
	}
	if len(clients) == 0 {
		return errors.New("no running client could take the file in")
	}
	for _, client := range clients {
		if err = ingestAt(c.Context, c.App.Writer, remote, client, name); !isForOther(err) {
			return err
		}
	}
	if len(clients) > 1 {
		return fmt.Errorf("%s: none of the %d clients that run here can open it: it is damaged, sealed for a client elsewhere, or from another network or data directory", name, len(clients))
	}
	return err
}

// ingestAt has one client take the file in.
func ingestAt(ctx context.Context, w io.Writer, remote sim.Remote, client, name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	taken, err := remote.IngestFile(ctx, client, file)
	if err != nil {
		return fmt.Errorf("%s: client %s: %w", name, client, err)
	}
	fmt.Fprintf(w, "%s: client %s has taken in file %d of hub %s, %d bytes for each pool; remove the file; it is of no further use\n",
		name, taken.ClientName, taken.Number, taken.HubName, taken.Size)
	return nil
}

// isForOther reports whether an error says that a client cannot open a file.
func isForOther(err error) bool {
	var said *node.Error
	return errors.As(err, &said) && said.Status == http.StatusForbidden
}

func listFiles(c *cli.Context) error {
	remote, overview, err := runningByHand(c)
	if err != nil {
		return err
	}
	all := map[string]any{}
	table := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "HUB\tCLIENT\tFILE\tISSUED\tSTATE")
	for _, h := range overview.Hubs {
		if !h.Running {
			continue
		}
		list, err := remote.FilesOfHub(c.Context, h.Name)
		if err != nil {
			return fmt.Errorf("hub %s: %w", h.Name, err)
		}
		all[h.Name] = list.Files
		for _, f := range list.Files {
			fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\n", h.Name, f.ClientName, f.Number, f.Issued.Format(time.RFC3339), f.State)
		}
	}
	if c.Bool("json") {
		return printJSON(c.App.Writer, all)
	}
	return table.Flush()
}

func revokeFile(c *cli.Context) error {
	text, err := oneArgument(c)
	if err != nil {
		return err
	}
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return usagef("%q is not the number of a file; dske psrd list shows them", text)
	}
	remote, _, err := runningByHand(c)
	if err != nil {
		return err
	}
	return remote.RevokeFile(c.Context, c.String("hub"), c.String("client"), number)
}

func printRecipient(c *cli.Context) error {
	remote, _, err := runningByHand(c)
	if err != nil {
		return err
	}
	list, err := remote.FilesOfClient(c.Context, c.String("client"))
	if err == nil {
		fmt.Fprintln(c.App.Writer, list.Recipient)
	}
	return err
}
