package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"dske/sim/simtest/ports"
)

// A network in five processes is behind one port, which nginx distributes by path, with the
// generated configuration. Nodes reach each other through it, too.
func TestBehindNginx(t *testing.T) {
	nginx, err := exec.LookPath("nginx")
	if err != nil {
		t.Skip("nginx is not installed")
	}
	addresses := ports.Free(t, 6)
	_, port, _ := net.SplitHostPort(addresses[0])
	dir := filepath.Join(t.TempDir(), "out")
	_, stderr, status := dske(t, "deploy", "nginx", "--hubs", "3", "--clients", "2", "--out", dir, "--port", port, "--prometheus", "--grafana")
	if status != 0 {
		t.Fatal(stderr)
	}
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	front := func(args ...string) error {
		command := exec.Command(nginx, append([]string{"-p", dir, "-c", "nginx.conf"}, args...)...)
		command.Stderr = log // not a pipe, which the background process would keep open
		return command.Run()
	}
	if err := front(); err != nil { // when it returns, the port is open
		text, _ := os.ReadFile(log.Name())
		t.Fatalf("%v: %s", err, text)
	}
	t.Cleanup(func() { front("-s", "stop") })

	nodes := []string{"hub/hub1", "hub/hub2", "hub/hub3", "client/client1", "client/client2"}
	run := func(i int) *network {
		n := &network{T: t, stderr: &lockedBuffer{}, url: "http://" + addresses[0]}
		n.cmd = exec.Command(program, "run", filepath.Join(dir, "topology.yaml"), "--only", nodes[i], "--listen", addresses[1+i])
		n.start(3)
		return n
	}
	var processes []*network
	for i := range nodes {
		processes = append(processes, run(i))
	}
	n := processes[4]
	n.paste()
	if out := n.dske("status"); strings.Count(out, "running") != 3 || strings.Count(out, "ready ") != 2 {
		t.Errorf("status through the front: %s", out)
	}
	processes[0].cmd.Process.Kill()
	processes[0].cmd.Wait()
	n.url = "http://" + addresses[5] // the page of the front was that of the process that has ended
	n.dske("etsi-qkd", "get-key-pair", "sae1", "sae2")
	run(0)
	n.url = "http://" + addresses[0]
	script := filepath.Join(dir, "script.txtar")
	if err := os.WriteFile(script, []byte("# Keys flow behind nginx, also with a hub less.\nget-key-pair sae1 sae2\nstop hub/hub2\nget-key-pair sae2 sae1\nstart hub/hub2\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, stderr, status := dske(t, "scenario", script, "--url", n.url); status != 0 {
		t.Errorf("a scenario: %s%s", out, stderr)
	}
	// Each hub refuses the share of an unknown key.
	dske(t, "etsi-qkd", "get-key-with-key-ids", "sae1", "sae2", "00000000-0000-4000-8000-000000000000", "--url", n.url)
	t.Run("prometheus", func(t *testing.T) { scraped(t, dir, len(nodes)) })
}

func TestDeployFails(t *testing.T) {
	for _, test := range []struct {
		args []string
		says string
	}{
		{[]string{}, "deploy takes compose|kubernetes|nginx|systemd"},
		{[]string{"lxc"}, "deploy takes compose|kubernetes|nginx|systemd"},
		{[]string{"nginx"}, "--out"},
		{[]string{"nginx", "--out", "testdata"}, "testdata is not empty"},
	} {
		_, stderr, status := dske(t, append([]string{"deploy"}, test.args...)...)
		if status == 0 || !strings.Contains(stderr, test.says) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("deploy %q: status %d, %s", test.args, status, stderr)
		}
	}
}
