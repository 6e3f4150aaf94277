package main

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"dske/sim/simtest/ports"
)

// tools skips a test where one of the programs that it needs is missing.
func tools(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("it needs %s: %v", strings.Join(names, ", "), err)
		}
	}
}

// background starts a program that runs until the test ends, and waits until a line of its standard
// error matches.
func background(t *testing.T, ready string, command ...string) {
	t.Helper()
	cmd := exec.Command(command[0], command[1:]...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines, isReady := bufio.NewScanner(stderr), false
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	var said []string
	for !isReady && lines.Scan() {
		said = append(said, lines.Text())
		isReady = regexp.MustCompile(ready).MatchString(lines.Text())
	}
	if !isReady {
		t.Fatalf("%v: %s", command, strings.Join(said, "\n"))
	}
	go func() {
		for lines.Scan() { // otherwise the program would block when the pipe is full
		}
	}()
}

// TestSKIPOverPSK makes the requests of SKIP as a router does that has a pre-shared key and no
// certificate: through stunnel, with testdata/lab/stunnel.conf.
func TestSKIPOverPSK(t *testing.T) {
	tools(t, "stunnel", "openssl")
	table := run(t, "--kme-port-base", "0").table()
	port := func(row int) string {
		return regexp.MustCompile(`http://([0-9.:]+)/`).FindStringSubmatch(table[row])[1]
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	recipe, err := os.ReadFile("testdata/lab/stunnel.conf")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(strings.SplitAfter(string(recipe), "router-a.psk")[0]) {
		if line != "\n" && !strings.HasPrefix(line, ";") && !strings.Contains(string(readme), "    "+strings.TrimSpace(line)+"\n") {
			t.Errorf("the README lacks %q", line)
		}
	}
	dir, addresses := t.TempDir(), ports.Free(t, 2)
	carol, connie := addresses[0], addresses[1]
	secrets := map[string]string{"router-a": strings.Repeat("0123456789abcdef", 4), "router-b": strings.Repeat("fedcba9876543210", 4)}
	text := strings.NewReplacer("192.0.2.1:443", carol, "127.0.0.1:9000", port(1), "192.0.2.2:443", connie, "127.0.0.1:9003", port(4),
		"= router-", "= "+dir+"/router-").Replace(string(recipe))
	for name, content := range map[string]string{"stunnel.conf": text, "router-a.psk": "router-a:" + secrets["router-a"] + "\n", "router-b.psk": "router-b:" + secrets["router-b"] + "\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	background(t, "Configuration successful", "stunnel", filepath.Join(dir, "stunnel.conf"))
	ask := func(identity, secret, cipher, address, path string) (status int, body string) {
		return askOverPSK(t, []string{"-psk_identity", identity, "-psk", secret, "-cipher", cipher, "-connect", address}, path)
	}
	const usual = "PSK-AES256-GCM-SHA384"
	for _, cipher := range []string{usual, "DHE-PSK-AES256-GCM-SHA384", "DHE-PSK-AES256-CBC-SHA384"} {
		if status, body := ask("router-a", secrets["router-a"], cipher, carol, "/capabilities"); status != 200 || !strings.Contains(body, `"localSystemID":"carol"`) {
			t.Errorf("%s: %d %s", cipher, status, body)
		}
	}
	status, made := ask("router-a", secrets["router-a"], usual, carol, "/key?remoteSystemID=connie")
	var key struct{ KeyID string }
	if err := json.Unmarshal([]byte(made), &key); err != nil || status != http.StatusOK {
		t.Fatalf("%d %s", status, made)
	}
	if status, fetched := ask("router-b", secrets["router-b"], usual, connie, "/key/"+key.KeyID+"?remoteSystemID=carol"); status != 200 || fetched != made {
		t.Errorf("%d %s, want %s", status, fetched, made)
	}
	if status, body := ask("router-b", secrets["router-b"], usual, connie, "/entropy?minentropy=384"); status != 200 || !strings.Contains(body, `"minentropy":384`) {
		t.Errorf("%d %s", status, body)
	}
	for _, stranger := range [][2]string{{"router-a", secrets["router-b"]}, {"router-b", secrets["router-b"]}} {
		if status, body := ask(stranger[0], stranger[1], usual, carol, "/capabilities"); status != 0 {
			t.Errorf("with the key of another one: %d %s", status, body)
		}
	}
}

// askOverPSK requests a path with openssl s_client. Status 0 means that there was no connection.
func askOverPSK(t *testing.T, args []string, path string) (status int, body string) {
	t.Helper()
	cmd := exec.Command("openssl", append([]string{"s_client", "-quiet", "-ign_eof", "-tls1_2"}, args...)...)
	cmd.Stdin = strings.NewReader("GET " + path + " HTTP/1.1\r\nHost: kp.example\r\nConnection: close\r\n\r\n")
	out, err := cmd.Output()
	if err != nil && len(out) == 0 {
		return 0, ""
	}
	response, err := http.ReadResponse(bufio.NewReader(strings.NewReader(string(out))), nil)
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	defer response.Body.Close()
	var text strings.Builder
	if _, err := bufio.NewReader(response.Body).WriteTo(&text); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, text.String()
}
