// Command dske runs a whole Distributed Symmetric Key Establishment network in one process, and
// talks to one that runs.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"

	"github.com/google/uuid"
	"github.com/mattn/go-isatty"
	"github.com/urfave/cli/v2"

	"dske/etsi"
	"dske/sim"
	"dske/sim/scenario"
	"dske/sim/topology"
	"dske/testdata"
)

const (
	defaultAddress  = "127.0.0.1:8100"
	defaultTopology = "topologies/reference.yaml" // in package testdata
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	app := newApp()
	err := app.RunContext(ctx, flagsFirst(app, os.Args))
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "dske:", err)
	var usage usageError
	if errors.As(err, &usage) {
		os.Exit(2)
	}
	os.Exit(1)
}

// usageError is an error in how the program was called.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func newApp() *cli.App {
	return &cli.App{
		Name:           "dske",
		Usage:          "a Distributed Symmetric Key Establishment network in one process",
		Commands:       []*cli.Command{runCommand(), etsiCommand(), scenarioCommand(), statusCommand(), changeCommand("start"), changeCommand("stop")},
		OnUsageError:   onUsageError,
		ExitErrHandler: func(*cli.Context, error) {}, // main prints the error
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usagef("unknown command %q; see dske help", c.Args().First())
			}
			return cli.ShowAppHelp(c)
		},
	}
}

func onUsageError(c *cli.Context, err error, _ bool) error {
	return usagef("%w; see %s --help", err, c.Command.FullName())
}

// flagsFirst moves the flags of a command before its arguments, where the flag package looks for them.
func flagsFirst(app *cli.App, args []string) []string {
	commands, flags, i := app.Commands, app.Flags, 1
	for ; i < len(args); i++ {
		found := slices.IndexFunc(commands, func(c *cli.Command) bool { return c.HasName(args[i]) })
		if found < 0 {
			break
		}
		commands, flags = commands[found].Subcommands, commands[found].Flags
	}
	head, rest := args[:min(i, len(args))], args[min(i, len(args)):]
	var options, names []string
	for len(rest) > 0 && rest[0] != "--" {
		n := 1
		if !strings.HasPrefix(rest[0], "-") {
			names = append(names, rest[0])
		} else {
			if takesValue(flags, rest[0]) && len(rest) > 1 {
				n = 2
			}
			options = append(options, rest[:n]...)
		}
		rest = rest[n:]
	}
	return slices.Concat(head, options, []string{"--"}, names, rest[min(1, len(rest)):])
}

// takesValue reports whether the argument after this one is the value of a flag.
func takesValue(flags []cli.Flag, arg string) bool {
	for _, f := range flags {
		_, isBool := f.(*cli.BoolFlag)
		if slices.Contains(f.Names(), strings.TrimLeft(arg, "-")) {
			return !isBool
		}
	}
	return false
}

func runCommand() *cli.Command {
	return &cli.Command{
		Name:         "run",
		Usage:        "run a network until it is interrupted",
		ArgsUsage:    "[TOPOLOGY]",
		Action:       run,
		OnUsageError: onUsageError,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "listen", Value: defaultAddress, Usage: "serve on `ADDRESS`; port 0 picks a free one"},
			&cli.IntFlag{Name: "hubs", Usage: "instead of a file: generate `N` hubs, hub1 and so on"},
			&cli.IntFlag{Name: "clients", Usage: "generate `M` clients, client1 with encryptor sae1 and so on"},
			&cli.IntFlag{Name: "threshold", Usage: "`K` shares make a key (default: N/2+1)"},
			&cli.StringFlag{Name: "transport", Value: sim.Loopback, Usage: "how nodes reach each other: loopback or memory"},
			&cli.Uint64Flag{Name: "seed", Usage: "make the run reproducible; its keys are then not secret"},
			&cli.StringFlag{Name: "log-level", Value: "warn", Usage: "debug, info, warn or error"},
		},
	}
}

