package scenario

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"rsc.io/script"

	"dske/sim/fault"
	"dske/sim/yamlfile"
)

var errUsage = errors.New("wrong arguments")

// mistake is an error in the script itself. It fails a scenario even where a command must or may
// fail, since what the script wanted to test was not tested.
type mistake struct{ error }

func mistakef(format string, args ...any) error { return mistake{fmt.Errorf(format, args...)} }

// skipError ends a scenario early without failing it.
type skipError struct{ reason string }

func (e skipError) Error() string { return "skip: " + e.reason }

// call is a call of a command in a script.
type call struct {
	*world
	*script.State
	args []string
}

// command is a command of ours. The result of run is printed; the text of its error goes to stderr.
type command struct {
	name, args, summary string
	detail              []string
	when                timing
	output              output
	run                 func(call) (string, error)
}

// timing says whether a command first waits until nothing goes on in the background. Commands that
// count, or change the network, must wait: hubs that were not needed for a key may not have
// answered yet.
type timing bool

const (
	atOnce timing = false
	idle   timing = true
)

// output says whether a command prints something if it succeeds. To check the output behind a silent
// one is a mistake.
type output bool

const (
	silent output = false
	prints output = true
)

// commands lists all commands, by name.
var commands = []command{
	{"attack", "NAME", "try to compute a key from what was tapped and compromised", nil, idle, prints, attack},
	{"audit", "", "print what the audit of the network found since the last call, which then does not fail the scenario", nil, idle, prints, printAudit},
	{"clear", "", "remove all faults; hubs that lied are honest again", nil, atOnce, silent, clearFaults},
	{"compromise", "HUB...", "learn everything that hubs hold now or receive from now on", nil, idle, silent, compromise},
	{"copy", "NODE...", "copy the disks of nodes, with data: memory in network.yaml", nil, idle, silent, copyDisk},
	{"corrupt", "HUB...", "make hubs lie: they alter shares before they sign them", nil, idle, silent, corrupt},
	{"crash", "NODE...", "crash nodes: they lose what is not synced to their disk, and everything without data", nil, atOnce, silent, crash},
	{"events", "", "print who sent what to whom since the last call", []string{
		"The order is that of the protocol, then by name; ×2 means twice.",
	}, idle, prints, events},
	{"fault", "KIND[=VALUE] [OPTION...]", "add a fault between the nodes", faultDetail(), idle, silent, addFault},
	{"faults", "", "print the faults and how often each fired", nil, idle, prints, faults},
	{"get-key", "MASTER SLAVE [size=BITS] [number=N] [also=SLAVE,...] [as=NAME]", "make keys for the master", nil, atOnce, prints, getKey},
	{"get-key-pair", "MASTER SLAVE [size=BITS] [number=N] [as=NAME]", "make keys, fetch them for the slave and compare", nil, atOnce, prints, getKeyPair},
	{"get-key-with-key-ids", "MASTER SLAVE ID|NAME", "fetch the same keys for the slave", nil, atOnce, prints, getKeyWithKeyIDs},
	{"http", "METHOD PATH [header=NAME:VALUE] [body=TEXT] [as=SAE]", "make any request; print the status and the body", nil, idle, prints, doHTTP},
	{"log", "", "print the warnings and errors of the nodes since the last call", nil, idle, prints, printLog},
	{"mitm", "VERB ...", "let an adversary act who controls the network between the nodes", mitmDetail(), idle, prints, mitm},
	{"play", "STEP...", "in virtual time, do several steps at their times, let everything heal, and check that nothing is lost or used twice", []string{
		"A STEP is TIME KIND DURATION ARGUMENTS: key MASTER SLAVE, which the slave fetches after DURATION or, if that is 0s, when everything has healed;",
		"crash NODE, stop NODE and lie HUB for DURATION; fault, with the arguments of the command fault. dske simulate --hunt writes such scenarios.",
	}, idle, silent, play},
	{"psrd", "CLIENT HUB", "print used and unused bytes of the four pools of a client and a hub", nil, idle, prints, psrd},
	{"restart", "NODE...", "stop nodes and start them again", nil, idle, silent, restart},
	{"restore", "NODE...", "put back the last copies of the disks of nodes, which must not be running", nil, atOnce, silent, restore},
	{"skip", "[REASON]", "end the scenario here without failing it", nil, atOnce, silent, skip},
	{"sleep", "DURATION", "wait, for example for 20ms or, in virtual time, for 30d", nil, atOnce, silent, sleep},
	{"start", "NODE...", "start nodes", nil, idle, silent, start},
	{"status", "[NODE...]", "print the state of nodes", nil, idle, prints, status},
	{"stop", "NODE...", "stop nodes, which then forget everything that is not on a disk", nil, idle, silent, stop},
	{"tap", "", "record everything on the wire from now on", nil, idle, silent, tap},
	{"wait-ready", "", "wait until every client has registered with all its hubs", nil, atOnce, silent, waitReady},
}

// engineCommands are the commands of the script engine that can do no harm.
var engineCommands = map[string]script.Cmd{
	"echo":   described(script.Echo(), "TEXT...", "print a text"),
	"env":    described(script.Env(), "[NAME=VALUE...]", "set variables, or print them"),
	"help":   described(script.Help(), "[COMMAND...]", "describe commands"),
	"stderr": described(script.Stderr(), "[-count=N] PATTERN", "look for a regular expression in the error of the last command"),
	"stdout": described(script.Stdout(), "[-count=N] PATTERN", "look for a regular expression in the output of the last command"),
}

