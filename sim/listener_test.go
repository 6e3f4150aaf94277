package sim

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// exhausted is a listener of a process that cannot open more files.
type exhausted struct{ net.Listener }

func (exhausted) Accept() (net.Conn, error) {
	return nil, &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
}

func (exhausted) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8100} }

func TestDescriptorsRunOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		l := &watchedListener{Listener: exhausted{}, logger: slog.New(slog.NewTextHandler(&log, nil))}
		for range 300 {
			if _, err := l.Accept(); !errors.Is(err, syscall.EMFILE) {
				t.Fatal(err)
			}
			<-time.After(100 * time.Millisecond)
		}
		if n := strings.Count(log.String(), "level=WARN"); n != 3 || !strings.Contains(log.String(), "listen=127.0.0.1:8100") || !strings.Contains(log.String(), "ulimit -n") {
			t.Errorf("%d lines: %s", n, log.String())
		}
	})
}

func TestReachable(t *testing.T) {
	link := net.ParseIP("fe80::1")
	for _, test := range []struct {
		listening net.TCPAddr
		address   string
		want      string
	}{
		{net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8100}, "127.0.0.1:8100", "127.0.0.1:8100"},
		{net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8100}, "localhost:0", "127.0.0.1:8100"},
		{net.TCPAddr{IP: net.IPv6loopback, Port: 8100}, "[::1]:0", "[::1]:8100"},
		{net.TCPAddr{IP: net.IPv6unspecified, Port: 8100}, ":8100", "localhost:8100"},
		{net.TCPAddr{IP: link, Port: 8100, Zone: "eth0"}, "[fe80::1%eth0]:0", "[fe80::1%25eth0]:8100"},
		{net.TCPAddr{IP: link, Port: 8100}, "[fe80::1%eth0]:0", "[fe80::1%25eth0]:8100"},
	} {
		if got := reachable(&test.listening, test.address); got != test.want {
			t.Errorf("%s: got %s, want %s", test.address, got, test.want)
		}
	}
}
