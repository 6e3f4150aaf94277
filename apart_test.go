package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"dske/sim/simtest/ports"
)

// apart is a network that runs in several processes.
type apart struct {
	*testing.T
	file string
	urls map[string]string // base URL of the process of each node, such as hub/hank
}

// newApart writes the topology of three hubs and two clients, each in a process of its own. It
// starts none of them.
func newApart(t *testing.T) *apart {
	t.Helper()
	a := &apart{t, filepath.Join(t.TempDir(), "network.yaml"), map[string]string{}}
	addresses := ports.Free(t, 5)
	url := func(node string) string {
		a.urls[node] = "http://" + addresses[len(a.urls)]
		return a.urls[node] + "/" + node
	}
	text := "threshold: 2\nhubs:\n"
	for _, name := range []string{"hank", "helen", "hugo"} {
		text += fmt.Sprintf("  - {name: %s, url: %q}\n", name, url("hub/"+name))
	}
	text += fmt.Sprintf("clients:\n  - {name: carol, encryptors: [{name: sam}], url: %q}\n  - {name: connie, encryptors: [{name: sofia}], url: %q}\n",
		url("client/carol"), url("client/connie"))
	if err := os.WriteFile(a.file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return a
}

// run starts the process of a node, at the address that the topology has for it.
func (a *apart) run(node string) *network {
	a.Helper()
	data := filepath.Join(filepath.Dir(a.file), strings.ReplaceAll(node, "/", "-"))
	n := &network{T: a.T, cmd: exec.Command(program, "run", a.file, "--only", node, "--data", data), stderr: &lockedBuffer{}, url: a.urls[node]}
	n.start(3)
	return n
}

func TestApart(t *testing.T) {
	a := newApart(t)
	processes := map[string]*network{}
	for _, node := range []string{"hub/hank", "hub/helen", "hub/hugo", "client/carol", "client/connie"} {
		processes[node] = a.run(node)
	}
	hank, carol := processes["hub/hank"], processes["client/carol"]
	if want := "ready on " + hank.url + " (open it in a browser): 3 hubs, 2 clients, threshold 2; here: hub/hank"; hank.lines[0] != want {
		t.Errorf("got %q, not %q", hank.lines[0], want)
	}
	info, err := os.Stat(a.file + ".secret")
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the secret: %v, %v", info, err)
	}

	// Every process shows all nodes, forwards requests, and changes nodes wherever they are.
	carol.paste()
	for _, n := range processes {
		if out := n.dske("status"); strings.Count(out, "running") != 3 || strings.Count(out, "ready  ") != 2 {
			t.Errorf("%s shows %s", n.url, out)
		}
		if out := n.dske("etsi-qkd", "get-key-pair", "sam", "sofia"); !strings.HasSuffix(out, "Key values match\n") {
			t.Errorf("get-key-pair at %s prints %s", n.url, out)
		}
	}
	if out := carol.dske("ladder", "sam", "sofia"); !strings.Contains(out, "Both have key") || strings.Count(out, "GET dec_keys") != 1 || strings.Count(out, "POST key-share") != 3 {
		t.Errorf("the ladder of carol's process is %s", out)
	}
	seenAsOne(t, hank, carol)
	hank.dske("stop", "hub/hugo", "client/connie")
	if out := hank.dske("status"); strings.Count(out, "stopped") != 2 {
		t.Errorf("after the stop: %s", out)
	}
	hank.dske("start", "hub/hugo", "client/connie")
	hank.dske("corrupt", "hub/hugo")
	if out := carol.dske("status", "--url", hank.url); !strings.Contains(out, "running, lies") {
		t.Errorf("of a hub that lies: %s", out)
	}
	carol.dske("etsi-qkd", "get-key-pair", "sam", "sofia")
	hank.dske("corrupt", "--stop", "hub/hugo")

	// A process that was killed is started again, and its clients register again.
	hank.cmd.Process.Kill()
	hank.cmd.Wait()
	if out := carol.dske("status"); strings.Count(out, "unreachable") != 1 {
		t.Errorf("without hank: %s", out)
	}
	carol.dske("etsi-qkd", "get-key-pair", "sam", "sofia")
	hank = a.run("hub/hank")
	processes["hub/helen"].cmd.Process.Kill()
	for range 3 { // both clients learn of it without a request for a key; these keys need hank
		carol.dske("etsi-qkd", "get-key-pair", "sam", "sofia")
	}
	if out := hank.dske("status", "hub/hank"); !strings.Contains(out, "hub/hank  running  2 ") {
		t.Errorf("hank after his return: %s", out)
	}
}