func run(c *cli.Context) error {
	t, err := chooseTopology(c)
	if err != nil {
		return err
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.String("log-level"))); err != nil {
		return usagef("--log-level: %w", err)
	}
	config := sim.Config{
		Topology:  t,
		Transport: c.String("transport"),
		Listen:    c.String("listen"),
		Logger:    slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})),
	}
	if c.IsSet("seed") {
		fmt.Fprintln(os.Stderr, "warning: with --seed the keys follow from the seed and are not secret")
		seed := c.Uint64("seed")
		config.Seed = &seed
	}
	network, err := sim.New(config)
	if err != nil {
		return usageError{err}
	}
	ended := make(chan error, 1)
	ctx, cancel := context.WithCancel(c.Context)
	defer cancel()
	go func() {
		defer cancel()
		ended <- network.Run(ctx)
	}()
	if network.WaitReady(ctx) == nil {
		printReady(network)
	}
	return <-ended
}

func chooseTopology(c *cli.Context) (*topology.Topology, error) {
	generate := c.IsSet("hubs") || c.IsSet("clients")
	switch {
	case c.NArg() > 1:
		return nil, usagef("run takes one topology file, not %d", c.NArg())
	case generate && c.NArg() == 1:
		return nil, usagef("give either a topology file or --hubs and --clients")
	case generate && !(c.IsSet("hubs") && c.IsSet("clients")):
		return nil, usagef("--hubs and --clients go together")
	case generate:
		return asUsage(topology.Generate(c.Int("hubs"), c.Int("clients"), c.Int("threshold")))
	case c.IsSet("threshold"):
		return nil, usagef("--threshold goes with --hubs and --clients; in a topology file, set threshold")
	case c.NArg() == 1:
		data, err := os.ReadFile(c.Args().First())
		if err != nil {
			return nil, err
		}
		return topology.Load(c.Args().First(), data)
	}
	return referenceTopology()
}

func referenceTopology() (*topology.Topology, error) {
	data, err := testdata.Topologies.ReadFile(defaultTopology)
	if err != nil {
		return nil, err
	}
	return topology.Load(defaultTopology, data)
}

func asUsage(t *topology.Topology, err error) (*topology.Topology, error) {
	if err != nil {
		return nil, usageError{err}
	}
	return t, nil
}

// printReady says what runs where, and how to get a first pair of keys.
func printReady(n *sim.Network) {
	o := n.Overview()
	fmt.Printf("ready on %s: %d hubs, %d clients, threshold %d\n", n.URL(), len(o.Hubs), len(o.Clients), o.Threshold)
	var clients, encryptors []string
	for _, c := range o.Clients {
		for _, e := range c.Encryptors {
			clients, encryptors = append(clients, c.Name), append(encryptors, e)
		}
	}
	if len(encryptors) < 2 {
		return
	}
	fmt.Printf(`key_id=$(curl -s -H 'Authorization: %s' '%s/client/%s/etsi/api/v1/keys/%s/enc_keys' | tee /dev/stderr | sed 's/.*"key_ID":"\([^"]*\)".*/\1/')`+"\n",
		encryptors[0], n.URL(), clients[0], encryptors[1])
	fmt.Printf(`curl -s -H 'Authorization: %s' '%s/client/%s/etsi/api/v1/keys/%s/dec_keys?key_ID='"$key_id"`+"\n",
		encryptors[1], n.URL(), clients[1], encryptors[0])
}

var urlFlag = &cli.StringFlag{Name: "url", Value: "http://" + defaultAddress, Usage: "of the running network"}

func etsiCommand() *cli.Command {
	request := []cli.Flag{
		urlFlag,
		&cli.IntFlag{Name: "size", Usage: "of each key, in `BITS` (default: 256)"},
		&cli.IntFlag{Name: "number", Usage: "`N` keys in one request (default: 1)"},
	}
	command := func(name, usage, args string, flags []cli.Flag, do func(*cli.Context, pair) error) *cli.Command {
		return &cli.Command{
			Name: name, Usage: usage, ArgsUsage: args, Flags: flags, OnUsageError: onUsageError,
			Action: func(c *cli.Context) error {
				p, err := newPair(c, strings.Count(args, " ")+1)
				if err != nil {
					return err
				}
				return do(c, p)
			},
		}
	}
	return &cli.Command{
		Name:  "etsi-qkd",
		Usage: "ask the clients of a running network, as their encryptors would, over ETSI GS QKD 014",
		Subcommands: []*cli.Command{
			command("get-status", "how things stand between two encryptors", "MASTER SLAVE", []cli.Flag{urlFlag}, getStatus),
			command("get-key", "make keys for the master", "MASTER SLAVE", request, getKey),
			command("get-key-with-key-ids", "fetch the same keys for the slave", "MASTER SLAVE KEY_ID...", []cli.Flag{urlFlag}, getKeyWithKeyIDs),
			command("get-key-pair", "both, and compare", "MASTER SLAVE", request, getKeyPair),
		},
	}
}

