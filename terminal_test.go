package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

func TestStatusIsATable(t *testing.T) {
	n := run(t)
	n.dske("etsi-qkd", "get-key-pair", "sam", "sofia")
	n.dske("stop", "hub/hank", "client/celia")
	want := []string{
		`threshold 3, suite its, keys from rng`,
		`a wrong key of 256 bits passes with a probability of at most 2\^-123.09, a forged message of 4 MiB with one of at most 2\^-109.99`,
		`NODE +STATE +ASSOCIATIONS +LEAST PSRD +KEYS MADE +DELIVERED +SHARES WAITING +ENCRYPTORS`,
		`hub/hank +stopped( +-){6}`,
		`hub/helen +running +4 +16304 +- +- +0 +-`,
		`hub/hilary +running +4 +16304 +- +- +0 +-`,
		`hub/holly +running +4 +16304 +- +- +0 +-`,
		`hub/hugo +running +4 +16304 +- +- +0 +-`,
		`client/carol +ready +5 of 5 +16304 +1 +0 +- +sam`,
		`client/celia +stopped +- +- +0 +0 +- +serena`,
		`client/cindy +ready +5 of 5 +16384 +0 +0 +- +cindy`,
		`client/connie +ready +5 of 5 +16304 +0 +1 +- +sofia`,
		`client/curtis +ready +5 of 5 +16384 +0 +0 +- +sunny, susan`,
	}
	if out := n.dske("status"); !regexp.MustCompile("^" + strings.Join(want, "\n") + "\n$").MatchString(out) {
		t.Errorf("status prints\n%s", out)
	}
	if out := n.dske("status", "client/carol", "hub/hank"); !regexp.MustCompile("^" + want[2] + "\n" + want[3] + "\n" + want[8] + "\n$").MatchString(out) {
		t.Errorf("status of two prints\n%s", out)
	}
	if out := n.dske("status", "--json", "hub/hank"); !regexp.MustCompile(`^{"node":"hub/hank","state":"stopped","time":"[0-9T:.-]+Z"}\n$`).MatchString(out) {
		t.Errorf("status --json prints %s", out)
	}
}

func TestStatusWatches(t *testing.T) {
	n := run(t)
	watch := exec.Command(program, "status", "--watch", "--interval", "20ms", "--url", n.url)
	var stderr bytes.Buffer
	watch.Stderr = &stderr
	stdout, err := watch.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := watch.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { watch.Process.Kill(); watch.Wait() })
	defer limit(watch)()
	lines := bufio.NewScanner(stdout)
	for tables := 0; tables < 3; {
		if !lines.Scan() {
			t.Fatalf("it ends: %v %s", watch.Wait(), stderr.String())
		}
		if strings.HasPrefix(lines.Text(), "NODE ") {
			tables++
		}
		if strings.Contains(lines.Text(), "\x1b") {
			t.Errorf("this is no terminal: %q", lines.Text())
		}
	}
	watch.Process.Signal(os.Interrupt)
	for lines.Scan() { // until it has ended
	}
	if err := watch.Wait(); err != nil || stderr.Len() > 0 {
		t.Errorf("interrupted, it ends with %v and prints %s", err, stderr.String())
	}
}

// onTerminal runs the program on a terminal and returns what appears there.
func onTerminal(t *testing.T, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("script"); err != nil || runtime.GOOS != "linux" {
		t.Skip("this needs script, of util-linux, for a terminal")
	}
	out, err := exec.Command("script", "-qec", program+" "+strings.Join(args, " "), "/dev/null").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

func TestProgressOnATerminal(t *testing.T) {
	out := onTerminal(t, "scenario", "testdata/scenarios/hello.txtar")
	if !strings.Contains(out, "\x1b[Ktestdata/scenarios/hello.txtar: 1 of 1\r\x1b[K") || !strings.Contains(out, "1 passed") {
		t.Errorf("it shows %q", out)
	}
	if _, stderr, _ := dske(t, "scenario", "testdata/scenarios/hello.txtar"); stderr != "" {
		t.Errorf("without a terminal it shows %q", stderr)
	}
}

func TestLogFormat(t *testing.T) {
	n := run(t, "--log-format", "json", "--log-level", "info")
	n.dske("stop", "hub/hank")
	n.end(os.Interrupt)
	for line := range strings.Lines(n.stderr.String()) {
		var entry struct{ Level, Msg string }
		if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.Level == "" || entry.Msg == "" {
			t.Errorf("%v: %s", err, line)
		}
	}
	if !strings.Contains(n.stderr.String(), `"msg":"stopped","node":"hub/hank"`) {
		t.Errorf("the log is %s", n.stderr)
	}
}

func TestVersion(t *testing.T) {
	out, _, status := dske(t, "version")
	if want := regexp.MustCompile(`^dske \S+\n(commit .*\n)?go1\S* \w+/\w+\n$`); status != 0 || !want.MatchString(out) {
		t.Errorf("status %d: %s", status, out)
	}
	if out, _, status := dske(t, "--version"); status != 0 || !strings.HasPrefix(out, "dske version ") {
		t.Errorf("status %d: %s", status, out)
	}
}

func TestCompletion(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("this needs bash")
	}
	n := run(t)
	for _, test := range [][2]string{
		{"dske st", "status start stop store"},
		{"dske run --tl", "--tls --tls-all"},
		{"dske etsi-qkd get-s", "get-status"},
		{"dske stop --url " + n.url + " hub/he", "hub/helen"},
		{"dske status --url " + n.url + " client/c", "client/carol client/celia client/cindy client/connie client/curtis"},
		{"dske etsi-qkd get-key --url " + n.url + " sam su", "sunny susan"},
		{"dske etsi-qkd get-key --url " + n.url + " --nu", "--number"},
		{"dske stop --url http://127.0.0.1:1 hub/", ""},
		{"dske run testdat", ""}, // bash then offers files
	} {
		script := `dske() { ` + program + ` "$@"; }
			source <(dske completion bash)
			COMP_WORDS=(` + test[0] + `) COMP_CWORD=$((${#COMP_WORDS[@]}-1))
			_dske
			echo "${COMPREPLY[@]}"`
		out, err := exec.Command("bash", "-c", script).CombinedOutput()
		if got := strings.TrimSpace(string(out)); err != nil || got != test[1] {
			t.Errorf("%s: %v, %q, want %q", test[0], err, got, test[1])
		}
	}
	for _, shell := range []string{"zsh", "fish"} {
		if out, _, status := dske(t, "completion", shell); status != 0 || !strings.Contains(out, "dske") {
			t.Errorf("%s: status %d: %s", shell, status, out)
		}
	}
}

