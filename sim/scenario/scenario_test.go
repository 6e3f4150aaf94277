package scenario

import (
	"bytes"
	"encoding/xml"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/tools/txtar"

	"dske/etsi/junit"
	"dske/protocol"
	"dske/sim"
	"dske/sim/topology"
)

const collection = "../../testdata/scenarios"

// files returns the names and texts of the collection.
func files(t *testing.T) map[string][]byte {
	t.Helper()
	names, err := Files([]string{collection})
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string][]byte{}
	for _, name := range names {
		if texts[name], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	return texts
}

// smallPools hold PSRD for some dozens of keys. To fill larger ones is most of what it costs under
// the race detector to start a network.
var smallPools = &topology.PSRD{BlockSize: 4096, LowWater: 1024, HighWater: 4096}

// run runs a scenario that is not in a file.
func run(t *testing.T, text string) *Result {
	t.Helper()
	return Run(t.Context(), "test.txtar", []byte(text), Options{psrd: smallPools})
}

// print returns the output of the command line, without colours.
func print(r *Result, verbose bool) string {
	var out bytes.Buffer
	report := Report{To: &out, Verbose: verbose}
	report.Add(r)
	report.End()
	return out.String()
}

// countsPSRD finds what scenarios show or use that need the pools which a user has.
var countsPSRD = regexp.MustCompile(`unused|'psrd'|size=\d{5}`)

// poolsFor returns how much PSRD is in the pools of a scenario's network, nil for the default.
func poolsFor(text []byte) *topology.PSRD {
	if countsPSRD.Match(text) {
		return nil
	}
	return smallPools
}

func usesLoopback(text []byte) bool { return bytes.Contains(text, []byte("transport: loopback")) }

func TestCollection(t *testing.T) {
	all := files(t)
	if len(all) < 25 {
		t.Errorf("there are only %d", len(all))
	}
	for name, text := range all {
		t.Run(filepath.Base(name), func(t *testing.T) {
			if !bytes.HasPrefix(text, []byte("# ")) {
				t.Error("does not begin with a comment that says what it shows")
			}
			r := Run(t.Context(), name, text, Options{Time: Virtual, psrd: poolsFor(text)})
			if usesLoopback(text) {
				if r.Skipped == "" {
					t.Error("it is not skipped in virtual time")
				}
				r = Run(t.Context(), name, text, Options{})
			}
			if r.Failed() {
				t.Error(print(r, true))
			}
		})
	}
}

// The result of a scenario does not depend on the suite, except for numbers of bytes.
func TestCollectionInTheOtherSuite(t *testing.T) {
	for name, text := range files(t) {
		if usesLoopback(text) {
			continue
		}
		t.Run(filepath.Base(name), func(t *testing.T) {
			if r := Run(t.Context(), name, text, Options{Suite: protocol.SuitePython, Time: Virtual, psrd: poolsFor(text)}); r.Failed() {
				t.Error(print(r, true))
			}
		})
	}
}

func TestCollectionOverLoopback(t *testing.T) {
	for _, name := range []string{"hello", "replay", "tamper-request", "psrd-top-up", "adversary-at-threshold"} {
		name = filepath.Join(collection, name+".txtar")
		r := Run(t.Context(), name, files(t)[name], Options{Transport: sim.Loopback, psrd: poolsFor(files(t)[name])})
		if r.Failed() {
			t.Error(print(r, true))
		}
	}
}

var duration = regexp.MustCompile(`\([0-9.]+s\)`)

func TestSameSeedPrintsTheSame(t *testing.T) {
	seed := uint64(7)
	for _, name := range []string{"hello", "lossy-network", "lying-hubs", "hub-restart", "replay", "psrd-top-up"} {
		name = filepath.Join(collection, name+".txtar")
		text := files(t)[name]
		var first string
		for range 3 {
			out := print(Run(t.Context(), name, text, Options{Seed: &seed, Time: Virtual, psrd: poolsFor(text)}), true)
			out = duration.ReplaceAllString(out, "")
			if first == "" {
				first = out
			}
			if out != first {
				t.Errorf("%s prints\n%s\nand then\n%s", name, first, out)
			}
		}
	}
}

