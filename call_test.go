package main

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// silentPort returns the URL of a port that accepts connections and says nothing.
func silentPort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
		}
	}()
	return "http://" + listener.Addr().String()
}

func TestPortThatSaysNothing(t *testing.T) {
	url := silentPort(t)
	for _, args := range [][]string{
		{"status"}, {"status", "--watch"}, {"start", "hub/hank"}, {"stop", "hub/hank"}, {"ladder", "sam", "sofia"},
		{"etsi-qkd", "get-status", "sam", "sofia"}, {"etsi-qkd", "get-key", "sam", "sofia"},
		{"etsi-qkd", "get-key-pair", "sam", "sofia"}, {"etsi-qkd", "conformance", "sam", "sofia"},
		{"etsi-qkd", "get-key-with-key-ids", "sam", "sofia", "00000000-0000-4000-8000-000000000001"},
	} {
		_, stderr, status := dske(t, append(args, "--url", url, "--timeout", "50ms")...)
		if status != 1 || !strings.Contains(stderr, "no network answers at "+url+" (no answer within 50ms)") {
			t.Errorf("%v: status %d, %s", args, status, stderr)
		}
	}
}

// fed runs the program with input as its standard input.
func fed(t *testing.T, input string, args ...string) (out string, status int) {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Stdin = strings.NewReader(input)
	text, _ := cmd.CombinedOutput()
	return string(text), cmd.ProcessState.ExitCode()
}

func TestStandardInput(t *testing.T) {
	const three = "hubs: [{name: a}, {name: b}, {name: c}]\nclients: [{name: a}, {name: b}]\n"
	for _, test := range []struct {
		input  string
		args   []string
		status int
		says   string
	}{
		{three, []string{"run", "--plan", "-"}, 0, "6, of 2 clients with 3 hubs"},
		{three, []string{"run", "-", "--plan"}, 0, "6, of 2 clients with 3 hubs"},
		{three, []string{"certs", filepath.Join(t.TempDir(), "certs"), "-"}, 0, "2 clients and 2 encryptors"},
		{three, []string{"bench", "-", "--transport", "memory", "--duration", "1ms"}, 0, "3 hubs, 2 clients"},
		{"", []string{"run", "-"}, 1, "dske: standard input:1: the file is empty: list hubs and clients"},
		{"hubs:\n- hank\n", []string{"run", "-"}, 1, "dske: standard input:2: a hub must be a mapping"},
		{"# Hello.\n\nget-key-pair sam sofia\n", []string{"scenario", "-"}, 0, "✓ standard input: Hello."},
		{"# Hello.\nget-kye sam sofia\n", []string{"scenario", "-"}, 1, "standard input:2: get-kye"},
	} {
		if out, status := fed(t, test.input, test.args...); status != test.status || !strings.Contains(out, test.says) {
			t.Errorf("%v: status %d, %s", test.args, status, out)
		}
	}
}

// commands lists every command.
var commands = [][]string{
	{}, {"run"}, {"certs"}, {"etsi-qkd"}, {"etsi-qkd", "get-status"}, {"etsi-qkd", "get-key"},
	{"etsi-qkd", "get-key-with-key-ids"}, {"etsi-qkd", "get-key-pair"}, {"etsi-qkd", "conformance"}, {"conformance"}, {"conformance", "hub"}, {"conformance", "client"}, {"ladder"},
	{"scenario"}, {"bench"}, {"status"}, {"start"}, {"stop"}, {"completion"}, {"completion", "bash"}, {"version"},
}

func TestHelp(t *testing.T) {
	for _, command := range commands {
		out, stderr, status := dske(t, append(command, "--help")...)
		if status != 0 || stderr != "" || !strings.Contains(out, "USAGE:") {
			t.Errorf("%v: status %d, %s%s", command, status, out, stderr)
		}
		for line := range strings.Lines(out) {
			if strings.Count(line, "(default: ") > 1 || strings.Contains(line, "(default: 0)") || strings.Contains(line, " value ") {
				t.Errorf("%v: %s", command, line)
			}
		}
		if _, stderr, status := dske(t, append(command, "--nonsense")...); status != 2 || !strings.HasPrefix(stderr, "dske: unknown flag --nonsense; see dske") {
			t.Errorf("%v: status %d, %s", command, status, stderr)
		}
	}
}

// A network reports when it cannot accept any more connections.
func TestDescriptorsRunOut(t *testing.T) {
	cmd := exec.Command("sh", "-c", "ulimit -n 48 && exec "+program+" run --transport memory --listen 127.0.0.1:0")
	var stdout io.ReadCloser
	log, write := io.Pipe()
	cmd.Stderr = write
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		log.Close() // Wait would wait until more of it is read
		cmd.Wait()
	})
	first := make([]byte, 100)
	if _, err := io.ReadFull(stdout, first); err != nil {
		t.Fatal(err)
	}
	address := regexp.MustCompile(`127\.0\.0\.1:[0-9]+`).Find(first)
	for range 60 {
		c, err := net.Dial("tcp", string(address))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	line := make([]byte, 512)
	n, err := log.Read(line)
	if err != nil || !bytes.Contains(line[:n], []byte("no file descriptors left")) || !bytes.Contains(line[:n], []byte("ulimit -n")) {
		t.Errorf("%v, %s", err, line[:n])
	}
}

// A network can listen on an address with a zone, and others can use it.
func TestListenWithAZone(t *testing.T) {
	address := linkLocal(t)
	n := &network{T: t, cmd: exec.Command(program, "run", "--listen", "["+address+"]:0", "--hubs", "2", "--clients", "2"), stderr: &lockedBuffer{}}
	n.start(3)
	n.paste()
	escaped := strings.Replace(address, "%", "%25", 1)
	n.url = regexp.MustCompile(`http://\[` + escaped + `\]:[0-9]+`).FindString(n.lines[0])
	n.dske("status")
	if response, err := http.Get(n.url + "/"); err != nil || response.StatusCode != http.StatusOK {
		t.Error(response, err)
	}
}

// linkLocal returns an address of this host that has a zone.
func linkLocal(t *testing.T) string {
	t.Helper()
	interfaces, err := net.Interfaces()
	if err != nil {
		t.Skip(err)
	}
	for _, i := range interfaces {
		addresses, _ := i.Addrs()
		for _, a := range addresses {
			if n, ok := a.(*net.IPNet); ok && n.IP.To4() == nil && n.IP.IsLinkLocalUnicast() {
				return n.IP.String() + "%" + i.Name
			}
		}
	}
	t.Skip("this needs an address with a zone")
	return ""
}
