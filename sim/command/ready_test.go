package command

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/google/uuid"

	"dske/etsi"
	"dske/sim"
	"dske/sim/simtest"
	"dske/sim/topology"
)

// strange is SAE IDs of all kinds that are allowed.
var strange = []string{
	"sam", "two words", "a  b", "a/b", "/", "//", "...", ".hidden", "a/../b", "https://kms.example:1/a?b=c&d#e",
	`"quoted"`, "it's", "`id`", "$HOME", "$(id)", `back\slash`, `\"`, "%41", "%", "100% sure", "a+b", "a=b", "a;b", "a,b", "a|b&c",
	"*", "[a-z]", "{a,b}", "<b>", "~", "!x", "-x", "--help", "@file", "#", "Ünïcödé", "量子", "🔑🔒", "e\u0301", "a\u00a0b", "\u202eabc",
	strings.Repeat("a", 255), strings.Repeat("é", 127), strings.Repeat("🔑", 63) + "abc", strings.Repeat("/", 255),
}

// strangeNetwork runs a network with a client for each of the strange SAEs, over loopback.
func strangeNetwork(t *testing.T) *sim.Network {
	t.Helper()
	top := simtest.Generate(t, topology.Sizes{Hubs: 2, Clients: len(strange)})
	for i, id := range strange {
		top.Clients[i].Encryptors[0].Name = id
	}
	top.PSRD = topology.PSRD{BlockSize: 4096, LowWater: 1024, HighWater: 4096}
	if err := top.Validate(); err != nil {
		t.Fatal(err)
	}
	return simtest.Start(t, sim.Config{Topology: top, Transport: sim.Loopback, Listen: "127.0.0.1:0"})
}

func TestStrangeSAEs(t *testing.T) {
	n := strangeNetwork(t)
	o := n.Overview()
	client := func(i int) *etsi.Client {
		return &etsi.Client{URL: sim.KMEURL(n.URL(), o.Clients[i].Name), SAE: strange[i]}
	}
	for i := range strange {
		next := (i + 1) % len(strange)
		made, err := client(i).GetKey(t.Context(), strange[next], etsi.KeyRequest{AdditionalSlaves: []string{strange[(i+2)%len(strange)]}})
		if err != nil {
			t.Errorf("%q makes no key for %q: %v", strange[i], strange[next], err)
			continue
		}
		fetched, err := client(next).GetKeyWithKeyIDs(t.Context(), strange[i], []uuid.UUID{made[0].ID}...)
		if err != nil || !made[0].Equal(fetched[0]) {
			t.Errorf("%q does not get the key of %q: %v", strange[next], strange[i], err)
		}
		if _, err := client(i).Status(t.Context(), strange[next]); err != nil {
			t.Errorf("%q and %q: %v", strange[i], strange[next], err)
		}
	}
}

// The commands that a network prints work in a shell, whatever the first encryptors are called.
func TestFirstKeyInAShell(t *testing.T) {
	for _, tool := range []string{"bash", "curl", "sed", "tee"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("the printed commands need %s", tool)
		}
	}
	n := strangeNetwork(t)
	o := n.Overview()
	for i := range strange {
		var script bytes.Buffer
		writeFirstKey(&script, n.URL(), sim.Overview{Clients: []sim.ClientOverview{o.Clients[i], o.Clients[(i+1)%len(strange)]}}, "")
		shell := exec.Command("bash", "-c", script.String())
		var made bytes.Buffer
		shell.Stderr = &made
		fetched, err := shell.Output()
		if err != nil || made.Len() < 50 || made.String() != string(fetched) {
			t.Errorf("%v\n%s\nprints %s and %s", err, script.String(), made.String(), fetched)
		}
	}
}

func TestReadyIsWritten(t *testing.T) {
	n := simtest.Start(t, sim.Config{Listen: "127.0.0.1:0"})
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	read.Close()
	defer write.Close()
	if err := printReady(write, n, ""); err != nil {
		t.Errorf("to a reader who went away: %v", err)
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("this needs a file that is always full")
	}
	defer full.Close()
	if err := printReady(full, n, ""); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("to a full file: %v", err)
	}
	if response, err := http.Get(n.URL() + "/sim/v1/ready"); err != nil || response.StatusCode != http.StatusOK {
		t.Error(response, err)
	}
}
