package sim

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dske/node"
	"dske/sim/topology"
)

// strict makes the tests check the promised times, for which the machine must be idle. Otherwise
// they check only whether things end at all.
var strict = flag.Bool("strict", false, "hold stop, start and the end of the network to 3 s, and p99 to five times its calm value")

// Strict reports whether -strict is set.
func Strict() bool { return *strict }

// atMost returns the time limit for operations that are promised to take at most 3 s.
func atMost() time.Duration {
	if *strict {
		return 3 * time.Second
	}
	return time.Minute
}

// caller is a connection of somebody who reaches the port and behaves badly.
type caller struct {
	net.Conn
	*bufio.Reader
}

// call opens a connection to the port of a network and sends text.
func call(t testing.TB, network *Network, text string) caller {
	t.Helper()
	connection, err := net.Dial("tcp", strings.TrimPrefix(network.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	if _, err := io.WriteString(connection, text); err != nil {
		t.Fatal(err)
	}
	return caller{connection, bufio.NewReader(connection)}
}

// withoutBody begins a request whose body never comes, and returns when the handler waits for it.
func withoutBody(t testing.TB, network *Network, method, path string) {
	t.Helper()
	c := call(t, network, method+" "+path+" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n")
	if line, err := c.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("%s %s: %q, %v", method, path, line, err)
	}
}

// withoutReading requests a large page again and again, and never reads.
func withoutReading(t testing.TB, network *Network, path string) {
	t.Helper()
	call(t, network, strings.Repeat("GET "+path+" HTTP/1.1\r\nHost: localhost\r\n\r\n", 60))
}

// Nobody can keep a node from stopping or from starting again: neither by beginning a request
// without sending its body, nor by not reading an answer.
func TestNobodyHoldsUpStopping(t *testing.T) {
	n := start(t, Config{Transport: Loopback, Listen: "127.0.0.1:0"})
	for _, test := range []struct{ method, path string }{
		{"PUT", "/hub/hank/dske/oob/v1/registration"},
		{"POST", "/hub/hank/dske/api/v1/key-share"},
		{"POST", "/client/carol/etsi/api/v1/keys/sofia/enc_keys"},
	} {
		withoutBody(t, n.Network, test.method, test.path)
	}
	for _, name := range []string{"hub/hank", "client/carol"} {
		withoutReading(t, n.Network, "/"+name+"/docs/swagger-ui-bundle.js")
		began := time.Now()
		n.stop(name)
		n.start(name)
		if took := time.Since(began); took > atMost() {
			t.Errorf("stop and start of %s take %v", name, took)
		}
	}
}

// Nobody can keep the network from ending.
func TestNobodyHoldsUpTheEnd(t *testing.T) {
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
	for _, node := range []string{"/hub/hank", "/client/carol"} {
		for range 5 {
			withoutReading(t, n, node+"/docs/swagger-ui-bundle.js")
		}
	}
	withoutBody(t, n, "PUT", "/hub/helen/dske/oob/v1/registration")
	withoutBody(t, n, "POST", "/client/carol/etsi/api/v1/keys/sofia/enc_keys")
	withoutBody(t, n, "POST", "/sim/v1/faults")
	call(t, n, "GET /sim/v1/topology HTT") // incomplete
	began := time.Now()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > atMost() {
		t.Errorf("the network ends after %v", took)
	}
}

// slow returns one end of a connection in memory that is served like the port, so that it sees how
// long it is kept open.
func slow(t *testing.T, handler http.HandlerFunc) net.Conn {
	ours, theirs := net.Pipe()
	server := &http.Server{Handler: paced(handler), ReadHeaderTimeout: node.HeaderTimeout}
	listener := &single{conn: theirs, closed: make(chan struct{})}
	go server.Serve(listener)
	t.Cleanup(func() {
		server.Close()
		ours.Close()
	})
	return ours
}

// single is a listener with one connection.
type single struct {
	conn   net.Conn
	closed chan struct{}
}

func (l *single) Accept() (net.Conn, error) {
	if c := l.conn; c != nil {
		l.conn = nil
		return c, nil
	}
	<-l.closed
	return nil, net.ErrClosed
}

func (l *single) Close() error {
	close(l.closed)
	return nil
}

func (l *single) Addr() net.Addr { return &net.TCPAddr{} }

// A body may take as long as its size warrants, and so may an answer.
func TestPace(t *testing.T) {
	const size = 1 << 20
	allowed := node.Patience + size*time.Second/node.SlowestRate
	for _, test := range []struct {
		name  string
		pause time.Duration // before each of 64 pieces
		ends  bool          // the connection ends early
	}{
		{"brisk", 0, false},
		{"slow enough", allowed / 70, false},
		{"too slow", allowed / 60, true},
		{"a standstill", node.Patience + time.Second, true},
	} {
		t.Run(test.name+", sending", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				read := make(chan int64, 1)
				c := slow(t, func(w http.ResponseWriter, r *http.Request) {
					n, _ := io.Copy(io.Discard, r.Body)
					read <- n
				})
				go io.Copy(io.Discard, c)
				fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n", size)
				var sender sync.WaitGroup
				sender.Go(func() {
					for range 64 {
						time.Sleep(test.pause)
						if _, err := c.Write(make([]byte, size/64)); err != nil {
							return
						}
					}
				})
				if n := <-read; (n < size) != test.ends {
					t.Errorf("%d bytes of %d came", n, size)
				}
				c.Close()
				sender.Wait()
			})
		})
		t.Run(test.name+", reading", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ended := make(chan error, 1)
				c := slow(t, func(w http.ResponseWriter, r *http.Request) {
					_, err := w.Write(make([]byte, size))
					ended <- err
				})
				fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
				var reader sync.WaitGroup
				reader.Go(func() {
					for range 65 { // including the header
						time.Sleep(test.pause)
						if _, err := io.CopyN(io.Discard, c, size/64); err != nil {
							return
						}
					}
				})
				if err := <-ended; (err != nil) != test.ends {
					t.Errorf("the answer ends with %v", err)
				}
				c.Close()
				reader.Wait()
			})
		})
	}
}

