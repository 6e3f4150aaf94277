package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"dske/etsi"
	"dske/sim/certs"
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

// patience is far longer than anything takes that these tests wait for, also on a busy machine.
const patience = 3 * time.Minute

// limit has a process of the program print what its goroutines do, and end, unless release is called
// within patience.
func limit(cmd *exec.Cmd) (release func() bool) {
	return time.AfterFunc(patience, func() { cmd.Process.Signal(syscall.SIGQUIT) }).Stop
}

// runLimited is cmd.Run with a limit.
func runLimited(cmd *exec.Cmd) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	defer limit(cmd)()
	return cmd.Wait()
}

// dske runs the program and returns what it prints and its exit status.
func dske(t *testing.T, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := runLimited(cmd)
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
	lines  []string      // that it printed, up to the second curl command
	stdout *bufio.Reader // the rest of what it prints
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
	return runUntil(t, 3, args...)
}

// runUntil is run for a network that prints the given number of lines.
func runUntil(t *testing.T, lines int, args ...string) *network {
	t.Helper()
	n := &network{T: t, cmd: exec.Command(program, append([]string{"run", "--listen", "127.0.0.1:0"}, args...)...), stderr: &lockedBuffer{}}
	n.start(lines)
	n.url = regexp.MustCompile(`https?://[0-9.:]+[0-9]`).FindString(n.lines[0])
	return n
}

// start starts the process of the network and waits until it has printed the given number of lines.
func (n *network) start(lines int) {
	n.Helper()
	n.cmd.Stderr = n.stderr
	stdout, err := n.cmd.StdoutPipe()
	if err != nil {
		n.Fatal(err)
	}
	if err := n.cmd.Start(); err != nil {
		n.Fatal(err)
	}
	n.Cleanup(func() { n.cmd.Process.Kill(); n.cmd.Wait() })
	defer limit(n.cmd)()
	n.stdout = bufio.NewReader(stdout)
	for len(n.lines) < lines {
		line, err := n.stdout.ReadString('\n')
		if err != nil {
			n.cmd.Wait() // for all of stderr
			n.Fatalf("printed %q, and %s", n.lines, n.stderr)
		}
		n.lines = append(n.lines, strings.TrimSuffix(line, "\n"))
	}
}

// end ends the process by a signal. Only then is stderr known to be whole.
func (n *network) end(signal os.Signal) {
	n.Helper()
	n.cmd.Process.Signal(signal)
	defer limit(n.cmd)()
	if err := n.cmd.Wait(); err != nil {
		n.Errorf("%v: ended with %v and %s", signal, err, n.stderr)
	}
}

// dske runs the program against the network. The test fails if the program does.
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
	if want := "ready on " + n.url + " (open it in a browser): 5 hubs, 5 clients, threshold 3"; n.lines[0] != want {
		t.Errorf("got %q, not %q", n.lines[0], want)
	}
	n.paste()
}

func TestMetricsAreServed(t *testing.T) {
	n := run(t)
	n.dske("etsi-qkd", "get-key-pair", "sam", "sofia")
	response, err := http.Get(n.url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || !strings.Contains(string(text), "\ndske_keys_delivered_total{node=\"connie\"} 1\n") {
		t.Errorf("%v: %s", err, text)
	}
}

// paste runs the two commands that the network printed in a shell.
func (n *network) paste() {
	n.Helper()
	for _, tool := range []string{"bash", "curl", "sed", "tee"} {
		if _, err := exec.LookPath(tool); err != nil {
			n.Skipf("the printed commands need %s", tool)
		}
	}
	paste := exec.Command("bash", "-c", n.lines[1]+"\n"+n.lines[2])
	var first bytes.Buffer
	paste.Stderr = &first
	second, err := paste.Output()
	if err != nil {
		n.Fatalf("%v: %s", err, first.String())
	}
	if first.Len() < 50 || first.String() != string(second) {
		n.Errorf("the two commands print %s and %s", first.String(), second)
	}
}

func TestTLS(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "it's a directory")
	if out, stderr, status := dske(t, "certs", dir); status != 0 || !strings.Contains(out, "5 hubs, 5 clients and 6 encryptors") {
		t.Fatalf("certs: status %d, %s%s", status, out, stderr)
	}
	for _, flags := range [][]string{{"--tls", dir}, {"--tls", dir, "--tls-all"}} {
		n := run(t, flags...)
		n.paste()
		if out := n.dske("etsi-qkd", "get-key-pair", "sam", "susan", "--tls", dir); !strings.Contains(out, "Key values match") {
			t.Errorf("get-key-pair prints %s", out)
		}
		n.dske("stop", "client/carol", "--tls", dir)
		if out := n.dske("status", "--tls", dir); strings.Count(out, "stopped") != 1 {
			t.Errorf("status prints %s", out)
		}
		if _, stderr, status := dske(t, "status", "--url", n.url); status != 1 || !strings.Contains(stderr, "certificate") {
			t.Errorf("without --tls: status %d, %s", status, stderr)
		}
	}
}