// What cannot run says why, in one line.
func TestApartFails(t *testing.T) {
	a := newApart(t)
	for _, test := range []struct {
		args []string
		says string
	}{
		{[]string{a.file, "--only", "hub/hank,hub/nobody"}, "there is no node hub/nobody to run here"},
		{[]string{a.file}, "every node has a url, so none runs here"},
		{[]string{"--only", "hub/hank"}, "hub/helen, hub/hilary, hub/holly, hub/hugo, client/carol, client/celia, client/cindy, client/connie, client/curtis would run nowhere"},
		{[]string{a.file, "--only", "hub/hank", "--listen", "0.0.0.0:0"}, "in the clear"},
		{[]string{a.file, "--only", "hub/hank", "--secret-file", a.file}, "can be read by others"},
	} {
		_, stderr, status := dske(t, append([]string{"run"}, test.args...)...)
		if status == 0 || !strings.Contains(stderr, test.says) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("run %q: status %d, %s", test.args, status, stderr)
		}
	}
}

// runNode starts a process of one node and waits until it is ready.
func runNode(t *testing.T, args ...string) *network {
	t.Helper()
	n := &network{T: t, cmd: exec.Command(program, append([]string{"node"}, args...)...), stderr: &lockedBuffer{}}
	n.start(1)
	n.url = strings.TrimSuffix(strings.Fields(n.lines[0])[2], ",")
	return n
}

// Nodes start from flags alone, in both suites: their hubs let anybody register, and the clients
// learn from them who serves whom.
func TestNodesFromFlags(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	for _, suite := range []string{"its", "dske-python"} {
		var hubs []string
		addresses := ports.Free(t, 3)
		for i, name := range []string{"hank", "helen", "hugo"} {
			hubs = append(hubs, "--hub", "http://"+addresses[i]+"/hub/"+name)
		}
		flags := append([]string{"--suite", suite}, hubs...)
		for _, name := range []string{"hank", "helen", "hugo"} {
			runNode(t, append([]string{"hub", name}, flags...)...)
		}
		flags = append(flags, "--secret-file", secret, "--listen", "127.0.0.1:0")
		carol := runNode(t, append([]string{"client", "carol", "--encryptor", "sam"}, flags...)...)
		connie := runNode(t, append([]string{"client", "connie", "--encryptor", "sofia", "--encryptor", "susan"}, flags...)...)
		out, stderr, status := dske(t, "bench", "--master-url", carol.url+"/etsi", "--slave-url", connie.url+"/etsi", "--master-sae", "sam", "--slave-sae", "susan", "--duration", "100ms", "--concurrency", "2", "--json")
		if status != 0 || !strings.Contains(out, `"failures": 0`) {
			t.Errorf("%s: status %d: %s%s", suite, status, out, stderr)
		}
	}
}

func TestNodesFromFlagsFail(t *testing.T) {
	for _, test := range []struct {
		args []string
		says string
	}{
		{[]string{"hub"}, "dske node hub takes NAME"},
		{[]string{"hub", "Hank"}, `"Hank" cannot be the name of a hub`},
		{[]string{"hub", "hank"}, "in suite its a hub has a place among the hubs"},
		{[]string{"hub", "hank", "--hub", "http://127.0.0.1:1/hub/helen"}, "but hank is missing"},
		{[]string{"client", "carol", "--hub", "127.0.0.1:1"}, "is not the URL of a hub"},
		{[]string{"client", "carol", "--hub", "http://127.0.0.1:1/hub/helen"}, "at least two hubs"},
		{[]string{"client", "carol", "--hub", "http://127.0.0.1:1/hub/h", "--hub", "http://127.0.0.1:2/hub/h"}, "two hubs have the name h"},
		{[]string{"client", "carol", "--hub", "http://127.0.0.1:1/hub/a", "--hub", "http://127.0.0.1:2/hub/b", "--threshold", "3"}, "threshold is 3"},
		{[]string{"client", "carol", "--hub", "http://192.0.2.1:1/hub/a", "--hub", "http://127.0.0.1:2/hub/b", "--secret-file", filepath.Join(t.TempDir(), "s")}, "in the clear"},
		{[]string{"client", "carol", "--suite", "none"}, `"none" is not its or dske-python`},
	} {
		_, stderr, status := dske(t, append([]string{"node"}, test.args...)...)
		if status != 2 || !strings.Contains(stderr, test.says) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("node %q: status %d, %s", test.args, status, stderr)
		}
	}
}
