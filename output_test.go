package main

import (
	"bufio"
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// everyOutput lists a call of each command that prints something. Those in the second list need a
// network.
var (
	everyOutput = [][]string{
		{"help"}, {"--help"}, {"run", "--help"}, {"etsi-qkd"}, {"--version"}, {"version"},
		{"completion", "bash"}, {"completion", "zsh"}, {"completion", "fish"},
		{"run", "--plan"}, {"run", "--listen", "127.0.0.1:0"},
		{"scenario", "help"}, {"scenario", "testdata/scenarios/hello.txtar"},
		{"bench", "--transport", "memory", "--duration", "10ms"}, {"bench", "--transport", "memory", "--duration", "10ms", "--json"},
	}
	everyOutputOfANetwork = [][]string{
		{"status"}, {"status", "--json"}, {"status", "--watch"}, {"ladder", "sam", "sofia"},
		{"etsi-qkd", "get-status", "sam", "sofia"}, {"etsi-qkd", "get-key", "sam", "sofia"},
		{"etsi-qkd", "get-key-pair", "sam", "sofia"}, {"etsi-qkd", "conformance", "sam", "sofia"},
		{"scenario", "testdata/scenarios/hello.txtar", "testdata/scenarios/hello.txtar"},
	}
)

// to runs the program with a file as its standard output.
func to(t *testing.T, out *os.File, args ...string) (stderr string, status int) {
	t.Helper()
	var errs bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = out, &errs
	cmd.Run()
	return errs.String(), cmd.ProcessState.ExitCode()
}

func TestOutputThatCannotBeWritten(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("this needs a file that is always full")
	}
	defer full.Close()
	n := run(t)
	calls := append(everyOutput, []string{"certs", filepath.Join(t.TempDir(), "certs")})
	for _, args := range everyOutputOfANetwork {
		calls = append(calls, append(args, "--url", n.url))
	}
	for _, args := range calls {
		stderr, status := to(t, full, args...)
		if status != 1 || stderr != "dske: write /dev/stdout: no space left on device\n" {
			t.Errorf("%v: status %d, %q", args, status, stderr)
		}
	}
	for _, args := range [][]string{
		{"ladder", "sam", "sofia", "--svg", "/dev/full", "--url", n.url},
		{"ladder", "sam", "sofia", "--mermaid", "/dev/full", "--url", n.url},
		{"scenario", "testdata/scenarios/hello.txtar", "--junit", "/dev/full"},
	} {
		if _, stderr, status := dske(t, args...); status != 1 || !strings.Contains(stderr, "no space left") {
			t.Errorf("%v: status %d, %q", args, status, stderr)
		}
	}
}

// A key that can be fetched only once is not requested if it could not be printed, so it can still
// be fetched.
func TestKeyThatCannotBePrinted(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil || runtime.GOOS != "linux" {
		t.Skip("this needs a file that is always full, and a system that says so")
	}
	defer full.Close()
	n := run(t)
	made := regexp.MustCompile(`[0-9a-f-]{36}`).FindString(n.dske("etsi-qkd", "get-key", "sam", "sofia"))
	for _, out := range []*os.File{full, closedPipe(t)} {
		for _, args := range [][]string{{"get-key-with-key-ids", "sam", "sofia", made}, {"get-key", "sam", "sofia"}, {"get-key-pair", "sam", "sofia"}} {
			if stderr, status := to(t, out, append(append([]string{"etsi-qkd"}, args...), "--url", n.url)...); status != 1 || !strings.Contains(stderr, "dske: write /dev/stdout: ") {
				t.Errorf("%v: status %d, %q", args, status, stderr)
			}
		}
	}
	if out := n.dske("etsi-qkd", "get-key-with-key-ids", "sam", "sofia", made); !strings.Contains(out, made) {
		t.Errorf("it prints %s", out)
	}
	if out := n.dske("status", "client/carol"); !regexp.MustCompile(`(?m)^client/carol .* 1 +0 +- +sam$`).MatchString(out) {
		t.Errorf("other keys were made: %s", out)
	}
	file := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(file, []byte("before\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	appended, err := os.OpenFile(file, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer appended.Close()
	_, status := to(t, appended, "etsi-qkd", "get-key", "sam", "sofia", "--url", n.url)
	if text, err := os.ReadFile(file); status != 0 || err != nil || !strings.HasPrefix(string(text), "before\n{\n") || !strings.HasSuffix(string(text), "}\n") {
		t.Errorf("status %d: %q, %v", status, text, err)
	}
}

// closedPipe returns a pipe whose reading end is closed.
func closedPipe(t *testing.T) *os.File {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	read.Close()
	t.Cleanup(func() { write.Close() })
	return write
}

func TestReaderWhoGoesAway(t *testing.T) {
	n := run(t)
	for _, args := range [][]string{{"version"}, {"--help"}, {"status", "--watch", "--interval", "1ms", "--url", n.url}} {
		if stderr, status := to(t, closedPipe(t), args...); status != 1 || stderr != "dske: write /dev/stdout: broken pipe\n" {
			t.Errorf("%v: status %d, %q", args, status, stderr)
		}
	}
}

// A network keeps running when nobody reads its output, as in dske run | head -1.
func TestNetworkWhoseReaderGoesAway(t *testing.T) {
	cmd := exec.Command(program, "run", "--listen", "127.0.0.1:0", "--log-level", "info")
	cmd.Stdout = closedPipe(t)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	defer limit(cmd)()
	var url []string
	lines := bufio.NewScanner(stderr)
	for url == nil && lines.Scan() {
		url = regexp.MustCompile(`msg=ready url=(\S+)`).FindStringSubmatch(lines.Text())
	}
	if url == nil {
		t.Fatalf("it ends: %v", cmd.Wait())
	}
	response, err := http.Get(url[1] + "/sim/v1/ready")
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatal(response, err)
	}
	response.Body.Close()
	cmd.Process.Signal(syscall.SIGTERM)
	for lines.Scan() { // until it has ended
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func TestColours(t *testing.T) {
	if _, err := exec.LookPath("script"); err != nil || runtime.GOOS != "linux" {
		t.Skip("this needs script, of util-linux, for a terminal")
	}
	const colour, line = "\x1b[32m", "\x1b[K"
	for _, test := range []struct {
		env           string
		colours, line bool
	}{
		{"TERM=xterm", true, true},
		{"TERM=xterm NO_COLOR=", true, true},
		{"TERM=xterm NO_COLOR=1", false, true},
		{"TERM=dumb", false, false},
	} {
		out, err := exec.Command("script", "-qec", "env "+test.env+" "+program+" scenario testdata/scenarios/hello.txtar", "/dev/null").CombinedOutput()
		if err != nil || bytes.Contains(out, []byte(colour)) != test.colours || bytes.Contains(out, []byte(line)) != test.line {
			t.Errorf("%s: %v, %q", test.env, err, out)
		}
	}
}

func TestBenchShowsItsProgress(t *testing.T) {
	out := onTerminal(t, "bench", "--transport", "memory", "--duration", "500ms")
	if !strings.Contains(out, "seconds of measuring: 0 of 1\r\x1b[K") || !strings.Contains(out, "key pairs per second") {
		t.Errorf("it shows %q", out)
	}
}