// The handler's own time, before it answers or between two events, does not count, and afterwards
// the connection can be used for another request.
func TestPaceOfHandlers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := slow(t, func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			for range 3 {
				time.Sleep(10 * node.Patience)
				if r.Context().Err() != nil {
					t.Error("the request has ended")
				}
				fmt.Fprintln(w, "event")
				w.(http.Flusher).Flush()
			}
		})
		reader := bufio.NewReader(c)
		for range 2 {
			fmt.Fprint(c, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nbody")
			response, err := http.ReadResponse(reader, nil)
			if err != nil {
				t.Fatal(err)
			}
			if body, err := io.ReadAll(response.Body); err != nil || string(body) != "event\nevent\nevent\n" {
				t.Errorf("%q, %v", body, err)
			}
		}
	})
}

// The next request on the connection of one that was cut off is not cancelled, or there is none.
func TestRequestAfterOneThatWasCutOff(t *testing.T) {
	for name, test := range map[string]struct {
		header, atOnce, later string
		isRead                bool // before it is cut off
	}{
		"no body":           {},
		"a body":            {"Content-Length: 4\r\n", "body", "", true},
		"a body, read late": {"Content-Length: 4\r\n", "body", "", false},
		"half a body":       {"Content-Length: 4\r\n", "bo", "", true},
		"a body in halves":  {"Content-Length: 4\r\n", "bo", "dy", false},
	} {
		synctest.Test(t, func(t *testing.T) {
			var first underway
			isFirst := true
			c := slow(t, func(w http.ResponseWriter, r *http.Request) {
				if !isFirst {
					fmt.Fprint(w, r.Context().Err())
					return
				}
				isFirst = false
				v := first.enter(r.Context(), w)
				defer first.leave(v)
				io.CopyN(io.Discard, r.Body, 2)
				if test.isRead {
					io.Copy(io.Discard, r.Body)
				}
				<-v.Done()
				io.Copy(io.Discard, r.Body)
				time.Sleep(node.LastWords / 2)
				w.WriteHeader(http.StatusServiceUnavailable)
			})
			fmt.Fprint(c, "POST / HTTP/1.1\r\nHost: localhost\r\n"+test.header+"\r\n"+test.atOnce)
			synctest.Wait()
			if test.later != "" {
				go fmt.Fprint(c, test.later)
			}
			first.end(time.Second)
			reader := bufio.NewReader(c)
			response, err := http.ReadResponse(reader, nil)
			if err != nil || response.StatusCode != http.StatusServiceUnavailable {
				t.Fatalf("%s: %v, %v", name, response, err)
			}
			if response.Close {
				return
			}
			fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
			response, err = http.ReadResponse(reader, nil)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if text, err := io.ReadAll(response.Body); err != nil || string(text) != "<nil>" {
				t.Errorf("%s: the next request is ended by %s, %v", name, text, err)
			}
		})
	}
}
