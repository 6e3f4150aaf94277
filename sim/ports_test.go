package sim

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"dske/sim/topology"
)

// TestShutDownWithUnfinishedRequest leaves a body unfinished: the network ends all the same.
func TestShutDownWithUnfinishedRequest(t *testing.T) {
	for _, path := range []string{"/client/carol/etsi/api/v1/keys/sofia/enc_keys", "/hub/hank/dske/api/v1/key-share"} {
		n, err := New(Config{Topology: topology.Reference(), Transport: Memory, Listen: "127.0.0.1:0"})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		ended := make(chan error, 1)
		go func() { ended <- n.Run(ctx) }()
		if err := n.WaitReady(ctx); err != nil {
			t.Fatal(err)
		}
		connection, err := net.Dial("tcp", strings.TrimPrefix(n.URL(), "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close()
		io.WriteString(connection, "POST "+path+" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n")
		line, err := bufio.NewReader(connection).ReadString('\n') // the server waits for the body
		if err != nil || !strings.Contains(line, "100 Continue") {
			t.Fatal(line, err)
		}
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%s: the network does not end", path)
		}
	}
}

func TestEachPortShowsItsKME(t *testing.T) {
	dir := certify(t)
	n := start(t, Config{KMEListen: ports, TLS: dir})
	config, err := dir.Client(dir.SAE("sam"))
	if err != nil {
		t.Fatal(err)
	}
	config.ServerName = "localhost"
	for _, name := range []string{"carol", "connie", "curtis"} {
		u, err := url.Parse(n.port(name))
		if err != nil {
			t.Fatal(err)
		}
		connection, err := tls.Dial("tcp", u.Host, config)
		if err != nil {
			t.Fatal(err)
		}
		if got := connection.ConnectionState().PeerCertificates[0].Subject.CommonName; got != name {
			t.Errorf("the port of %s shows the certificate of %s", name, got)
		}
		connection.Close()
	}
}
