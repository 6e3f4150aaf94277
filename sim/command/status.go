package command

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"dske/protocol"
	"dske/protocol/its"
	"dske/sim"
)

func statusCommand() *cli.Command {
	return &cli.Command{
		Name:         "status",
		Usage:        "show the nodes of a running network",
		ArgsUsage:    "[NODE...], for example hub/hank client/carol",
		Action:       status,
		BashComplete: completeNames(sim.Overview.Nodes),
		Flags: append([]cli.Flag{
			&cli.BoolFlag{Name: "json", Usage: "print the full status of each node in JSON"},
			&cli.BoolFlag{Name: "csv", Usage: "print a line of CSV for each node, with the time"},
			&cli.BoolFlag{Name: "watch", Usage: "repeat until interrupted"},
			&cli.DurationFlag{Name: "interval", Value: time.Second, Usage: "with --watch: repeat every `TIME`"},
			&cli.StringSliceFlag{Name: "url", Usage: "the `URL` of the running network; may be repeated, if it runs in several processes", DefaultText: "http://" + defaultAddress + ", or https with --tls"},
		}, networkFlags[1:]...),
	}
}

func status(c *cli.Context) error {
	if c.Bool("csv") && c.Bool("json") {
		return usagef("--csv does not go with --json")
	}
	if err := checkNodes(c.Args().Slice()); err != nil {
		return err
	}
	if !c.Bool("watch") {
		if c.IsSet("interval") {
			return usagef("--interval goes with --watch")
		}
		writeCSVHead(c)
		return showStatus(c, c.App.Writer)
	}
	writeCSVHead(c)
	err := watch(c, func(w io.Writer) error { return showStatus(c, w) })
	if c.Context.Err() != nil { // an interrupt is the way to end it
		return nil
	}
	return err
}

// watch calls show at every interval until the command is interrupted or show fails. On a terminal
// the new output replaces the old, except for CSV, which is to be kept.
func watch(c *cli.Context, show func(io.Writer) error) error {
	var before string
	if isTerminal(os.Stdout) && !c.Bool("csv") {
		before = "\x1b[H\x1b[2J"
	}
	ticker := time.NewTicker(c.Duration("interval"))
	defer ticker.Stop()
	for {
		var text strings.Builder
		if err := show(&text); err != nil {
			return err
		}
		if _, err := fmt.Fprint(c.App.Writer, before, text.String()); err != nil {
			return err
		}
		select {
		case <-c.Context.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// showStatus writes the status of all nodes, or of those that the arguments name.
func showStatus(c *cli.Context, w io.Writer) error {
	remote, overview, err := running(c)
	if err != nil {
		return err
	}
	nodes := c.Args().Slice()
	if err := checkKnown(overview, nodes); err != nil {
		return err
	}
	if c.Bool("json") {
		return writeStatuses(c.Context, w, remote, overview, nodes)
	}
	snapshot, err := remote.Snapshot(c.Context)
	for _, url := range networkURLs(c)[1:] {
		if err == nil {
			err = addProcess(c, &snapshot, url)
		}
	}
	if err != nil {
		return err
	}
	if c.Bool("csv") {
		return writeCSV(w, time.Now(), snapshot, nodes)
	}
	if len(nodes) == 0 {
		fmt.Fprintln(w, describe(overview))
	}
	return writeTable(w, overview, snapshot, nodes)
}

// addProcess adds what another process of the network knows of its own nodes to a snapshot.
func addProcess(c *cli.Context, s *sim.Snapshot, url string) error {
	other, _, err := runningAt(c, url)
	if err != nil {
		return err
	}
	there, err := other.Snapshot(c.Context)
	if err != nil {
		return err
	}
	if !slices.EqualFunc(s.Hubs, there.Hubs, func(a, b sim.HubSnapshot) bool { return a.Name == b.Name }) ||
		!slices.EqualFunc(s.Clients, there.Clients, func(a, b sim.ClientSnapshot) bool { return a.Name == b.Name }) {
		return fmt.Errorf("%s and %s run different networks: their nodes differ", url, networkURL(c))
	}
	for i, h := range there.Hubs {
		if h.URL == "" {
			s.Hubs[i] = h
		}
	}
	for i, client := range there.Clients {
		if client.URL == "" {
			s.Clients[i] = client
		}
	}
	return nil
}

// writeStatuses writes the status of each node, or of the named ones, in JSON.
func writeStatuses(ctx context.Context, w io.Writer, remote sim.Remote, overview sim.Overview, nodes []string) error {
	if len(nodes) == 0 {
		nodes = overview.Nodes()
	}
	for _, name := range nodes {
		body, err := remote.Status(ctx, name)
		now := time.Now().UTC().Format(time.RFC3339Nano)
		switch {
		case err == nil:
			fmt.Fprintf(w, "%s,\"time\":%q}\n", strings.TrimSuffix(strings.TrimSpace(string(body)), "}"), now)
		case overview.IsStopped(name):
			fmt.Fprintf(w, "{\"node\":%q,\"state\":\"stopped\",\"time\":%q}\n", name, now)
		default:
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// describe describes the network as a whole, with the bounds that its suite proves.
func describe(o sim.Overview) string {
	text := fmt.Sprintf("threshold %d, suite %s, keys from %s", o.Threshold, o.Suite, o.KeySource)
	if o.Suite != protocol.SuiteITS {
		return text
	}
	n := 0
	for _, client := range o.Clients {
		n = max(n, len(client.Hubs))
	}
	return text + fmt.Sprintf("\na wrong key of 256 bits passes with a probability of at most %v, a forged message of 4 MiB with one of at most %v",
		its.WrongKeyBound(n, o.Threshold, 32), its.ForgeryBound(16<<10, 4<<20, 1))
}
