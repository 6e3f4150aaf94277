package main

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"dske/sim/simtest/ports"
)

// A hub in another process is checked, under names that an open hub accepts and under names that
// are enrolled.
func TestConformanceOfHub(t *testing.T) {
	dir := t.TempDir()
	report := filepath.Join(dir, "report.json")
	url := "http://" + ports.Free(t, 1)[0] + "/hub/"
	n := runNode(t, "hub", "hank", "--hub", url+"other", "--hub", url+"hank")
	out := n.dskeAlone("conformance", "hub", n.url, "--json", report)
	if !strings.Contains(out, "\nprotocol/its/its.md\n") || !strings.Contains(out, " conform, 0 failed, ") {
		t.Errorf("it prints %s", out)
	}
	if text, err := os.ReadFile(report); err != nil || !strings.Contains(string(text), `"standard": "protocol/wire.md"`) {
		t.Errorf("the report: %v, %.200s", err, text)
	}
	a := newApart(t)
	hank := a.run("hub/hank")
	out = n.dskeAlone("conformance", "hub", hank.url+"/hub/hank", "--master", "carol=sam", "--slave", "connie=sofia", "--secret-file", a.file+".secret")
	if !strings.Contains(out, " conform, 0 failed, 2 skipped\n") && !strings.Contains(out, " conform, 0 failed, 3 skipped\n") {
		t.Errorf("an enrolled one prints %s", out)
	}
	for _, test := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{hank.url + "/hub/hank"}, 1, "does not admit it: Client is not enrolled.; name two clients"},
		{[]string{hank.url + "/hub/hank", "--secret-file", filepath.Join(dir, "none")}, 1, "no such file"},
		{[]string{"http://" + ports.Free(t, 1)[0] + "/hub/hank"}, 1, "no hub answers at"},
		{[]string{n.url, "--suite", "dske-python"}, 1, "the hub speaks suite its"},
		{[]string{"http://127.0.0.1:1/client/hank"}, 2, "is not the URL of a hub"},
		{[]string{"http://192.0.2.1/hub/hank"}, 2, "in the clear"},
		{[]string{n.url, "--master", "carol"}, 2, "is not a client and an encryptor of it"},
		{[]string{n.url, "--master", "carol=sam", "--slave", "carol=sam"}, 2, "two clients"},
		{[]string{n.url, "--suite", "none"}, 2, `"none" is not its or dske-python`},
		{nil, 2, "dske conformance hub takes URL"},
	} {
		_, stderr, status := dske(t, append([]string{"conformance", "hub"}, test.args...)...)
		if status != test.status || !strings.Contains(stderr, test.says) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%q: status %d, %s", test.args, status, stderr)
		}
	}
}

// A client is started as the checker says, and checked.
func TestConformanceOfClient(t *testing.T) {
	address := ports.Free(t, 1)[0]
	cmd := exec.Command(program, "conformance", "client", "http://"+address+"/client/carol", "--hubs", "3", "--listen", "127.0.0.1:0")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	defer limit(cmd)()
	lines := bufio.NewReader(stdout)
	lines.ReadString('\n')
	how, err := lines.ReadString('\n')
	words := strings.Fields(how)
	if err != nil || len(words) < 5 || words[0] != "dske" || words[1] != "node" {
		t.Fatalf("it says %q, %v", how, err)
	}
	runNode(t, append(words[2:], "--secret-file", filepath.Join(t.TempDir(), "secret"))...)
	rest, _ := io.ReadAll(lines)
	if err := cmd.Wait(); err != nil || !strings.HasSuffix(string(rest), " conform, 0 failed, 0 skipped\n") {
		t.Errorf("%v: %s", err, rest)
	}
	for _, test := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"http://" + address + "/client/carol", "--listen", "127.0.0.1:0", "--wait", "10ms"}, 1, "has not registered with all hubs within 10ms"},
		{[]string{"http://" + address + "/client/carol", "--listen", "0.0.0.0:0"}, 2, "in the clear"},
		{[]string{"http://" + address + "/client/carol", "--listen", address}, 1, "port 0 for a free one"},
		{[]string{"https://" + address + "/client/carol"}, 2, "without TLS"},
		{[]string{"http://" + address + "/client/carol", "--hubs", "2"}, 2, "cannot be checked"},
		{[]string{"http://" + address + "/hub/carol"}, 2, "is not the URL of a client"},
	} {
		_, stderr, status := dske(t, append([]string{"conformance", "client"}, test.args...)...)
		if status != test.status || !strings.Contains(stderr, test.says) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%q: status %d, %s", test.args, status, stderr)
		}
	}
}

// dskeAlone runs a command whose arguments name the node, and expects it to succeed.
func (n *network) dskeAlone(args ...string) string {
	n.Helper()
	out, stderr, status := dske(n.T, args...)
	if status != 0 {
		n.Errorf("%q: status %d, %s%s", args, status, out, stderr)
	}
	return out
}
