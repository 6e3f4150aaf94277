package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// host is a network namespace.
type host struct {
	*testing.T
	name string
}

// newHosts makes two hosts with a cable between them, 192.0.2.1 and 192.0.2.2. It skips the test
// where that is impossible.
func newHosts(t *testing.T) (a, b host) {
	t.Helper()
	tools(t, "ip")
	if os.Getuid() != 0 {
		t.Skip("network namespaces need root")
	}
	a, b = host{t, fmt.Sprint("dske-a", os.Getpid())}, host{t, fmt.Sprint("dske-b", os.Getpid())}
	for _, h := range []host{a, b} {
		if out, err := exec.Command("ip", "netns", "add", h.name).CombinedOutput(); err != nil {
			t.Skipf("no network namespace: %v: %s", err, out)
		}
		t.Cleanup(func() { exec.Command("ip", "netns", "delete", h.name).Run() })
	}
	if out, err := exec.Command("ip", "-n", a.name, "link", "add", "cable", "type", "veth", "peer", "cable", "netns", b.name).CombinedOutput(); err != nil {
		t.Skipf("no cable: %v: %s", err, out)
	}
	for i, h := range []host{a, b} {
		h.must("ip", "link", "set", "lo", "up")
		h.must("ip", "address", "add", fmt.Sprintf("192.0.2.%d/24", i+1), "dev", "cable")
		h.must("ip", "link", "set", "cable", "up")
	}
	return a, b
}

// run runs a program on the host.
func (h host) run(input string, args ...string) (string, error) {
	cmd := exec.Command("ip", append([]string{"netns", "exec", h.name}, args...)...)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func (h host) must(args ...string) string {
	h.Helper()
	out, err := h.run("", args...)
	if err != nil {
		h.Fatalf("%v: %v: %s", args, err, out)
	}
	return out
}

// wireguard makes a WireGuard device, in user space if the kernel has no WireGuard, and returns its
// public key.
func (h host) wireguard(device, address string) string {
	h.Helper()
	if out, err := h.run("", "ip", "link", "add", device, "type", "wireguard"); err != nil {
		if _, err := exec.LookPath("wireguard-go"); err != nil {
			h.Skipf("the kernel has no WireGuard (%s), and there is no wireguard-go", out)
		}
		if out, err := h.run("", "wireguard-go", device); err != nil { // it continues in the background
			h.Skipf("wireguard-go: %v: %s", err, out)
		}
	}
	h.Cleanup(func() { h.run("", "ip", "link", "delete", device) }) // which ends it
	private := h.must("wg", "genkey")
	public, err := h.run(private, "wg", "pubkey")
	if err != nil {
		h.Fatal(public, err)
	}
	if out, err := h.run(private, "wg", "set", device, "private-key", "/dev/stdin", "listen-port", "51820"); err != nil {
		h.Fatal(out, err)
	}
	h.must("ip", "address", "add", address+"/24", "dev", device)
	h.must("ip", "link", "set", device, "up")
	return public
}

// kmeIn returns the URL of the KME in a row of the table that a network prints.
func kmeIn(row string) string {
	return strings.Replace(regexp.MustCompile(`https://[0-9.:]+`).FindString(row), "127.0.0.1", "localhost", 1)
}

// TestWireGuard runs a tunnel between two hosts with keys from two KMEs of a network, over mutual
// TLS, with testdata/lab/wireguard.sh. It continues to work when two hubs stop.
func TestWireGuard(t *testing.T) {
	tools(t, "wg", "ping", "curl")
	a, b := newHosts(t)
	deviceA, deviceB := fmt.Sprint("dskea", os.Getpid()), fmt.Sprint("dskeb", os.Getpid())
	keyA, keyB := a.wireguard(deviceA, "198.51.100.1"), b.wireguard(deviceB, "198.51.100.2")
	dir := filepath.Join(t.TempDir(), "certs")
	if _, stderr, status := dske(t, "certs", dir); status != 0 {
		t.Fatal(stderr)
	}
	n := run(t, "--tls", dir, "--kme-port-base", "0")
	table := n.table()
	rekey := exec.Cmd{Path: "testdata/lab/wireguard.sh", Env: append(os.Environ(), "CERTS="+dir, "MASTER_KME="+kmeIn(table[1]), "SLAVE_KME="+kmeIn(table[4]),
		"AT_A=ip netns exec "+a.name, "AT_B=ip netns exec "+b.name, "DEVICE_A="+deviceA, "DEVICE_B="+deviceB,
		"PEER_OF_A="+keyB+" endpoint 192.0.2.2:51820 allowed-ips 198.51.100.2/32", "PEER_OF_B="+keyA+" allowed-ips 198.51.100.1/32")}
	seen := map[string]bool{}
	for round := range 4 {
		if round == 2 {
			n.dske("stop", "hub/hank", "hub/helen", "--tls", dir)
		}
		again := rekey
		if out, err := again.CombinedOutput(); err != nil {
			t.Fatalf("round %d: %v: %s", round, err, out)
		}
		_, secretA, _ := strings.Cut(a.must("wg", "show", deviceA, "preshared-keys"), "\t")
		_, secretB, _ := strings.Cut(b.must("wg", "show", deviceB, "preshared-keys"), "\t")
		if secretA != secretB || len(secretA) != 44 || seen[secretA] {
			t.Errorf("round %d: the keys are not new, or not the same at both ends", round)
		}
		seen[secretA] = true
		out := a.must("ping", "-c", "3", "-i", "0.2", "-W", "2", "198.51.100.2")
		if !strings.Contains(out, "3 received") {
			t.Errorf("round %d: %s", round, out)
		}
		t.Log(regexp.MustCompile(`.* packets transmitted.*`).FindString(out))
	}
	forged := strings.Repeat("A", 43) + "="
	if out, err := a.run(forged, "wg", "set", deviceA, "peer", keyB, "remove", "peer", keyB, "preshared-key", "/dev/stdin", "endpoint", "192.0.2.2:51820", "allowed-ips", "198.51.100.2/32"); err != nil {
		t.Fatal(out, err)
	}
	if out, err := a.run("", "ping", "-c", "1", "-W", "1", "198.51.100.2"); err == nil {
		t.Errorf("the tunnel works with another key at one end: %s", out)
	}
}
