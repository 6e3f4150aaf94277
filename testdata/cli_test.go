package testdata

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// These tests run the program as a user does.

var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "dske")
	if err != nil {
		panic(err)
	}
	program = filepath.Join(dir, "dske")
	if out, err := exec.Command("go", "build", "-o", program, "dske").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%s%v\n", out, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// dske runs the program and returns what it prints and its exit status.
func dske(t *testing.T, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// network is a network that runs in a process of its own.
type network struct {
	*testing.T
	cmd    *exec.Cmd
	url    string
	lines  []string // that it printed, up to the second curl command
	stderr *lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// run starts a network on a free port and waits until it is ready.
func run(t *testing.T, args ...string) *network {
	t.Helper()
	n := &network{T: t, cmd: exec.Command(program, append([]string{"run", "--listen", "127.0.0.1:0"}, args...)...), stderr: &lockedBuffer{}}
	n.cmd.Stderr = n.stderr
	stdout, err := n.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.cmd.Process.Kill(); n.cmd.Wait() })
	for scanner := bufio.NewScanner(stdout); len(n.lines) < 3 && scanner.Scan(); {
		n.lines = append(n.lines, scanner.Text())
	}
	if len(n.lines) < 3 {
		t.Fatalf("printed %q, and %s", n.lines, n.stderr)
	}
	go io.Copy(io.Discard, stdout)
	n.url = regexp.MustCompile(`http://[0-9.:]+[0-9]`).FindString(n.lines[0])
	return n
}

// dske runs the program against the network and fails the test if that fails.
func (n *network) dske(args ...string) string {
	n.Helper()
	stdout, stderr, status := dske(n.T, append(args, "--url", n.url)...)
	if status != 0 {
		n.Fatalf("dske %v: status %d: %s", args, status, stderr)
	}
	return stdout
}

func TestDemo(t *testing.T) {
	n := run(t)
	if want := "ready on " + n.url + ": 5 hubs, 5 clients, threshold 3"; n.lines[0] != want {
		t.Errorf("got %q, not %q", n.lines[0], want)
	}
	for _, tool := range []string{"bash", "curl", "sed", "tee"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("the printed commands need %s", tool)
		}
	}
	paste := exec.Command("bash", "-c", n.lines[1]+"\n"+n.lines[2])
	var first bytes.Buffer
	paste.Stderr = &first
	second, err := paste.Output()
	if err != nil {
		t.Fatal(err)
	}
	if first.Len() < 50 || first.String() != string(second) {
		t.Errorf("the two commands print %s and %s", first.String(), second)
	}
}

func TestETSICommands(t *testing.T) {
	n := run(t, "--hubs", "3", "--clients", "2", "--transport", "memory")
	out := n.dske("etsi-qkd", "get-key-pair", "sae1", "sae2", "--size", "128", "--number=2")
	if !strings.HasSuffix(out, "}\nKey values match\n") || strings.Count(out, `"key_ID"`) != 4 {
		t.Errorf("get-key-pair prints %s", out)
	}
	var made struct {
		Keys []struct {
			ID  string `json:"key_ID"`
			Key []byte
		}
	}
	if err := json.Unmarshal([]byte(n.dske("etsi-qkd", "get-key", "--size", "512", "sae1", "sae2")), &made); err != nil || len(made.Keys[0].Key) != 64 {
		t.Fatalf("get-key: %v, %v", made, err)
	}
	if out := n.dske("etsi-qkd", "get-key-with-key-ids", "sae1", "sae2", made.Keys[0].ID); !strings.Contains(out, made.Keys[0].ID) {
		t.Errorf("get-key-with-key-ids prints %s", out)
	}
	if out := n.dske("etsi-qkd", "get-status", "sae1", "sae2"); !strings.Contains(out, `"target_KME_ID": "client2"`) {
		t.Errorf("get-status prints %s", out)
	}
}