func TestFailuresAreExplained(t *testing.T) {
	for name, test := range map[string]struct {
		script string
		says   []string
	}{
		"a typo": {"# a\n\nget-kye sam sofia\n",
			[]string{"test.txtar:3: get-kye sam sofia", `unknown command "get-kye"; did you mean get-key?`}},
		"no command at all": {"# a\nxyzzy\n", []string{"test.txtar:2: xyzzy", "dske scenario help lists them"}},
		"what was printed and expected": {"# a\n\n# b\necho hello\nstdout goodbye\n",
			[]string{"test.txtar:5: stdout goodbye", "printed:\n          hello", "expected: a match for goodbye in stdout"}},
		"what was not to be printed": {"# a\n\n# b\necho hello\n[own] ! stdout h.llo\n",
			[]string{"test.txtar:5: [own] ! stdout h.llo", "unexpected success", "expected: no match for h.llo in stdout"}},
		"a success that was to be a failure": {"# a\n! get-key sam sofia\n",
			[]string{"test.txtar:2: ! get-key sam sofia", "unexpected success", "expected: that it fails"}},
		"a failure": {"# a\nget-key sam nobody\n",
			[]string{"test.txtar:2: get-key sam nobody", "unknown slave SAE", "expected: that it succeeds"}},
		"wrong arguments":      {"# a\npsrd carol\n", []string{"usage: psrd CLIENT HUB"}},
		"a quote":              {"# a\necho 'b\n", []string{"test.txtar:2: echo 'b", "unterminated quoted argument"}},
		"a node":               {"# a\nstop hub/hnak\n", []string{"there is no node hub/hnak"}},
		"a fault":              {"# a\nfault dorp\n", []string{`there is no fault`, "drop"}},
		"a fault for nobody":   {"# a\nfault drop to=hnak\n", []string{"there is no node or encryptor hnak"}},
		"an option":            {"# a\nget-key sam sofia colour=red\n", []string{"there is no option"}},
		"an attack on nothing": {"# a\ntap\nattack k\n", []string{"no get-key has as=k"}},
		"a deaf adversary":     {"# a\nattack k\n", []string{"begin with tap"}},
		"not a hub":            {"# a\ncompromise carol\n", []string{"client/carol is not a hub"}},
	} {
		r := run(t, test.script)
		out := print(r, false)
		for _, say := range test.says {
			if !r.Failed() || !strings.Contains(out, say) {
				t.Errorf("%s: %q is not in\n%s", name, say, out)
			}
		}
	}
}

