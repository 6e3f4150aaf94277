package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dske/sim/simtest/ports"
)

// byHandFile writes the topology of a small network whose PSRD comes in files.
func byHandFile(t *testing.T, hubURL, clientURL, recipients [2]string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "network.yaml")
	text := "threshold: 2\npsrd: {files: 2}\nhubs:\n"
	for i, hub := range []string{"hank", "helen"} {
		text += fmt.Sprintf("  - {name: %s%s}\n", hub, hubURL[i])
	}
	text += "clients:\n"
	for i, client := range []string{"carol, encryptors: [{name: sam}]", "connie, encryptors: [{name: sofia}]"} {
		text += fmt.Sprintf("  - {name: %s%s%s}\n", client, clientURL[i], recipients[i])
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

// carry brings a file from each hub to each client.
func carry(t *testing.T, hubs, clients *network) {
	t.Helper()
	for _, hub := range []string{"hank", "helen"} {
		for _, client := range []string{"carol", "connie"} {
			file := filepath.Join(t.TempDir(), client+"-"+hub)
			if said := hubs.dske("psrd", "issue", "--hub", hub, "--client", client, "--size", "64KiB", file); !strings.Contains(said, "for client "+client+", 65536 bytes for each pool") {
				t.Errorf("issuing says %q", said)
			}
			if said := clients.dske("psrd", "ingest", file); !strings.Contains(said, "client "+client+" has taken in file 1 of hub "+hub) {
				t.Errorf("taking it in says %q", said)
			}
		}
	}
}

func TestPSRDByHand(t *testing.T) {
	none := [2]string{}
	topology, data, dir := byHandFile(t, none, none, none), filepath.Join(t.TempDir(), "data"), t.TempDir()
	n := run(t, topology, "--data", data)
	carry(t, n, n)
	n.dske("etsi-qkd", "get-key-pair", "sam", "sofia")

	file := filepath.Join(dir, "more")
	n.dske("psrd", "issue", "--hub", "hank", "--client", "carol", "--size", "1KiB", file)
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)-1] ^= 1
	altered := filepath.Join(dir, "altered")
	if err := os.WriteFile(altered, content, 0o600); err != nil {
		t.Fatal(err)
	}
	n.dske("psrd", "issue", "--hub", "hank", "--client", "carol", "--size", "1KiB", filepath.Join(dir, "lost"))
	for _, c := range []struct {
		status int
		args   string
		says   string
	}{
		{1, "ingest " + altered, "was altered"},
		{1, "ingest --client connie " + file, "sealed for another client"},
		{0, "ingest " + file, ""},
		{1, "ingest " + file, "has been taken in before"},
		{1, "ingest " + topology, "not a file with PSRD"},
		{1, "ingest " + dir + "/none", "no such file"},
		{1, "issue --hub hank --client carol " + file, "file exists"},
		{1, "issue --hub hank --client carlos " + dir + "/x", "there is no node client/carlos"},
		{1, "issue --hub hank --client carol --size 17MiB " + dir + "/x", `"limit":16777216`},
		{2, "issue --hub hank --client carol --size much " + dir + "/x", "not a size such as 16MiB"},
		{2, "issue --hub hank --client carol", "takes FILE"},
		{0, "revoke --hub hank --client carol 3", ""},
		{1, "revoke --hub hank --client carol 3", "No such file with PSRD is out"},
		{2, "revoke --hub hank --client carol third", "dske psrd list shows them"},
	} {
		_, stderr, status := dske(t, append(append([]string{"psrd"}, strings.Fields(c.args)...), "--url", n.url)...)
		if status != c.status || !strings.Contains(stderr, c.says) {
			t.Errorf("%s: status %d, %s", c.args, status, stderr)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "x")); err == nil {
		t.Error("a file remains although none was made")
	}
	if list := n.dske("psrd", "list"); strings.Count(list, "taken") != 5 || strings.Count(list, "revoked") != 1 {
		t.Errorf("the list is %s", list)
	}
	if _, stderr, status := dske(t, "run", topology, "--listen", "127.0.0.1:0"); status != 2 || !strings.Contains(stderr, "name a directory for data") {
		t.Errorf("without data: status %d, %s", status, stderr)
	}
	other := run(t)
	if _, stderr, status := dske(t, "psrd", "list", "--url", other.url); status != 1 || !strings.Contains(stderr, "set psrd: {files: 4}") {
		t.Errorf("a network without files: status %d, %s", status, stderr)
	}
}

// Hubs and clients in processes of their own share only the topology, the secret of the network and
// what somebody carries.
func TestPSRDByHandApart(t *testing.T) {
	addresses := ports.Free(t, 2)
	hubs, clients := addresses[0], addresses[1]
	hubURL := [2]string{fmt.Sprintf(", url: %q", "http://"+hubs+"/hub/hank"), fmt.Sprintf(", url: %q", "http://"+hubs+"/hub/helen")}
	clientURL := [2]string{fmt.Sprintf(", url: %q", "http://"+clients+"/client/carol"), fmt.Sprintf(", url: %q", "http://"+clients+"/client/connie")}
	secret, data := filepath.Join(t.TempDir(), "secret"), t.TempDir()
	start := func(topology, nodes, address string, lines int) *network {
		return runUntil(t, lines, topology, "--only", nodes, "--listen", address, "--data", filepath.Join(data, nodes[:3]), "--secret-file", secret)
	}
	here := start(byHandFile(t, hubURL, clientURL, [2]string{}), "client/carol,client/connie", clients, 1)
	var recipients [2]string
	for i, client := range []string{"carol", "connie"} {
		recipients[i] = ", recipient: " + strings.TrimSpace(here.dske("psrd", "recipient", "--client", client))
	}
	there := start(byHandFile(t, hubURL, clientURL, recipients), "hub/hank,hub/helen", hubs, 1)
	carry(t, there, here)
	here.dske("etsi-qkd", "get-key-pair", "sam", "sofia")
}
