// Command dske runs a whole Distributed Symmetric Key Establishment network in one process, and
// talks to one that runs.
package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"

	"github.com/google/uuid"
	"github.com/mattn/go-isatty"
	"github.com/urfave/cli/v2"

	"dske/etsi"
	"dske/etsi/conformance"
	"dske/protocol"
	"dske/protocol/its"
	"dske/sim"
	"dske/sim/certs"
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
		Name:  "dske",
		Usage: "a Distributed Symmetric Key Establishment network in one process",
		Commands: []*cli.Command{
			runCommand(), certsCommand(), etsiCommand(), scenarioCommand(), statusCommand(), changeCommand("start"), changeCommand("stop"),
		},
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
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "listen", Value: defaultAddress, Usage: "serve on `ADDRESS`; port 0 picks a free one"},
			&cli.StringFlag{Name: "suite", Usage: "dske-python or its (default: that of the topology, or dske-python)"},
			&cli.StringFlag{Name: "key-source", Usage: "rng or, with suite its, psrd: keys are made of PSRD alone"},
			&cli.StringFlag{Name: "tls", Usage: "speak mutual TLS with the certificates in `DIR`; dske certs makes them"},
			&cli.BoolFlag{Name: "tls-all", Usage: "with --tls: ask every caller for a certificate, not just encryptors"},
			&cli.IntFlag{Name: "kme-port-base", Usage: "the ETSI API of each client also on a port of its own, from `P` on; 0 picks free ones", DefaultText: "no such ports"},
			&cli.StringFlag{Name: "transport", Value: sim.Loopback, Usage: "how nodes reach each other: loopback or memory"},
			&cli.Uint64Flag{Name: "seed", Usage: "make the run reproducible; its keys are then not secret"},
			&cli.StringFlag{Name: "log-level", Value: "warn", Usage: "debug, info, warn or error"},
		}, generateFlags...),
	}
}

// generateFlags describe a topology instead of a file.
var generateFlags = []cli.Flag{
	&cli.IntFlag{Name: "hubs", Usage: "instead of a file: generate `N` hubs, hub1 and so on"},
	&cli.IntFlag{Name: "clients", Usage: "generate `M` clients, client1 with encryptor sae1 and so on"},
	&cli.IntFlag{Name: "threshold", Usage: "`K` shares make a key (default: N/2+1)"},
}

func run(c *cli.Context) error {
	t, err := chooseTopology(c, c.Args().Slice())
	if err != nil {
		return err
	}
	t.Suite = cmp.Or(c.String("suite"), t.Suite)
	t.KeySource = cmp.Or(c.String("key-source"), t.KeySource)
	if err := t.Validate(); err != nil {
		return usageError{err}
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.String("log-level"))); err != nil {
		return usagef("--log-level: %w", err)
	}
	kmeListen, err := kmeAddresses(c, len(t.Clients))
	if err != nil {
		return err
	}
	config := sim.Config{
		Topology:  t,
		Transport: c.String("transport"),
		Listen:    c.String("listen"),
		TLS:       certs.Directory(c.String("tls")),
		TLSAll:    c.Bool("tls-all"),
		KMEListen: kmeListen,
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
		printReady(network, config.TLS)
	}
	return <-ended
}

// kmeAddresses returns the addresses that --kme-port-base gives to the clients, on the host of --listen.
func kmeAddresses(c *cli.Context, clients int) ([]string, error) {
	if !c.IsSet("kme-port-base") {
		return nil, nil
	}
	host, _, err := net.SplitHostPort(c.String("listen"))
	if err != nil {
		return nil, usagef("--listen: %w", err)
	}
	base := c.Int("kme-port-base")
	if base < 0 || base+clients > 1<<16 {
		return nil, usagef("--kme-port-base: ports %d to %d are not in 0 to 65535", base, base+clients-1)
	}
	addresses := make([]string, clients)
	for i := range addresses {
		port := base
		if base > 0 {
			port += i
		}
		addresses[i] = net.JoinHostPort(host, strconv.Itoa(port))
	}
	return addresses, nil
}