// Everything in a scenario is either used or refused, with the file and the line, before anything
// runs.
func TestNothingIsIgnored(t *testing.T) {
	for name, test := range map[string]struct{ script, says string }{
		"an empty scenario":                {"", "test.txtar:1: there are no commands"},
		"only titles":                      {"# a\n\n# b\n", "test.txtar:1: there are no commands"},
		"only a file":                      {"# a\n-- network.yaml --\nhubs: 3\nclients: 2\n", "test.txtar:1: there are no commands"},
		"UTF-16":                           {"\xff\xfee\x00", "test.txtar:1: byte 0xff is not UTF-8"},
		"an unknown variable":              {"# a\necho\nstdout $nosuch\n", "test.txtar:3: stdout $nosuch: there is no variable $nosuch: give a key this name with as=nosuch"},
		"an unknown variable in an option": {"# a\nget-key sam sofia size=${n}\n", "test.txtar:2: get-key sam sofia size=${n}: there is no variable $n"},
		"a variable that comes later":      {"# a\necho $k\nget-key sam sofia as=k\n", "test.txtar:2: echo $k: there is no variable $k"},
		"a key that is not to be made":     {"# a\n! get-key sam sofia as=k\necho $k\n", "test.txtar:3: echo $k: there is no variable $k"},
		"the name of a key":                {"# a\nget-key sam sofia as=1st\n", `"1st" cannot be the name of a variable`},
		"a suite in capitals":              {"# a\n[suite:ITS] echo\n", "test.txtar:2: [suite:ITS] echo: suite \"ITS\" is not one of its, dske-python"},
		"an unknown suite":                 {"# a\n[!suite:foo] echo\n", "suite \"foo\" is not one of"},
		"a suite without a name":           {"# a\n[suite] echo\n", `unknown condition "suite": use own, safe or suite:NAME`},
		"a suffix of own":                  {"# a\n[own:x] echo\n", `unknown condition "own:x"`},
		"an unknown condition":             {"# a\n[moon] echo b\n", `test.txtar:2: [moon] echo b: unknown condition "moon"`},
		"a condition behind one":           {"# a\n[!own] [moon] echo b\n", `unknown condition "moon"`},
		"a condition that never holds":     {"# a\n[!own] [own] echo\n", "[!own] [own] never hold together: remove one"},
		"two suites":                       {"# a\n[suite:its] [suite:dske-python] echo\n", "[suite:its] [suite:dske-python] never hold together"},
		"no suite":                         {"# a\n[!suite:its] [!suite:dske-python] echo\n", "never hold together"},
		"safe in another suite":            {"# a\n[safe] [suite:dske-python] echo\n", "never hold together"},
		"a check before all commands":      {"# a\nskip\n! stdout x\necho x\n", "test.txtar:3: ! stdout x: the command before stdout prints nothing: put it behind one that does"},
		"a check of variables":             {"# a\nenv a=b\n! stdout x\n", "test.txtar:3: ! stdout x: the command before stdout prints nothing"},
		"a check of a silent command":      {"# a\nfaults\nclear\n! stderr x\n", "test.txtar:4: ! stderr x: the command before stderr prints nothing"},
		"a mark in a section":              {"# a\necho\n-- network.yaml --\n\ufeffhubs: 3\n", "test.txtar:4: a byte order mark (U+FEFF) is inside the file: remove it"},
		"two marks":                        {"\ufeff\ufeff# a\necho\n", "test.txtar:1: a byte order mark"},
		"a condition without a command":    {"# a\n[own]\n", "there is no command in this line"},
		"a prefix without a command":       {"# a\n! # get-key sam sofia\n", "there is no command in this line"},
		"two prefixes":                     {"# a\n! ? echo\n", "more than one ! or ?"},
		"a typo behind a skip":             {"# a\nskip\nnonsense\n", "test.txtar:3: nonsense"},
		"a skip that does not":             {"# a\n? skip\n", "with ? in front, skip does nothing"},
		"a check that does not":            {"# a\necho\n? stdout x\n", "test.txtar:3: ? stdout x: with ? in front, stdout checks nothing"},
		"a second topology":                {"# a\necho\n-- topology.yaml --\nhubs: [{name: a}, {name: b}]\nclients: [{name: a}]\n-- topology.yaml --\n", "test.txtar:6: there are two files topology.yaml: remove one"},
		"a second network":                 {"# a\necho\n-- network.yaml --\nhub_timeout: 1s\n-- network.yaml --\n", "test.txtar:5: there are two files network.yaml"},
		"another file":                     {"# a\necho\n-- other.yaml --\n", `test.txtar:3: unknown file "other.yaml"`},
		"hubs beside a topology":           {"# a\necho\n-- topology.yaml --\nhubs: [{name: a}, {name: b}]\nclients: [{name: a}]\n-- network.yaml --\n\nhubs: 3\nclients: 2\n", "test.txtar:8: hubs does not go with a file topology.yaml: remove one of the two"},
		"a mistake in topology.yaml":       {"# a\necho\n-- topology.yaml --\nhubs:\n- name: H\n", `test.txtar:5: "H" cannot be the name of a hub`},
	} {
		r := run(t, test.script)
		if out := print(r, false); r.Err == nil || len(r.Sections) > 0 || !strings.Contains(out, test.says) {
			t.Errorf("%s: %q is not in\n%s", name, test.says, out)
		}
	}
}