func TestStopAndStart(t *testing.T) {
	n := run(t)
	n.dske("stop", "hub/hank", "hub/helen", "hub/hugo")
	if out := n.dske("status"); strings.Count(out, "stopped") != 3 || !strings.Contains(out, "client/carol") {
		t.Errorf("status prints %s", out)
	}
	_, stderr, status := dske(t, "etsi-qkd", "get-key", "sam", "sofia", "--url", n.url)
	if status != 1 || !strings.Contains(stderr, "Could not scatter enough shares for key.") || !strings.Contains(stderr, "hugo") {
		t.Errorf("status %d: %s", status, stderr)
	}
	n.dske("start", "hub/hugo")
	n.dske("etsi-qkd", "get-key-pair", "sam", "sofia")
	if out := n.dske("status", "hub/hugo", "client/connie", "--json"); !strings.Contains(out, `{"name":"hugo","peer_clients":[{"client_name":"`) || !strings.Contains(out, `"encryptor_names":["sofia"]`) {
		t.Errorf("status --json prints %s", out)
	}
}

func TestScenario(t *testing.T) {
	dir := t.TempDir()
	report := filepath.Join(dir, "report.xml")
	out, stderr, status := dske(t, "scenario", "scenarios/hello.txtar", "scenarios/two-hubs-down.txtar", "-v", "--junit", report)
	if status != 0 || !strings.Contains(out, "✓ scenarios/hello.txtar: Hello") || !strings.Contains(out, "> get-key sam sofia") || !strings.Contains(out, "2 passed, 0 failed") {
		t.Errorf("status %d: %s%s", status, out, stderr)
	}
	if strings.Contains(out, "\x1b") {
		t.Error("colours although this is no terminal")
	}
	if text, err := os.ReadFile(report); err != nil || strings.Count(string(text), "<testsuite ") != 2 || !strings.Contains(string(text), `failures="0"`) {
		t.Errorf("%v: %s", err, text)
	}
	typo := filepath.Join(dir, "typo.txtar")
	if err := os.WriteFile(typo, []byte("# A typo.\n\n# Here.\nget-kye sam sofia\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, stderr, status = dske(t, "scenario", typo)
	if status != 1 || stderr != "dske: a scenario failed\n" || !strings.Contains(out, typo+":4: get-kye sam sofia") || !strings.Contains(out, "did you mean get-key?") {
		t.Errorf("status %d: %s%s", status, out, stderr)
	}
	if out, _, status := dske(t, "scenario", "help"); status != 0 || !strings.Contains(out, "compromise HUB...\n") {
		t.Errorf("help: status %d: %s", status, out)
	}
}

var durations = regexp.MustCompile(`\([0-9.]+s\)`)

func TestReadmeShowsTheTour(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	tour, err := os.ReadFile("scenarios/tour.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(tour)) {
		if !strings.Contains(string(readme), "\n    "+line) && line != "\n" {
			t.Errorf("README.md lacks %s", line)
		}
	}
}

func TestScenariosAreReproducible(t *testing.T) {
	run := func() string {
		out, stderr, status := dske(t, "scenario", "-v", "--seed", "7", "scenarios/hello.txtar", "scenarios/hub-restart.txtar", "scenarios/lossy-network.txtar", "scenarios/errors-in-band.txtar")
		if status != 0 {
			t.Errorf("status %d: %s%s", status, out, stderr)
		}
		return durations.ReplaceAllString(out, "")
	}
	if first, second := run(), run(); first != second {
		t.Errorf("the same seed prints\n%s\nand\n%s", first, second)
	}
}

func TestScenarioOnARunningNetwork(t *testing.T) {
	n := run(t)
	for _, name := range []string{"three-hubs-down", "partition", "lying-hub", "hello"} { // each finds the network as the first did
		if out := n.dske("scenario", "scenarios/"+name+".txtar"); !strings.Contains(out, "1 passed") {
			t.Error(out)
		}
	}
	for _, name := range []string{"expiry", "adversary-at-threshold"} {
		if out := n.dske("scenario", "scenarios/"+name+".txtar"); !strings.Contains(out, "1 skipped") {
			t.Error(out)
		}
	}
	if out := n.dske("status"); strings.Contains(out, "stopped") {
		t.Errorf("the network is left as\n%s", out)
	}
}

func TestSignals(t *testing.T) {
	for _, signal := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		n := run(t)
		before := time.Now()
		n.cmd.Process.Signal(signal)
		if err := n.cmd.Wait(); err != nil || time.Since(before) > 2*time.Second {
			t.Errorf("%v: ended after %v with %v and %s", signal, time.Since(before), err, n.stderr)
		}
	}
}

func TestSeedIsReproducibleAndWarns(t *testing.T) {
	keys := func() string {
		n := run(t, "--seed", "7")
		if !strings.Contains(n.stderr.String(), "not secret") {
			t.Errorf("no warning: %s", n.stderr)
		}
		return n.dske("etsi-qkd", "get-key", "sam", "sofia")
	}
	if first, second := keys(), keys(); first != second {
		t.Errorf("the same seed gives %s and %s", first, second)
	}
}

func TestErrors(t *testing.T) {
	n := run(t)
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("hubs:\n  - name: hank\nclints: []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"run", "--listen", strings.TrimPrefix(n.url, "http://")}, 1, "cannot listen on"},
		{[]string{"run", "--nonsense"}, 2, "nonsense"},
		{[]string{"run", "a.yaml", "b.yaml"}, 2, "one topology file"},
		{[]string{"run", "--hubs", "3"}, 2, "go together"},
		{[]string{"run", "--hubs", "3", "--clients", "2", "--threshold", "4"}, 2, "threshold"},
		{[]string{"run", "--threshold", "2"}, 2, "--hubs and --clients"},
		{[]string{"run", "--transport", "pigeon"}, 2, "pigeon"},
		{[]string{"run", "--log-level", "loud"}, 2, "loud"},
		{[]string{"run", "absent.yaml"}, 1, "absent.yaml"},
		{[]string{"run", bad}, 1, "bad.yaml:3"},
		{[]string{"nonsense"}, 2, "nonsense"},
		{[]string{"stop"}, 2, "NODE"},
		{[]string{"stop", "hub/nobody", "--url", n.url}, 1, "No such node."},
		{[]string{"etsi-qkd", "get-key", "sam"}, 2, "MASTER SLAVE"},
		{[]string{"etsi-qkd", "get-key", "sam", "sofia", "more"}, 2, "MASTER SLAVE"},
		{[]string{"etsi-qkd", "get-key", "sam", "--size"}, 2, "size"},
		{[]string{"etsi-qkd", "get-key", "sam", "nobody", "--url", n.url}, 1, "nobody"},
		{[]string{"etsi-qkd", "get-key", "sam", "sofia", "--size", "65", "--url", n.url}, 1, "size shall be a multiple of 8"},
		{[]string{"etsi-qkd", "get-key-with-key-ids", "sam", "sofia", "x", "--url", n.url}, 2, "key ID"},
		{[]string{"etsi-qkd", "get-key", "sam", "sofia", "--url", "http://127.0.0.1:1"}, 1, "no network answers at"},
		{[]string{"scenario"}, 2, "FILE|DIR"},
		{[]string{"scenario", "absent.txtar"}, 1, "absent.txtar"},
		{[]string{"scenario", "vectors"}, 1, "no *.txtar"},
		{[]string{"scenario", "scenarios/hello.txtar", "--nonsense"}, 2, "nonsense"},
		{[]string{"scenario", "scenarios/hello.txtar", "--transport", "pigeon"}, 2, "pigeon"},
		{[]string{"status", "--url", "http://127.0.0.1:1"}, 1, "no network answers at"},
	} {
		_, stderr, status := dske(t, test.args...)
		if status != test.status || !strings.Contains(stderr, test.says) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("dske %s: status %d, %s", strings.Join(test.args, " "), status, stderr)
		}
	}
}