// chooseTopology returns the topology that flags or args, a file, name.
func chooseTopology(c *cli.Context, args []string) (*topology.Topology, error) {
	generate := c.IsSet("hubs") || c.IsSet("clients")
	switch {
	case len(args) > 1:
		return nil, usagef("%s takes one topology file, not %d", c.Command.Name, len(args))
	case generate && len(args) == 1:
		return nil, usagef("give either a topology file or --hubs and --clients")
	case generate && !(c.IsSet("hubs") && c.IsSet("clients")):
		return nil, usagef("--hubs and --clients go together")
	case generate:
		return asUsage(topology.Generate(c.Int("hubs"), c.Int("clients"), c.Int("threshold")))
	case c.IsSet("threshold"):
		return nil, usagef("--threshold goes with --hubs and --clients; in a topology file, set threshold")
	case len(args) == 1:
		data, err := os.ReadFile(args[0])
		if err != nil {
			return nil, err
		}
		return topology.Load(args[0], data)
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
func printReady(n *sim.Network, dir certs.Directory) {
	o := n.Overview()
	fmt.Printf("ready on %s: %d hubs, %d clients, threshold %d\n", n.URL(), len(o.Hubs), len(o.Clients), o.Threshold)
	printFirstKey(n.URL(), o, dir)
	if len(o.Clients) == 0 || o.Clients[0].KMEURL == "" {
		return
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	defer table.Flush()
	fmt.Fprintln(table, "client\tETSI API at\tencryptors")
	for _, c := range o.Clients {
		fmt.Fprintf(table, "%s\t%s/api/v1/keys\t%s\n", c.Name, c.KMEURL, strings.Join(c.Encryptors, ", "))
	}
}

// printFirstKey prints commands for a shell: the first encryptor gets a key, the second one fetches it.
func printFirstKey(base string, o sim.Overview, dir certs.Directory) {
	var clients, encryptors []string
	for _, c := range o.Clients {
		for _, e := range c.Encryptors {
			clients, encryptors = append(clients, c.Name), append(encryptors, e)
		}
	}
	if len(encryptors) < 2 {
		return
	}
	keys := func(i, peer int) string {
		return base + "/client/" + clients[i] + "/etsi/api/v1/keys/" + url.PathEscape(encryptors[peer])
	}
	fmt.Printf(`key_id=$(curl -s %s %s | tee /dev/stderr | sed 's/.*"key_ID":"\([^"]*\)".*/\1/')`+"\n",
		identity(dir, encryptors[0]), quote(keys(0, 1)+"/enc_keys"))
	fmt.Printf(`curl -s %s %s"$key_id"`+"\n", identity(dir, encryptors[1]), quote(keys(1, 0)+"/dec_keys?key_ID="))
}

// identity returns the options that make curl an encryptor.
func identity(dir certs.Directory, encryptor string) string {
	if dir == "" {
		return "-H " + quote("Authorization: "+encryptor)
	}
	p := dir.SAE(encryptor)
	return fmt.Sprintf("--cacert %s --cert %s --key %s", quote(dir.Authority().Certificate), quote(p.Certificate), quote(p.Key))
}

// quote makes one word for a shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

func certsCommand() *cli.Command {
	return &cli.Command{
		Name:         "certs",
		Usage:        "make the certificates for a network that speaks mutual TLS",
		ArgsUsage:    "DIR [TOPOLOGY]",
		OnUsageError: onUsageError,
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

// The flags that name a running network.
var networkFlags = []cli.Flag{
	&cli.StringFlag{Name: "url", Usage: "of the running network (default: \"http://" + defaultAddress + "\", https with --tls)"},
	&cli.StringFlag{Name: "tls", Usage: "the certificates in `DIR` with which it speaks TLS"},
}

// networkURL returns the URL of the running network.
func networkURL(c *cli.Context) string {
	switch {
	case c.IsSet("url"):
		return strings.TrimSuffix(c.String("url"), "/")
	case c.IsSet("tls"):
		return "https://" + defaultAddress
	default:
		return "http://" + defaultAddress
	}
}

// httpClient returns the HTTP client to a network, one that shows a certificate if the network speaks
// TLS.
func httpClient(c *cli.Context, shown func(certs.Directory) certs.Pair) (*http.Client, error) {
	dir := certs.Directory(c.String("tls"))
	if dir == "" {
		return http.DefaultClient, nil
	}
	config, err := dir.Client(shown(dir))
	if err != nil {
		return nil, err
	}
	return overTLS(config), nil
}

func overTLS(config *tls.Config) *http.Client {
	return &http.Client{Transport: &http.Transport{TLSClientConfig: config}}
}

func etsiCommand() *cli.Command {
	request := append([]cli.Flag{
		&cli.IntFlag{Name: "size", Usage: "of each key, in `BITS` (default: 256)"},
		&cli.IntFlag{Name: "number", Usage: "`N` keys in one request (default: 1)"},
		&cli.StringSliceFlag{Name: "additional", Usage: "a further `SLAVE` that can fetch the same keys; may be repeated"},
	}, networkFlags...)
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
			command("get-status", "how things stand between two encryptors", "MASTER SLAVE", networkFlags, getStatus),
			command("get-key", "make keys for the master", "MASTER SLAVE", request, getKey),
			command("get-key-with-key-ids", "fetch the same keys for the slave", "MASTER SLAVE KEY_ID...", networkFlags, getKeyWithKeyIDs),
			command("get-key-pair", "both, and compare", "MASTER SLAVE", request, getKeyPair),
			command("conformance", "check both KMEs against the standard", "MASTER SLAVE", networkFlags, checkConformance),
		},
	}
}

// running finds the network that the command is about.
func running(c *cli.Context) (sim.Remote, sim.Overview, error) {
	client, err := httpClient(c, certs.Directory.Operator)
	if err != nil {
		return sim.Remote{}, sim.Overview{}, err
	}
	remote := sim.Remote{URL: networkURL(c), HTTP: client}
	overview, err := remote.Topology(c.Context)
	if err != nil {
		err = fmt.Errorf("no network answers at %s (%w); start one with dske run, or name it with --url, and with --tls if it speaks TLS", remote.URL, err)
	}
	return remote, overview, err
}

// pair is two encryptors and their clients.
type pair struct {
	master, slave             string
	masterClient, slaveClient *etsi.Client
	overview                  sim.Overview // of the network that they are in
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
	p.overview = overview
	if p.masterClient, err = newClient(c, overview, p.master); err != nil {
		return pair{}, err
	}
	p.slaveClient, err = newClient(c, overview, p.slave)
	return p, err
}

// newClient finds the client of an encryptor.
func newClient(c *cli.Context, o sim.Overview, sae string) (*etsi.Client, error) {
	name, err := o.ClientOf(sae)
	if err != nil {
		return nil, err
	}
	client, err := httpClient(c, func(dir certs.Directory) certs.Pair { return dir.SAE(sae) })
	return &etsi.Client{URL: networkURL(c) + "/client/" + name + "/etsi", SAE: sae, HTTP: client}, err
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
	request := etsi.KeyRequest{Number: c.Int("number"), Size: c.Int("size"), AdditionalSlaves: c.StringSlice("additional")}
	keys, err := p.masterClient.GetKey(c.Context, p.slave, request)
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
		fmt.Printf("%-11s  %-74s  %s%s\n", r.Clause, r.Name, outcome, why)
	}
	fmt.Printf("%d conform, %d failed, %d skipped\n", count["conforms"], count["FAILED"], count["skipped"])
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

func statusCommand() *cli.Command {
	return &cli.Command{
		Name:         "status",
		Usage:        "show the nodes of a running network",
		ArgsUsage:    "[NODE...], for example hub/hank client/carol",
		Flags:        append([]cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print what the nodes answer"}}, networkFlags...),
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
	if len(c.Args().Slice()) == 0 && !c.Bool("json") {
		fmt.Println(describe(overview))
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

// describe says what the network as a whole is, with the bounds that its suite proves.
func describe(o sim.Overview) string {
	text := fmt.Sprintf("threshold %d, suite %s, keys from %s", o.Threshold, o.Suite, o.KeySource)
	if o.Suite != topology.SuiteITS {
		return text
	}
	n := 0
	for _, client := range o.Clients {
		n = max(n, len(client.Hubs))
	}
	return text + fmt.Sprintf("\na wrong key of 256 bits passes with a chance of at most %v, a forged message of 1 kB of at most %v",
		its.WrongKeyBound(n, o.Threshold, 32, 1), its.ForgeryBound(0, 1000, 1))
}

// changeCommand starts or stops nodes.
func changeCommand(verb string) *cli.Command {
	return &cli.Command{
		Name:         verb,
		Usage:        verb + " nodes of a running network",
		ArgsUsage:    "NODE..., for example hub/hank client/carol",
		Flags:        networkFlags,
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
			&cli.StringFlag{Name: "suite", Usage: "of networks that do not say: dske-python or its (default: dske-python)"},
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
	options := scenario.Options{URL: c.String("url"), Transport: c.String("transport"), Suite: c.String("suite")}
	if _, err := protocol.SuiteNamed(options.Suite); err != nil && options.Suite != "" {
		return usagef("--suite: %w", err)
	}
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