func TestNetworkFiles(t *testing.T) {
	const members = "hubs, clients, threshold, transport, time, share_ttl, hub_timeout, request_timeout, seed, data"
	for text, says := range map[string]string{
		"":                                     "4: the file is empty: set hubs and clients, a transport or a time",
		"# nothing\n":                          "4: the file is empty",
		"hups: 3\n":                            `4: the network has no member "hups": use ` + members,
		"\nhubs: 3\nhubs: 3\n":                 `6: the network has member "hubs" twice: remove one`,
		"threshold: 2\n":                       "4: threshold goes with hubs and clients",
		"hubs: 3\n":                            "4: hubs and clients go together: set both",
		"\nclients: 3\n":                       "5: hubs and clients go together: set both",
		"hubs: 0\nclients: 3\n":                "4: hubs is 0: set it to at least 2",
		"hubs: 3\nclients: -1\n":               "5: clients is -1: set it to at least 1",
		"hubs: 3\nclients: two\n":              "5: clients must be a whole number, but is a string",
		"hubs: 3\nclients: 2\nthreshold: 0\n":  "6: threshold is 0: set it to at least 2",
		"hubs: 3\nclients: 2\nthreshold: 4\n":  "4: threshold is 4 and there are 3 hubs",
		"hubs: 3\nclients: 2\nthreshold: -1\n": "4: threshold is -1",
		"hub_timeout: -1s\n":                   `4: hub_timeout must be a time over 0 such as 1.5s, but is "-1s"`,
		"share_ttl: 0s\n":                      `4: share_ttl must be a time over 0`,
		"request_timeout: soon\n":              `4: request_timeout must be a time over 0`,
		"request_timeout: 5\n":                 `4: request_timeout must be a time such as 1.5s, but is a number`,
		"seed: 0\n":                            `4: seed is 0: set it to at least 1`,
		"data: disk\n":                         `4: data is "disk": set it to memory or none`,
		"time: soon\n":                         `4: time is "soon": set it to real or virtual`,
		"transport: loopback\ntime: virtual\n": "5: there are no ports in virtual time: remove time, or set transport to memory",
		"transport: pigeon\n":                  `4: transport is "pigeon": set it to memory or loopback`,
		"- hubs\n":                             "4: the network must be a mapping with " + members,
		"hub_timeout: 1s\n---\nhubs: 3\n":      "5: a second YAML document starts here",
		"hubs: [\n":                            "not valid YAML",
	} {
		r := run(t, "# a\necho\n-- network.yaml --\n"+text)
		if out := print(r, false); r.Err == nil || !strings.Contains(out, "test.txtar:"+says) && says != "not valid YAML" || !strings.Contains(out, says) {
			t.Errorf("%q: %q is not in\n%s", text, says, out)
		}
	}
}

// two is a network of two hubs and two clients.
const two = `-- topology.yaml --
hubs: [{name: hank}, {name: helen}]
clients: [{name: carol, encryptors: [{name: sam}]}, {name: connie, encryptors: [{name: sofia}]}]
`

