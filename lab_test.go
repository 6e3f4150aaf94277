package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestEncryptorsThatComeLater(t *testing.T) {
	work := t.TempDir()
	dir, csr := filepath.Join(work, "certs"), filepath.Join(work, "gateway.csr")
	if _, stderr, status := dske(t, "certs", dir, "--kme-host", "carol=192.0.2.1"); status != 0 {
		t.Fatal(stderr)
	}
	for _, test := range []struct {
		args   []string
		status int
		want   string // in what it prints
	}{
		{[]string{dir, "--sae", "router", "--bundle"}, 0, "router.p12\n"},
		{[]string{dir, "--sae", "router"}, 0, "nothing is missing"},
		{[]string{dir, "--add"}, 0, "nothing is missing"},
		{[]string{dir, "--add", "--hubs", "2", "--clients", "1"}, 0, "client1.crt\n"},
		{[]string{dir}, 1, "is already there"},
		{[]string{dir, "--trust", filepath.Join(dir, "ca.crt")}, 0, "trusted"},
		{[]string{dir, "--trust", filepath.Join(dir, "ca.crt"), "x.yaml"}, 2, "no topology"},
		{[]string{dir, "--trust", filepath.Join(dir, "sae", "sam.crt")}, 1, "is not that of an authority"},
		{[]string{dir, "--csr", filepath.Join(dir, "ca.crt")}, 1, "not a certificate request"},
		{[]string{dir, "--csr", csr, "--sae", "a", "--sae", "b"}, 1, "no such file"},
		{[]string{dir, "--sae", "x", "x.yaml"}, 2, "without a topology"},
		{[]string{dir, "--sae", ""}, 1, "use 1 to 255"},
		{[]string{dir, "--kme-host", "carol"}, 2, "CLIENT=HOST"},
		{[]string{dir, "--kme-host", "nobody=localhost"}, 2, "no client"},
		{[]string{filepath.Join(work, "none"), "--add"}, 1, "dske certs without --add makes it"},
	} {
		out, stderr, status := dske(t, append([]string{"certs"}, test.args...)...)
		if status != test.status || !strings.Contains(out+stderr, test.want) {
			t.Errorf("%q: status %d, %s%s", test.args, status, out, stderr)
		}
	}
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip(err)
	}
	request := exec.Command("openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", filepath.Join(work, "gateway.key"), "-out", csr, "-subj", "/CN=gateway")
	if out, err := request.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if out, stderr, status := dske(t, "certs", dir, "--csr", csr); status != 0 || !strings.HasSuffix(out, "gateway.crt\n") {
		t.Errorf("a request: status %d, %s%s", status, out, stderr)
	}
}

func TestConformanceReports(t *testing.T) {
	n, dir := run(t), t.TempDir()
	against := filepath.Join(dir, "schemas")
	if err := os.Mkdir(against, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(against, "status.json"), []byte(`{"required": ["source_KME_ID"]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	path := func(name string) string { return filepath.Join(dir, name) }
	out := n.dske("etsi-qkd", "conformance", "sam", "sofia", "--json", path("r.json"), "--junit", path("r.xml"), "--html", path("r.html"), "--against", against)
	for _, want := range []string{"ETSI 014\n", "SKIP\n", "all answers are as status.json has it"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing: %s", want, out)
		}
	}
	var report struct {
		Conform, Failed int
		Checks          []any
	}
	data, err := os.ReadFile(path("r.json"))
	if err == nil {
		err = json.Unmarshal(data, &report)
	}
	if err != nil || report.Conform < 110 || report.Failed > 0 || len(report.Checks) < report.Conform {
		t.Errorf("%d conform, %d failed of %d, %v", report.Conform, report.Failed, len(report.Checks), err)
	}
	for _, name := range []string{"r.xml", "r.html"} {
		if text, err := os.ReadFile(path(name)); err != nil || !strings.Contains(string(text), "a repeated key ID is 400") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, flags := range [][]string{{"--against", dir}, {"--004-master", "127.0.0.1:1"}, {"--json", path("no/such/file")}} {
		args := append([]string{"etsi-qkd", "conformance", "sam", "sofia", "--url", n.url}, flags...)
		if out, _, status := dske(t, args...); status == 0 {
			t.Errorf("%q passes: %s", flags, out)
		}
	}
}
