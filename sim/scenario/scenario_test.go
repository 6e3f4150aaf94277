package scenario

import (
	"bytes"
	"encoding/xml"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"golang.org/x/tools/txtar"

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

// run runs a scenario that is not in a file.
func run(t *testing.T, text string) *Result {
	t.Helper()
	return Run(t.Context(), "test.txtar", []byte(text), Options{})
}

// print returns what the command line prints, without colours.
func print(r *Result, verbose bool) string {
	var out bytes.Buffer
	report := Report{To: &out, Verbose: verbose}
	report.Add(r)
	report.End()
	return out.String()
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
			run := func(t *testing.T) {
				if r := Run(t.Context(), name, text, Options{}); r.Failed() {
					t.Error(print(r, true))
				}
			}
			if usesLoopback(text) { // a bubble has no sockets
				run(t)
			} else {
				synctest.Test(t, run)
			}
		})
	}
}

// What a scenario shows doesn't depend on the suite, but for the bytes that it counts.
func TestCollectionInTheOtherSuite(t *testing.T) {
	for name, text := range files(t) {
		if usesLoopback(text) {
			continue
		}
		t.Run(filepath.Base(name), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if r := Run(t.Context(), name, text, Options{Suite: protocol.SuiteITS}); r.Failed() {
					t.Error(print(r, true))
				}
			})
		})
	}
}

func TestCollectionOverLoopback(t *testing.T) {
	for _, name := range []string{"hello", "replay", "tamper-request", "psrd-top-up", "adversary-at-threshold"} {
		name = filepath.Join(collection, name+".txtar")
		r := Run(t.Context(), name, files(t)[name], Options{Transport: sim.Loopback})
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
			synctest.Test(t, func(t *testing.T) {
				out := print(Run(t.Context(), name, text, Options{Seed: &seed}), true)
				out = duration.ReplaceAllString(out, "")
				if first == "" {
					first = out
				}
				if out != first {
					t.Errorf("%s prints\n%s\nand then\n%s", name, first, out)
				}
			})
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
		"what was printed and expected": {"# a\n\n# b\necho hello\nstdout goodbye\n",
			[]string{"test.txtar:5: stdout goodbye", "printed:\n          hello", "expected: a match for goodbye in stdout"}},
		"what was not to be printed": {"# a\n\n# b\necho hello\n! stdout h.llo\n",
			[]string{"test.txtar:5: ! stdout h.llo", "unexpected success", "expected: no match for h.llo in stdout"}},
		"a success that was to be a failure": {"# a\n! get-key sam sofia\n",
			[]string{"test.txtar:2: ! get-key sam sofia", "unexpected success", "expected: that it fails"}},
		"a failure": {"# a\nget-key sam nobody\n",
			[]string{"test.txtar:2: get-key sam nobody", "unknown slave SAE", "expected: that it succeeds"}},
		"wrong arguments":      {"# a\npsrd carol\n", []string{"usage: psrd CLIENT HUB"}},
		"a quote":              {"# a\necho 'b\n", []string{"test.txtar:2: echo 'b", "unterminated quoted argument"}},
		"a condition":          {"# a\n[moon] echo b\n", []string{"test.txtar:2: [moon] echo b", "unknown condition"}},
		"a node":               {"# a\nstop hub/hnak\n", []string{"there is no node hub/hnak"}},
		"a fault":              {"# a\nfault dorp\n", []string{`no fault is called`, "drop"}},
		"a fault for nobody":   {"# a\nfault drop to=hnak\n", []string{"there is no node or encryptor hnak"}},
		"an option":            {"# a\nget-key sam sofia colour=red\n", []string{"no option is called"}},
		"an attack on nothing": {"# a\ntap\nattack k\n", []string{"no get-key has given the name k"}},
		"a deaf adversary":     {"# a\nattack k\n", []string{"begin with tap"}},
		"topology.yaml":        {"# a\n-- topology.yaml --\nhubs:\n- name: H\n", []string{"test.txtar: topology.yaml:"}},
		"network.yaml":         {"# a\n-- network.yaml --\nhups: 3\n", []string{"network.yaml", "hups"}},
		"another file":         {"# a\n-- other.yaml --\n", []string{"other.yaml"}},
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
	r := run(t, "# a\n\n# b\nget-key sam sofia\nskip not today\nnonsense\n")
	if r.Failed() || r.Skipped != "not today" || !strings.Contains(print(r, false), "1 skipped") {
		t.Error(print(r, false))
	}
}

func TestSecondUseFailsTheScenario(t *testing.T) {
	w, err := newWorld(t.Context(), &parsed{topology: topology.Reference()}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	header := map[string][]string{"Dske-Signature": {"00000000-0000-4000-8000-000000000001:0:32%AAAA"}}
	for _, path := range []string{"a", "b"} { // as a client would that signs two messages with the same bytes
		w.sendAs(t, "client/carol", "/hub/hank/dske/api/v1/key-share?"+path, header)
	}
	if err := w.end(); err == nil || !strings.Contains(err.Error(), "client/carol used bytes 0 to 31 of block") {
		t.Errorf("got %v", err)
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
	var read junitSuites
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