func TestConformance(t *testing.T) {
	dir := t.TempDir()
	if _, stderr, status := dske(t, "certs", dir); status != 0 {
		t.Fatal(stderr)
	}
	summary := regexp.MustCompile(`\n(9[0-9]|1[0-9][0-9]) conform, 0 failed, [0-9] skipped\n$`)
	for _, flags := range [][]string{nil, {"--tls", dir}} {
		own := []string{}
		if flags != nil {
			own = []string{"--004-port-base", "0"}
		}
		n := run(t, append(own, flags...)...)
		out := n.dske(append([]string{"etsi-qkd", "conformance", "sam", "sofia"}, flags...)...)
		if !summary.MatchString(out) || strings.Contains(out, "ETSI 004\n") != (flags != nil) {
			t.Errorf("with %v it prints %s", flags, out)
		}
		if !regexp.MustCompile(`(?m)^6\.4 +a repeated key ID is 400, and the key is still there +conforms$`).MatchString(out) {
			t.Errorf("with %v a check is missing: %s", flags, out)
		}
		n.dske(append([]string{"stop", "hub/hank", "hub/helen", "hub/hugo"}, flags...)...)
		out, stderr, status := dske(t, append([]string{"etsi-qkd", "conformance", "sam", "sofia", "--url", n.url}, flags...)...)
		if status != 1 || !strings.Contains(out, "FAILED: status 503") || !strings.Contains(stderr, "checks failed") {
			t.Errorf("without hubs: status %d, %s%s", status, out, stderr)
		}
	}
}

// table returns the table of ports that a network of five clients prints.
func (n *network) table() []string {
	n.Helper()
	var table []string
	for len(table) < 6 {
		line, err := n.stdout.ReadString('\n')
		if err != nil {
			n.Fatal(table, err)
		}
		table = append(table, line)
	}
	return table
}

// TestReadmeOverTLS runs the commands that the README shows for another terminal.
func TestReadmeOverTLS(t *testing.T) {
	for _, tool := range []string{"bash", "curl", "sed", "tee"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("the commands need %s", tool)
		}
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(readme), "## Encryptors over TLS")
	_, section, _ = strings.Cut(section, "In another terminal")
	section, _, _ = strings.Cut(section, "Everything is TLS then")
	var script []string
	for _, match := range regexp.MustCompile(`(?m)^    \$ (.*)$`).FindAllStringSubmatch(section, -1) {
		script = append(script, match[1])
	}
	if !found || len(script) < 7 {
		t.Fatalf("the README has only %q", script)
	}
	dir := t.TempDir()
	certificates := filepath.Join(dir, "certs")
	if _, stderr, status := dske(t, "certs", certificates); status != 0 {
		t.Fatal(stderr)
	}
	text := strings.Join(script, "\n")
	for i, row := range run(t, "--tls", certificates, "--kme-port-base", "0").table()[1:] {
		port := regexp.MustCompile(`:([0-9]+)/`).FindStringSubmatch(row)[1]
		text = strings.ReplaceAll(text, fmt.Sprint("localhost:900", i), "localhost:"+port)
	}
	paste := exec.Command("bash", "-e", "-c", text)
	paste.Dir = dir
	out, err := paste.CombinedOutput()
	want := `^{"source_KME_ID":"carol",.*}\s+({"keys":.*}\n){"message":"a key was made for other SAEs"}\n401\n({"keys":.*}\n){"message":"one or more keys .*}\s+$`
	match := regexp.MustCompile(want).FindStringSubmatch(string(out))
	if err != nil || match == nil || match[1] != match[2] {
		t.Errorf("%v: %s", err, out)
	}
}