// running finds the network that the command is about.
func running(c *cli.Context) (sim.Remote, sim.Overview, error) {
	remote := sim.Remote{URL: strings.TrimSuffix(c.String("url"), "/")}
	overview, err := remote.Topology(c.Context)
	if err != nil {
		err = fmt.Errorf("no network answers at %s (%w); start one with dske run, or name it with --url", remote.URL, err)
	}
	return remote, overview, err
}

// pair is two encryptors and their clients.
type pair struct {
	master, slave             string
	masterClient, slaveClient *etsi.Client
}

// newPair finds the clients of the two encryptors that the arguments name.
func newPair(c *cli.Context, nrArgs int) (pair, error) {
	if c.NArg() < nrArgs || c.NArg() > nrArgs && nrArgs == 2 {
		return pair{}, usagef("%s takes %s", c.Command.FullName(), c.Command.ArgsUsage)
	}
	p := pair{master: c.Args().Get(0), slave: c.Args().Get(1)}
	_, overview, err := running(c)
	if err != nil {
		return pair{}, err
	}
	find := func(sae string) (*etsi.Client, error) {
		name, err := overview.ClientOf(sae)
		return &etsi.Client{URL: c.String("url") + "/client/" + name + "/etsi", SAE: sae}, err
	}
	if p.masterClient, err = find(p.master); err != nil {
		return pair{}, err
	}
	p.slaveClient, err = find(p.slave)
	return p, err
}

func getStatus(c *cli.Context, p pair) error {
	status, err := p.masterClient.Status(c.Context, p.slave)
	if err != nil {
		return err
	}
	return printJSON(status)
}

func getKey(c *cli.Context, p pair) error {
	_, err := p.getKey(c)
	return err
}

func (p pair) getKey(c *cli.Context) ([]etsi.Key, error) {
	keys, err := p.masterClient.GetKey(c.Context, p.slave, etsi.KeyRequest{Number: c.Int("number"), Size: c.Int("size")})
	if err != nil {
		return nil, err
	}
	return keys, printJSON(etsi.KeyContainer{Keys: keys})
}

func getKeyWithKeyIDs(c *cli.Context, p pair) error {
	var ids []uuid.UUID
	for _, arg := range c.Args().Slice()[2:] {
		id, err := uuid.Parse(arg)
		if err != nil {
			return usagef("key ID %q: %w", arg, err)
		}
		ids = append(ids, id)
	}
	_, err := p.getKeyWithKeyIDs(c.Context, ids)
	return err
}

func (p pair) getKeyWithKeyIDs(ctx context.Context, ids []uuid.UUID) ([]etsi.Key, error) {
	keys, err := p.slaveClient.GetKeyWithKeyIDs(ctx, p.master, ids...)
	if err != nil {
		return nil, err
	}
	return keys, printJSON(etsi.KeyContainer{Keys: keys})
}

func getKeyPair(c *cli.Context, p pair) error {
	made, err := p.getKey(c)
	if err != nil {
		return err
	}
	var ids []uuid.UUID
	for _, k := range made {
		ids = append(ids, k.ID)
	}
	fetched, err := p.getKeyWithKeyIDs(c.Context, ids)
	if err != nil {
		return err
	}
	same := func(a, b etsi.Key) bool { return a.ID == b.ID && slices.Equal(a.Key.Reveal(), b.Key.Reveal()) }
	if !slices.EqualFunc(made, fetched, same) {
		return errors.New("key values do not match")
	}
	fmt.Println("Key values match")
	return nil
}

func statusCommand() *cli.Command {
	return &cli.Command{
		Name:         "status",
		Usage:        "show the nodes of a running network",
		ArgsUsage:    "[NODE...], for example hub/hank client/carol",
		Flags:        []cli.Flag{urlFlag, &cli.BoolFlag{Name: "json", Usage: "print what the nodes answer"}},
		Action:       status,
		OnUsageError: onUsageError,
	}
}