// Two hubs do not make a key, and three do.
func TestAttack(t *testing.T) {
	n := run(t)
	if out := n.dske("attack", "sam", "sofia", "--hubs", "hank,hub/hugo", "--links", "listen"); !strings.Contains(out, "shares that the attacker knows: 1 (hank), 5 (hugo); 3 are needed\nthe attacker does not have the key\nsuite its (this network): Nothing learnt.") ||
		!strings.Contains(out, "suite dske-python (a twin of it): Can test guesses.") {
		t.Errorf("attack prints\n%s", out)
	}
	out := n.dske("attack", "sam", "sofia", "--hubs", "hank,helen,hugo")
	if m := regexp.MustCompile(`of sam and sofia, fingerprint ([0-9a-f]{16})\n(?s:.*)the attacker has the key, fingerprint ([0-9a-f]{16})\n`).FindStringSubmatch(out); m == nil || m[1] != m[2] {
		t.Errorf("attack prints\n%s", out)
	}
	if out := n.dske("attack", "sam", "sofia", "--links", "act", "--client", "--json"); !strings.Contains(out, `"verdict": "Refused"`) || !strings.Contains(out, `"verdict": "Key replaced"`) {
		t.Errorf("attack prints\n%s", out)
	}
	for _, args := range [][]string{{"--hubs", "hnak"}, {"--links", "sell"}} {
		if _, stderr, status := dske(t, append([]string{"attack", "sam", "sofia", "--url", n.url}, args...)...); status != 1 || !strings.Contains(stderr, "No such attack.") {
			t.Errorf("%q: %d %s", args, status, stderr)
		}
	}
}

// Faults and lies of a running network, from the command line.
func TestFaultsAndLies(t *testing.T) {
	n := run(t)
	n.dske("fault", "add", "drop", "to=hub/hank", "method=POST")
	n.dske("fault", "add", "delay=1ms")
	n.dske("corrupt", "hub/helen")
	n.dske("etsi-qkd", "get-key-pair", "sam", "sofia")
	list := n.dske("fault", "list")
	if !regexp.MustCompile(`(?s)^ID +FIRED +FAULT\n1 +2 +drop to=hub/hank method=POST\n2 +\d+ +delay=1ms\ncorrupt-helen +\d +corrupt hub/helen\n$`).MatchString(list) {
		t.Errorf("fault list prints\n%s", list)
	}
	if out := n.dske("status", "hub/helen"); !strings.Contains(out, "running, lies") {
		t.Errorf("status prints\n%s", out)
	}
	n.dske("fault", "remove", "1")
	n.dske("corrupt", "--stop", "hub/helen")
	if list := n.dske("fault", "list"); strings.Contains(list, "drop") || strings.Contains(list, "corrupt") || !strings.Contains(list, "delay") {
		t.Errorf("fault list prints\n%s", list)
	}
	n.dske("fault", "remove", "--all")
	if list := n.dske("fault", "list", "--json"); !strings.Contains(list, `"faults": []`) {
		t.Errorf("fault list prints\n%s", list)
	}
	for _, args := range [][]string{{"fault", "remove", "17", "--url", n.url}, {"corrupt", "client/carol", "--url", n.url}, {"fault", "add", "dorp", "--url", n.url}} {
		if _, stderr, status := dske(t, args...); status != 1 || stderr == "" {
			t.Errorf("%q: %d %s", args, status, stderr)
		}
	}
	table := n.dske("status", "--csv", "hub/hank", "client/carol")
	want := `^time,node,state,psrd_least_bytes,keys_made,keys_delivered,shares_waiting,failed_verifications\n` +
		`[0-9T:.-]+Z,hub/hank,running,\d+,,,0,0\n[0-9T:.-]+Z,client/carol,ready,\d+,1,0,,0\n$`
	if !regexp.MustCompile(want).MatchString(table) {
		t.Errorf("status --csv prints\n%s", table)
	}
}