func TestPortPerClient(t *testing.T) {
	table := run(t, "--kme-port-base", "0").table()
	row := regexp.MustCompile(`^carol +(http://127.0.0.1:[0-9]+/api/v1/keys) +http://127.0.0.1:[0-9]+ +sam\n$`).FindStringSubmatch(table[1])
	if row == nil {
		t.Fatalf("printed %q", table)
	}
	response, err := http.Get(row[1] + "/sofia/status")
	if err != nil {
		t.Fatal(err)
	}
	if response.Body.Close(); response.StatusCode != http.StatusOK {
		t.Error(response.Status)
	}
}

// TestAddressPerClient gives each client an address of its own, which its certificate names.
func TestAddressPerClient(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("not every system listens on 127.0.1.1")
	}
	dir := t.TempDir()
	if _, stderr, status := dske(t, "certs", dir, "--kme-host", "carol=127.0.1.1", "--kme-host", "connie=127.0.1.4"); status != 0 {
		t.Fatal(stderr)
	}
	n := run(t, "--tls", dir, "--kme-addresses", "127.0.1.1,127.0.1.2,127.0.1.3,127.0.1.4,127.0.1.5", "--kme-port-base", "0", "--004-port-base", "0")
	table := n.table()
	row := regexp.MustCompile(`^carol +(https://127.0.1.1:[0-9]+)/api/v1/keys +https://127.0.1.1:[0-9]+ +127.0.1.1:[0-9]+ +sam\n$`).FindStringSubmatch(table[1])
	if row == nil {
		t.Fatalf("printed %q", table)
	}
	config, err := certs.Directory(dir).Client(certs.Directory(dir).SAE("sam"))
	if err != nil {
		t.Fatal(err)
	}
	sam := &etsi.Client{URL: row[1], HTTP: &http.Client{Transport: &http.Transport{TLSClientConfig: config}}}
	if _, err := sam.Status(t.Context(), "sofia"); err != nil {
		t.Error(err)
	}
}