// described gives a command of the engine a description in our words, and prevents it from running
// in the background.
func described(cmd script.Cmd, args, summary string) script.Cmd {
	usage := *cmd.Usage()
	usage.Args, usage.Summary, usage.Async = args, summary, false
	return script.Command(usage, cmd.Run)
}

func faultDetail() []string {
	return append(fault.Help(),
		"OPTIONS: from=NODES to=NODES method=METHOD path=PART-OF-PATH select messages, after=N lets the first N pass, count=N ends after N, prob=P is the probability for each.",
		"NODES are names such as hub/hank or hank or hub/*, separated by commas; encryptors are sae/NAME.")
}

func isCommand(name string) bool {
	return slices.ContainsFunc(commands, func(c command) bool { return c.name == name })
}

func isSilent(name string) bool {
	return slices.ContainsFunc(commands, func(c command) bool { return c.name == name && c.output == silent })
}

// newEngine returns an engine whose commands work on w.
func newEngine(w *world) *script.Engine {
	e := &script.Engine{Cmds: map[string]script.Cmd{}, Conds: map[string]script.Cond{
		"own":  script.BoolCondition("the network is the scenario's own", w == nil || w.own != nil),
		"safe": script.BoolCondition("the suite has all measures against an adversary who controls the network", w != nil && w.isSafe),
		"suite": script.PrefixCondition("the network speaks the suite <suffix>", func(_ *script.State, suite string) (bool, error) {
			return w.overview.Suite == suite, nil
		}),
	}}
	for name, cmd := range engineCommands {
		e.Cmds[name] = guard(name, cmd, w)
	}
	for _, c := range commands {
		e.Cmds[c.name] = c.bind(w)
	}
	return e
}

// bind makes a command of the engine.
func (c command) bind(w *world) script.Cmd {
	usage := script.CmdUsage{Summary: c.summary, Args: c.args, Detail: c.detail}
	return script.Command(usage, func(s *script.State, args ...string) (script.WaitFunc, error) {
		var out string
		var err error
		if c.when == idle {
			err = w.idle(s.Context())
		}
		if err == nil {
			out, err = c.run(call{w, s, args})
		}
		if errors.Is(err, errUsage) {
			err = mistakef("usage: %s", strings.TrimSpace(c.name+" "+c.args))
		}
		if errors.As(err, new(mistake)) {
			w.mistake = err
		}
		var complaint string
		if err != nil {
			complaint = err.Error() + "\n"
		}
		return func(*script.State) (string, string, error) { return out, complaint, err }, nil
	})
}

// commandNames returns the sorted names of all commands.
func commandNames() []string {
	var names []string
	for name := range engineCommands {
		names = append(names, name)
	}
	for _, c := range commands {
		names = append(names, c.name)
	}
	slices.Sort(names)
	return names
}

// Help describes the named commands, or all if no names are given.
func Help(w io.Writer, names ...string) error {
	e := newEngine(nil)
	for _, name := range names {
		if !slices.Contains(commandNames(), name) {
			return unknownCommand(name)
		}
	}
	for _, name := range commandNames() {
		if len(names) > 0 && !slices.Contains(names, name) {
			continue
		}
		usage := e.Cmds[name].Usage()
		fmt.Fprintf(w, "%s\n    %s\n", strings.TrimSpace(name+" "+usage.Args), usage.Summary)
		if !isCommand(name) { // the engine has long descriptions of its own
			continue
		}
		for _, line := range usage.Detail {
			fmt.Fprintf(w, "        %s\n", line)
		}
	}
	if len(names) > 0 {
		return nil
	}
	_, err := fmt.Fprintln(w, "\nIn front of a command, ! means that it must fail, and ? that it may fail. [own] runs it only on a network of the\n"+
		"scenario's own, [suite:NAME] only with that suite, [safe] only in a suite with all measures against an adversary who controls the"+
		" network; [!own] and so on mean the opposite.")
	return err
}

// options splits the arguments of a call into options, such as size=256, and others.
func (c call) options(names ...string) (others []string, values map[string]string, err error) {
	values = map[string]string{}
	for _, arg := range c.args {
		name, value, isOption := strings.Cut(arg, "=")
		_, twice := values[name]
		switch {
		case !isOption || slices.Contains(c.overview.Encryptors(), arg):
			others = append(others, arg)
		case !slices.Contains(names, name):
			return nil, nil, mistakef("there is no option %q; there are %s", name, strings.Join(names, ", "))
		case twice:
			return nil, nil, mistakef("%s= is given twice: remove one", name)
		case value == "":
			return nil, nil, mistakef("%s= has no value", name)
		default:
			values[name] = value
		}
	}
	return others, values, nil
}

func sleep(c call) (string, error) {
	if len(c.args) != 1 {
		return "", errUsage
	}
	d, err := yamlfile.ParseDuration(c.args[0])
	if err != nil || d <= 0 {
		return "", mistakef("%q is not a time over 0 such as 20ms", c.args[0])
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return "", nil
	case <-c.Context().Done():
		return "", c.Context().Err()
	}
}

func skip(c call) (string, error) { return "", skipError{strings.Join(c.args, " ")} }