func status(c *cli.Context) error {
	remote, overview, err := running(c)
	if err != nil {
		return err
	}
	nodes := c.Args().Slice()
	if len(nodes) == 0 {
		nodes = overview.Nodes()
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	defer table.Flush()
	for _, name := range nodes {
		body, err := remote.Status(c.Context, name)
		switch {
		case err != nil && !overview.IsStopped(name):
			return fmt.Errorf("%s: %w", name, err)
		case err != nil:
			fmt.Fprintf(table, "%s\tstopped\n", name)
		case c.Bool("json"):
			fmt.Fprintf(table, "%s\n", body)
		default:
			fmt.Fprintf(table, "%s\trunning\t%s\n", name, strings.Join(sim.Summary(name, body), "\t"))
		}
	}
	return nil
}

// changeCommand starts or stops nodes.
func changeCommand(verb string) *cli.Command {
	return &cli.Command{
		Name:         verb,
		Usage:        verb + " nodes of a running network",
		ArgsUsage:    "NODE..., for example hub/hank client/carol",
		Flags:        []cli.Flag{urlFlag},
		OnUsageError: onUsageError,
		Action: func(c *cli.Context) error {
			if !c.Args().Present() {
				return usagef("%s takes %s", verb, c.Command.ArgsUsage)
			}
			remote, _, err := running(c)
			if err != nil {
				return err
			}
			change := map[string]func(context.Context, string) error{"start": remote.Start, "stop": remote.Stop}[verb]
			for _, name := range c.Args().Slice() {
				if err := change(c.Context, name); err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
			}
			return nil
		},
	}
}

func scenarioCommand() *cli.Command {
	return &cli.Command{
		Name:            "scenario",
		Usage:           "run scripts that drive, break and attack a network",
		ArgsUsage:       "FILE|DIR...",
		OnUsageError:    onUsageError,
		Action:          runScenarios,
		HideHelpCommand: true,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "v", Usage: "print the commands and what they print"},
			&cli.StringFlag{Name: "url", Usage: "use a running network instead of one for each scenario"},
			&cli.Uint64Flag{Name: "seed", Usage: "make the runs reproducible"},
			&cli.StringFlag{Name: "transport", Value: sim.Memory, Usage: "of networks that do not say: memory or loopback"},
			&cli.StringFlag{Name: "junit", Usage: "write the results to `FILE`, as JUnit XML"},
		},
		Subcommands: []*cli.Command{{
			Name:   "help",
			Usage:  "describe the commands of scenarios",
			Action: func(*cli.Context) error { return scenario.Help(os.Stdout) },
		}},
	}
}

func runScenarios(c *cli.Context) error {
	if !c.Args().Present() {
		return usagef("scenario takes %s; see dske scenario help", c.Command.ArgsUsage)
	}
	files, err := scenario.Files(c.Args().Slice())
	if err != nil {
		return err
	}
	options := scenario.Options{URL: c.String("url"), Transport: c.String("transport")}
	if t := options.Transport; t != sim.Memory && t != sim.Loopback {
		return usagef("--transport: %q is neither memory nor loopback", t)
	}
	if options.Reference, err = referenceTopology(); err != nil {
		return err
	}
	if c.IsSet("seed") {
		seed := c.Uint64("seed")
		options.Seed = &seed
	}
	report := scenario.Report{To: os.Stdout, Verbose: c.Bool("v"), Colour: isatty.IsTerminal(os.Stdout.Fd())}
	var results []*scenario.Result
	for _, file := range files {
		if err := c.Context.Err(); err != nil {
			return err
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		results = append(results, scenario.Run(c.Context, file, data, options))
		report.Add(results[len(results)-1])
	}
	passed := report.End()
	if err := writeJUnit(c.String("junit"), results); err != nil {
		return err
	}
	if !passed {
		return errors.New("a scenario failed")
	}
	return nil
}

// writeJUnit writes the results to a file, if it has a name.
func writeJUnit(name string, results []*scenario.Result) error {
	if name == "" {
		return nil
	}
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	defer file.Close()
	return scenario.WriteJUnit(file, results)
}

func printJSON(v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	fmt.Println(string(text))
	return err
}