func TestETSICommands(t *testing.T) {
	n := run(t, "--hubs", "3", "--clients", "3", "--transport", "memory")
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
	out = n.dske("etsi-qkd", "get-key", "sae1", "sae2", "--additional", "sae3", "--number", "2")
	if err := json.Unmarshal([]byte(out), &made); err != nil || len(made.Keys) != 2 {
		t.Fatalf("get-key: %v, %v", made, err)
	}
	for _, slave := range []string{"sae2", "sae3"} {
		n.dske("etsi-qkd", "get-key-with-key-ids", "sae1", slave, made.Keys[1].ID, made.Keys[0].ID)
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
	out, stderr, status := dske(t, "scenario", "testdata/scenarios/hello.txtar", "testdata/scenarios/two-hubs-down.txtar", "-v", "--junit", report)
	if status != 0 || !strings.Contains(out, "✓ testdata/scenarios/hello.txtar: Hello") || !strings.Contains(out, "> get-key sam sofia") || !strings.Contains(out, "2 passed, 0 failed") {
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
	if status != 1 || stderr != "dske: a scenario failed; -v shows what its commands print\n" || !strings.Contains(out, typo+":4: get-kye sam sofia") || !strings.Contains(out, "did you mean get-key?") {
		t.Errorf("status %d: %s%s", status, out, stderr)
	}
	if out, _, status := dske(t, "scenario", "help"); status != 0 || !strings.Contains(out, "compromise HUB...\n") {
		t.Errorf("help: status %d: %s", status, out)
	}
}

var durations = regexp.MustCompile(`\([0-9.]+s\)`)

func TestReadmeShowsTheTour(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	tour, err := os.ReadFile("testdata/scenarios/tour.txtar")
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
		out, stderr, status := dske(t, "scenario", "-v", "--seed", "7", "testdata/scenarios/hello.txtar", "testdata/scenarios/hub-restart.txtar", "testdata/scenarios/lossy-network.txtar", "testdata/scenarios/errors-in-band.txtar")
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
	for _, name := range []string{"three-hubs-down", "partition", "lying-hub", "hello"} { // each leaves the network as it was
		if out := n.dske("scenario", "testdata/scenarios/"+name+".txtar"); !strings.Contains(out, "1 passed") {
			t.Error(out)
		}
	}
	for _, name := range []string{"expiry", "adversary-at-threshold"} {
		if out := n.dske("scenario", "testdata/scenarios/"+name+".txtar"); !strings.Contains(out, "1 skipped") {
			t.Error(out)
		}
	}
	if out := n.dske("status"); strings.Contains(out, "stopped") {
		t.Errorf("the network is left as\n%s", out)
	}
}

// Nobody holds up the end. That it comes within 3 s is for TestSiege, on an idle machine.
func TestSignals(t *testing.T) {
	for _, signal := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		n := run(t)
		for _, text := range []string{ // from callers who would delay the end
			"PUT /hub/hank/dske/oob/v1/registration HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n",
			strings.Repeat("GET /hub/hank/docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: localhost\r\n\r\n", 60),
		} {
			connection, err := net.Dial("tcp", strings.TrimPrefix(n.url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer connection.Close()
			io.WriteString(connection, text)
		}
		n.end(signal)
	}
}

// The check says what a directory contains and whether it is sound, and shows nothing secret. A
// second process does not start on the directory, and none starts on a damaged one.
func TestStoreCheck(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	n := run(t, "--hubs", "2", "--clients", "2", "--data", dir)
	n.dske("etsi-qkd", "get-key", "sae1", "sae2")
	check := func(status int, says ...string) {
		t.Helper()
		stdout, stderr, got := dske(t, "store", "check", dir)
		if got != status {
			t.Errorf("status %d: %s", got, stderr)
		}
		for _, text := range says {
			if !strings.Contains(stdout+stderr, text) {
				t.Errorf("it does not say %q: %s%s", text, stdout, stderr)
			}
		}
	}
	check(1, filepath.Join(dir, "hub", "hub1")+": ", "in use", "5 of 5 directories cannot be used")
	if _, stderr, status := dske(t, "run", "--listen", "127.0.0.1:0", "--hubs", "2", "--clients", "2", "--data", dir); status != 1 || !strings.Contains(stderr, "in use") {
		t.Errorf("a second process: status %d, %s", status, stderr)
	}
	n.end(syscall.SIGTERM)
	check(0, `: sound, hub "hub1" of network`, "8 blocks, 1 shares", "client-owned, for keys: mark ")

	logs, err := filepath.Glob(filepath.Join(dir, "hub", "hub1", "state-*"))
	if err != nil || len(logs) != 1 {
		t.Fatalf("the logs are %q, %v", logs, err)
	}
	content, err := os.ReadFile(logs[0])
	if err != nil {
		t.Fatal(err)
	}
	content[100] ^= 1
	if err := os.WriteFile(logs[0], content, 0o600); err != nil {
		t.Fatal(err)
	}
	check(1, logs[0]+" is damaged", "1 of 5 directories cannot be used")
	if _, stderr, status := dske(t, "run", "--listen", "127.0.0.1:0", "--hubs", "2", "--clients", "2", "--data", dir); status != 1 || !strings.Contains(stderr, "damaged") {
		t.Errorf("on damaged data: status %d, %s", status, stderr)
	}
}

func TestSeedIsReproducibleAndWarns(t *testing.T) {
	keys := func() string {
		n := run(t, "--seed", "7")
		key := n.dske("etsi-qkd", "get-key", "sam", "sofia")
		n.end(syscall.SIGTERM)
		if !strings.Contains(n.stderr.String(), "not secret") {
			t.Errorf("no warning: %s", n.stderr)
		}
		return key
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
	certificates := t.TempDir()
	if _, stderr, status := dske(t, "certs", certificates, "--hubs", "2", "--clients", "1"); status != 0 {
		t.Fatal(stderr)
	}
	for _, test := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"run", "--listen", strings.TrimPrefix(n.url, "http://")}, 1, "cannot listen on"},
		{[]string{"run", "--listen", strings.TrimPrefix(n.url, "http://")}, 1, "port 0 for a free one"},
		{[]string{"run", "--listen", "nonsense"}, 2, "--listen"},
		{[]string{"run", "--nonsense"}, 2, "see dske run --help"},
		{[]string{"run", "a.yaml", "b.yaml"}, 2, "one topology file"},
		{[]string{"run", "--hubs", "3"}, 2, "go together"},
		{[]string{"run", "--hubs", "0", "--clients", "3"}, 2, "--hubs: 0 is not a number over 0"},
		{[]string{"run", "--hubs", "3", "--clients", "3", "--threshold", "0"}, 2, "--threshold: 0 is not a number over 0"},
		{[]string{"run", "--plan", "--hubs", "3", "--clients", "1000000000"}, 2, "use at most 4000000 of each"},
		{[]string{"run", "--seed", "-1"}, 2, `invalid value "-1" for flag --seed`},
		{[]string{"bench", "--tls", "certs"}, 2, "--tls has no effect without --master-url"},
		{[]string{"bench", "--master-url", "x", "--slave-url", "http://127.0.0.1:1", "--master-sae", "a", "--slave-sae", "b"}, 2, `--master-url: "x" is not a URL`},
		{[]string{"bench", "--master-url", "x", "--slave-url", "x", "--master-sae", "a", "--slave-sae", "b", "--hubs", "3"}, 2, "--hubs has no effect with --master-url"},
		{[]string{"bench", "--master-url", "x", "--slave-url", "x", "--master-sae", "a", "--slave-sae", "b", "absent.yaml"}, 2, "topology file has no effect"},
		{[]string{"scenario", "--seed", "1", "--url", n.url, "testdata/scenarios/hello.txtar"}, 2, "--seed has no effect with --url"},
		{[]string{"run", "--tls", ""}, 2, "--tls: the value is empty"},
		{[]string{"run", "--lisen", "127.0.0.1:0"}, 2, "unknown flag --lisen; did you mean --listen?"},
		{[]string{"rnu"}, 2, `unknown command "rnu"; did you mean dske run?`},
		{[]string{"help", "statsu"}, 2, `did you mean dske status?`},
		{[]string{"etsi-qkd", "get-kye", "sam", "sofia"}, 2, `unknown command "get-kye"; did you mean dske etsi-qkd get-key?`},
		{[]string{"run", "--hubs", "3", "--clients", "2", "--threshold", "4"}, 2, "threshold"},
		{[]string{"run", "--threshold", "2"}, 2, "--hubs and --clients"},
		{[]string{"run", "--hubs-per-client", "2"}, 2, "--hubs and --clients"},
		{[]string{"run", "--hubs", "3", "--clients", "2", "--hubs-per-client", "4"}, 2, "4 of 3 hubs"},
		{[]string{"run", "--psrd", "sometimes"}, 2, "neither eager nor lazy"},
		{[]string{"run", "--block-size", "1"}, 2, "block_size is 1 bytes"},
		{[]string{"bench", "--concurrency", "0"}, 2, "--concurrency: 0 is not a number over 0"},
		{[]string{"bench", "--number", "0"}, 2, "--number: 0 is not a number over 0"},
		{[]string{"bench", "--size", "0"}, 2, "--size: 0 is not a number over 0"},
		{[]string{"bench", "--duration", "-1s"}, 2, "--duration: -1s is not a time over 0"},
		{[]string{"bench", "--master-url", "http://127.0.0.1:1"}, 2, "go together"},
		{[]string{"bench", "--hubs", "3", "--clients", "1"}, 2, "two clients"},
		{[]string{"bench", "--transport", "pigeon"}, 2, "pigeon"},
		{[]string{"bench", "--size", "65", "--transport", "memory"}, 1, "multiple of 8"},
		{[]string{"bench", "--master-url", "http://127.0.0.1:1", "--slave-url", "http://127.0.0.1:1", "--master-sae", "a", "--slave-sae", "b"}, 1, "refused"},
		{[]string{"run", "--transport", "pigeon"}, 2, "pigeon"},
		{[]string{"run", "--log-level", "loud"}, 2, "loud"},
		{[]string{"run", "--log-format", "xml"}, 2, "neither text nor json"},
		{[]string{"run", "--log-level"}, 2, "needs an argument: --log-level"},
		{[]string{"run", "--seed", "x"}, 2, "see dske run --help"},
		{[]string{"run", "absent.yaml"}, 1, "without a file it is the reference topology"},
		{[]string{"run", bad}, 1, "bad.yaml:3"},
		{[]string{"run", "--tls", "absent"}, 2, "dske certs"},
		{[]string{"run", "--tls-all"}, 2, "only over TLS"},
		{[]string{"run", "--kme-port-base", "65533"}, 2, "65533 to 65537"},
		{[]string{"run", "--listen", "127.0.0.1:0", "--kme-port-base", strings.TrimPrefix(n.url, "http://127.0.0.1:")}, 1, "choose other ports with --kme-port-base"},
		{[]string{"run", "--listen", "127.0.0.1:9002", "--kme-port-base", "9000"}, 2, "--kme-port-base: 127.0.0.1:9002 is used by --listen too"},
		{[]string{"run", "--hostile", "5 percent"}, 2, "not a chance such as 5% or 0.05"},
		{[]string{"run", "--hostile", "101%"}, 2, "not a chance"},
		{[]string{"run", "--004-port-base", "25575"}, 2, "streams of ETSI GS QKD 004 need TLS"},
		{[]string{"run", "--kme-addresses", "127.0.0.2"}, 2, "goes with --kme-port-base or --004-port-base"},
		{[]string{"run", "--kme-addresses", "127.0.0.2,127.0.0.3", "--kme-port-base", "9000"}, 2, "2 addresses for 5 clients"},
		{[]string{"run", "--kme-addresses", "127.0.0.2,127.0.0.3,127.0.0.4,127.0.0.5,127.0.0.2", "--kme-port-base", "9000"}, 2, "127.0.0.2:9000 is used by --kme-port-base too"},
		{[]string{"certs"}, 2, "DIR"},
		{[]string{"certs", certificates}, 1, "ca.crt is already there"},
		{[]string{"certs", certificates, "absent.yaml"}, 1, "absent.yaml"},
		{[]string{"status", "--tls", "absent"}, 1, "dske certs"},
		{[]string{"nonsense"}, 2, "nonsense"},
		{[]string{"--nonsense"}, 2, "see dske --help"},
		{[]string{"help", "nonsense"}, 2, "see dske --help"},
		{[]string{"version", "1"}, 2, "no arguments"},
		{[]string{"completion", "csh"}, 2, "did you mean dske completion zsh?"},
		{[]string{"stop"}, 2, "NODE"},
		{[]string{"stop", "hank", "--url", n.url}, 2, "such as hub/hank"},
		{[]string{"stop", "hub/hank", "hub/nobody", "--url", n.url}, 1, "there is no node hub/nobody; dske status lists them"},
		{[]string{"stop", "hub/hank", "--tls"}, 2, "needs an argument"},
		{[]string{"status", "hub/nobody", "--url", n.url}, 1, "there is no node hub/nobody"},
		{[]string{"status", "nobody", "--url", n.url}, 2, "such as hub/hank"},
		{[]string{"status", "--interval", "1s", "--url", n.url}, 2, "--watch"},
		{[]string{"status", "--watch", "--interval", "0s", "--url", n.url}, 2, "0s is not a time over 0"},
		{[]string{"status", "--watch", "--interval", "soon", "--url", n.url}, 2, "soon"},
		{[]string{"status", "--watch", "--url", "http://127.0.0.1:1"}, 1, "no network answers at"},
		{[]string{"status", "--url", "127.0.0.1:8100"}, 2, "is not a URL such as http://127.0.0.1:8100"},
		{[]string{"etsi-qkd", "nonsense"}, 2, "see dske etsi-qkd --help"},
		{[]string{"etsi-qkd", "get-key", "sam"}, 2, "MASTER SLAVE"},
		{[]string{"etsi-qkd", "get-key", "sam", "sofia", "more"}, 2, "MASTER SLAVE"},
		{[]string{"etsi-qkd", "get-key", "sam", "--size"}, 2, "size"},
		{[]string{"etsi-qkd", "get-key", "sam", "sofia", "--size", "0", "--url", n.url}, 2, "--size: 0 is not a number over 0"},
		{[]string{"etsi-qkd", "get-key-pair", "sam", "sofia", "--number", "0", "--url", n.url}, 2, "--number: 0 is not a number over 0"},
		{[]string{"etsi-qkd", "get-key", "sam", "sofia", "--number", "-1", "--url", n.url}, 2, "--number: -1 is not a number over 0"},
		{[]string{"etsi-qkd", "get-key", "sam", "nobody", "--url", n.url}, 1, "nobody"},
		{[]string{"etsi-qkd", "get-key", "sam", "sofia", "--size", "65", "--url", n.url}, 1, "size shall be a multiple of 8"},
		{[]string{"etsi-qkd", "get-key-with-key-ids", "sam", "sofia", "x", "--url", n.url}, 2, "key ID"},
		{[]string{"etsi-qkd", "get-key", "sam", "sofia", "--url", "http://127.0.0.1:1"}, 1, "no network answers at"},
		{[]string{"scenario"}, 2, "FILE|DIR"},
		{[]string{"scenario", "absent.txtar"}, 1, "absent.txtar"},
		{[]string{"scenario", "testdata/vectors"}, 1, "no *.txtar"},
		{[]string{"scenario", "testdata/scenarios/hello.txtar", "--nonsense"}, 2, "nonsense"},
		{[]string{"scenario", "testdata/scenarios/hello.txtar", "--url", "nonsense"}, 2, "is not a URL"},
		{[]string{"scenario", "testdata/scenarios/hello.txtar", "--transport", "pigeon"}, 2, "pigeon"},
		{[]string{"scenario", "testdata/scenarios/hello.txtar", "--time", "soon"}, 2, "soon"},
		{[]string{"scenario", "testdata/scenarios/hello.txtar", "--time", "virtual", "--transport", "loopback"}, 2, "there are no ports"},
		{[]string{"status", "--url", "http://127.0.0.1:1"}, 1, "no network answers at"},
	} {
		_, stderr, status := dske(t, test.args...)
		if status != test.status || !strings.Contains(stderr, test.says) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("dske %s: status %d, %s", strings.Join(test.args, " "), status, stderr)
		}
	}
}