// A mistake in a command does not count as the failure that a ! expects.
func TestMistakesAreNotExpected(t *testing.T) {
	for line, says := range map[string]string{
		"get-key sam":                         "usage: get-key MASTER SLAVE",
		"get-key sam sofia colour=red":        `there is no option "colour"`,
		"get-key sam sofia size=128 size=256": "size= is given twice: remove one",
		"get-key sam sofia size=0":            "size=0 is not a number over 0",
		"get-key sam sofia number=0":          "number=0 is not a number over 0",
		"get-key sam sofia number=-1":         "number=-1 is not a number over 0",
		"get-key sam sofia number=":           "number= has no value",
		"get-key-with-key-ids sam sofia k":    "k is neither the ID of a key nor a name",
		"attack k":                            "begin with tap",
		"stop hub/hnak":                       "there is no node hub/hnak",
		"corrupt":                             "usage: corrupt HUB...",
		"fault drop to=hub/hank to=hub/helen": "to is there twice",
		"fault drop method=FETCH":             `method: "FETCH" is not one of`,
		"http GET / as=sam as=sofia":          "as= is given twice",
		"http GET":                            "usage: http METHOD PATH",
		"sleep -1d":                           `"-1d" is not a time over 0`,
		"sleep 1dx":                           `"1dx" is not a time over 0`,
		"sleep -1s":                           `"-1s" is not a time over 0`,
		"sleep":                               "usage: sleep DURATION",
		"help get-kye":                        "did you mean get-key?",
		"stdout [":                            "missing closing ]",
		"stdout -count=x a":                   "-count=x: write a whole number over 0",
		"stderr -count=0 a":                   "-count=0: write a whole number over 0",
		"stdout a b":                          "usage: stdout [-count=N] PATTERN",
		"stdout ''":                           `pattern "" matches everything`,
		"stderr x*":                           `pattern "x*" matches everything`,
	} {
		for _, prefix := range []string{"", "! ", "? "} {
			if prefix == "? " && strings.HasPrefix(line, "std") {
				continue
			}
			r := run(t, "# a\necho\n# b\n"+prefix+line+"\necho\n"+two)
			if out := print(r, false); !r.Failed() || !strings.Contains(out, "test.txtar:4: "+prefix+line) || !strings.Contains(out, says) {
				t.Errorf("%s%s: %q is not in\n%s", prefix, line, says, out)
			}
		}
	}
}

func TestGoodScripts(t *testing.T) {
	for name, script := range map[string]string{
		"a byte order mark":      "\ufeff# a\n\n# b\necho hello\nstdout hello\n",
		"Windows line ends":      "# a\r\n\r\n# b\r\nget-key sam sofia as=k\r\necho $k\r\nstdout $k\r\n-- network.yaml --\r\nhub_timeout: 1s\r\n",
		"no title":               "echo hello\nstdout hello",
		"dollars":                "# a\necho 'one $2'\nstdout one' \\$2'$\nstdout '\\$2$'\n",
		"variables":              "# a\nenv a=one b=$/\necho ${a}$b$a\nstdout one.'/one'\n",
		"old output":             "# a\necho x\nenv a=b\nstdout x\n[!own] clear\nstdout x\n",
		"output of a variable":   "# a\nenv a=b\nenv a\nstdout b\n",
		"error of a silent one":  "# a\n! restore hub/hank\nstderr hub/hank\n",
		"quotes":                 "# a\necho 'it''s'\nstdout 'it''s' # not '\n",
		"options of a condition": "# a\n[own] [suite:its] ! get-key sam nobody\nstderr unknown\n[!own] stdout $/\n",
	} {
		if r := run(t, script); r.Failed() {
			t.Errorf("%s: %s", name, print(r, true))
		}
	}
}

func TestNothingButTheSimulator(t *testing.T) {
	for _, name := range []string{"exec", "cat", "cp", "rm", "cd", "mkdir", "symlink", "exists", "grep", "cmp", "chmod", "mv", "replace"} {
		if r := run(t, "# a\n"+name+" x\n"); !strings.Contains(print(r, false), "unknown command") {
			t.Errorf("%s is a command", name)
		}
	}
	r := run(t, "# a\nenv\n")
	if out := print(r, true); r.Failed() || strings.Contains(out, "HOME") {
		t.Errorf("env prints %s", out)
	}
}

func TestSkip(t *testing.T) {
	r := run(t, "# a\n\n# b\nget-key sam sofia\nskip not today\n! echo\n")
	if r.Failed() || r.Skipped != "not today" || !strings.Contains(print(r, false), "1 skipped") {
		t.Error(print(r, false))
	}
}

// hung is the transport to a network that does not answer.
type hung struct{}

