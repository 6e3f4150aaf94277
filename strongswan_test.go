package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// daemon is a minimal configuration of strongSwan on a host of the test.
const daemon = `charon-systemd {
  load = random nonce openssl kdf hmac sha2 kernel-netlink socket-default vici
  filelog { stderr { default = 1 } }
  plugins { vici { socket = %[1]s } }
}
swanctl { load = random openssl }
`

// TestStrongSwan establishes an IKE_SA between two hosts with a PPK from two KMEs of a network,
// over mutual TLS, with testdata/lab/strongswan.sh.
func TestStrongSwan(t *testing.T) {
	tools(t, "/usr/sbin/charon-systemd", "swanctl", "curl")
	a, b := newHosts(t)
	dir := t.TempDir()
	certs := filepath.Join(dir, "certs")
	if _, stderr, status := dske(t, "certs", certs); status != 0 {
		t.Fatal(stderr)
	}
	table := run(t, "--tls", certs, "--kme-port-base", "0").table()
	work, err := os.MkdirTemp("", "swan") // a short path: the name of a socket has 107 bytes at most
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(work) })
	socket := func(h host) string { return "unix://" + filepath.Join(work, h.name) }
	at := map[string]string{}
	for _, h := range []host{a, b} {
		file := filepath.Join(work, h.name+".conf")
		if err := os.WriteFile(file, fmt.Appendf(nil, daemon, socket(h)), 0o600); err != nil {
			t.Fatal(err)
		}
		at[h.name] = fmt.Sprintf("ip netns exec %s env STRONGSWAN_CONF=%s", h.name, file)
		background(t, "spawning .* worker threads", strings.Fields(at[h.name]+" /usr/sbin/charon-systemd")...)
	}
	connect := exec.Command("testdata/lab/strongswan.sh")
	connect.Env = append(os.Environ(), "CERTS="+certs, "MASTER_KME="+kmeIn(table[1]), "SLAVE_KME="+kmeIn(table[4]), "SECRET=of the test",
		"AT_A="+at[a.name], "AT_B="+at[b.name], "URI_A="+socket(a), "URI_B="+socket(b))
	out, err := connect.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "using PPK for PPK_ID") || !strings.Contains(string(out), "ESTABLISHED") || !strings.Contains(string(out), "/PPK") {
		t.Errorf("%v: %s", err, out)
	}
}