func TestLadder(t *testing.T) {
	dir := t.TempDir()
	certificates := filepath.Join(dir, "certs")
	if _, stderr, status := dske(t, "certs", certificates); status != 0 {
		t.Fatal(stderr)
	}
	for _, flags := range [][]string{nil, {"--tls", certificates, "--tls-all"}} {
		n := run(t, flags...)
		flags = flags[:min(2, len(flags))]
		svg, mermaid := filepath.Join(dir, "ladder.svg"), filepath.Join(dir, "ladder.mmd")
		out := n.dske(append([]string{"ladder", "sam", "sofia", "--svg", svg, "--mermaid", mermaid}, flags...)...)
		if strings.Count(out, "key-share") != 10 || !regexp.MustCompile(`12 messages among 9 participants, 0 of them failed\.\nBoth have key [0-9a-f-]{36}, fingerprint [0-9a-f]{16}\n$`).MatchString(out) {
			t.Errorf("it prints %s", out)
		}
		for file, want := range map[string]string{svg: "<svg ", mermaid: "sequenceDiagram"} {
			if text, err := os.ReadFile(file); err != nil || !strings.Contains(string(text), want) {
				t.Errorf("%v, %.100s", err, text)
			}
		}
		n.dske(append([]string{"stop", "hub/hank", "hub/helen", "hub/hugo"}, flags...)...)
		for _, test := range []struct {
			args   []string
			status int
			stderr string
		}{
			{[]string{"sam", "sofia"}, 1, "dske: 503 Service Unavailable: Could not scatter enough shares for key.\n"},
			{[]string{"sam", "sam"}, 1, "master and slave are the same encryptor"},
			{[]string{"sam", "nobody"}, 1, `dske: no client has encryptor "nobody"; there are sam, `},
			{[]string{"sam", "sofia", "--svg", dir}, 1, "is a directory"},
			{[]string{"sam"}, 2, "takes MASTER SLAVE"},
			{[]string{"sam", "sofia", "susan"}, 2, "takes MASTER SLAVE"},
		} {
			args := append(append([]string{"ladder", "--url", n.url}, test.args...), flags...)
			out, stderr, status := dske(t, args...)
			if status != test.status || !strings.Contains(stderr, test.stderr) || strings.Count(stderr, "\n") != 1 {
				t.Errorf("%v: status %d, %q", test.args, status, stderr)
			}
			if isDrawn := strings.Contains(out, "✗ 503 hank is stopped"); isDrawn != strings.Contains(strings.Join(test.args, " "), "sam sofia") && test.status == 1 {
				t.Errorf("%v: it prints %s", test.args, out)
			}
		}
	}
}

// The program warns when it lets strangers in.
func TestOpenWarns(t *testing.T) {
	for args, open := range map[string]bool{"--open": true, "--psrd=lazy": false} {
		_, stderr, status := dske(t, "run", "--plan", args)
		if status != 0 || strings.Contains(stderr, "strangers may register") != open {
			t.Errorf("%s: status %d, %s", args, status, stderr)
		}
	}
}