func (hung) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestNetworkThatSaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{remote: sim.Remote{URL: "http://hung", HTTP: &http.Client{Transport: hung{}}}}
		start := time.Now()
		if err := w.prepare(t.Context()); err == nil || !strings.Contains(err.Error(), "no network answers at http://hung") {
			t.Error(err)
		}
		if took := time.Since(start); took > time.Minute {
			t.Errorf("it took %v", took)
		}
	})
}

// Violations that the audit finds fail a scenario, unless it uses audit.
func TestAuditFailsTheScenario(t *testing.T) {
	name := filepath.Join(collection, "attack-swapped-answers.txtar")
	text := bytes.ReplaceAll(files(t)[name], []byte("audit\n"), []byte("echo 'in a message that hub/hank did not send'\n"))
	r := Run(t.Context(), name, text, Options{Suite: protocol.SuitePython})
	if r.Err == nil || !strings.Contains(r.Err.Error(), "client/connie accepted bytes") {
		t.Errorf("got %v", r.Err)
	}
}

func TestCommandsAreSorted(t *testing.T) {
	names := make([]string, len(commands))
	for i, c := range commands {
		names[i] = c.name
	}
	if !slices.IsSorted(names) {
		t.Error(names)
	}
	var help bytes.Buffer
	if err := Help(&help); err != nil {
		t.Fatal(err)
	}
	for _, name := range commandNames() {
		if !strings.Contains(help.String(), "\n"+name) && !strings.HasPrefix(help.String(), name) {
			t.Errorf("help does not have %s", name)
		}
	}
}

func TestJUnit(t *testing.T) {
	results := []*Result{run(t, "# a\n\n# one\necho\n# two <&>\nstdout x\n"), run(t, "# b\nskip\n")}
	var out bytes.Buffer
	if err := WriteJUnit(&out, results); err != nil {
		t.Fatal(err)
	}
	var read struct {
		Suites []struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
			Cases    []struct {
				Name    string      `xml:"name,attr"`
				Time    float64     `xml:"time,attr"`
				Failure *junit.Note `xml:"failure"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(out.Bytes(), &read); err != nil {
		t.Fatal(err)
	}
	first := read.Suites[0]
	if first.Tests != 2 || first.Failures != 1 || first.Cases[1].Failure == nil || first.Cases[1].Name != "two <&>" {
		t.Errorf("%+v", first)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("# a\n\n# b\nget-key sam sofia\n-- network.yaml --\nhubs: 3\nclients: 2\n")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4096 || regexp.MustCompile(`[0-9_]{4}`).MatchString(text) { // no huge networks
			return
		}
		p, err := parse("x", []byte(text))
		if err != nil {
			return
		}
		text = strings.TrimPrefix(text, "\ufeff")
		lines := strings.Split(string(txtar.Parse([]byte(text)).Comment), "\n")
		for _, s := range p.sections {
			for i, line := range strings.Split(strings.TrimSuffix(s.text, "\n"), "\n") {
				if s.text != "" && line != lines[s.line-1+i] {
					t.Errorf("line %d is %q, not %q", s.line+i, lines[s.line-1+i], line)
				}
			}
		}
	})
}

func FuzzSettings(f *testing.F) {
	f.Add("hubs: 3\nclients: 2\nthreshold: 2\ntransport: memory\nhub_timeout: 1.5s\n")
	f.Add("hub_timeout: &a -1s\nshare_ttl: *a\n")
	place := regexp.MustCompile(`^[1-9][0-9]*: .`)
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4096 || regexp.MustCompile(`[0-9_a-fx]{4}`).MatchString(text) { // no huge networks
			return
		}
		var s Settings
		generated, _, err := s.read([]byte(text))
		if err != nil && !place.MatchString(err.Error()) {
			t.Errorf("%q does not start with the line", err)
		}
		if err == nil && (s.HubTimeout < 0 || s.ShareTTL < 0 || s.RequestTimeout < 0 || (generated == nil) != (s.Hubs == 0)) {
			t.Errorf("%q is %+v", text, s)
		}
	})
}
