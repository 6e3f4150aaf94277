package wire

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// maxConnections limits the connections of a loopback. Hubs answer at once, so further requests
// wait only briefly.
const maxConnections = 256

// loopback is the transport through a port of this process, by HTTP/1.1. The goroutine of a request
// writes and reads by itself: [http.Transport] has two more goroutines for each connection, and
// passing data between them costs a seventh of the time of a key pair. In return, it never repeats
// a request, and supports no proxy, no redirect and no other version of HTTP.
type loopback struct {
	secure *tls.Config   // nil: plain HTTP
	fresh  time.Duration // connections that have been idle for longer are not reused; 0: no limit
	places chan struct{} // each request under way takes one

	mu   sync.Mutex
	idle map[string][]*connection // by address, the last used at the end
}

// newLoopback returns a loopback, with TLS if secure is not nil.
func newLoopback(secure *tls.Config, fresh time.Duration) *loopback {
	return &loopback{secure: secure, fresh: fresh, places: make(chan struct{}, maxConnections), idle: map[string][]*connection{}}
}

// RoundTrip implements [http.RoundTripper].
func (l *loopback) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	if r.Context().Err() != nil {
		return nil, context.Cause(r.Context())
	}
	select {
	case l.places <- struct{}{}:
	case <-r.Context().Done():
		return nil, context.Cause(r.Context())
	}
	c, err := l.connect(r.Context(), r.URL)
	if err != nil {
		<-l.places
		return nil, explain(r.Context(), err)
	}
	t := &turn{connection: c, loopback: l, ctx: r.Context()}
	t.stop = context.AfterFunc(t.ctx, func() { c.Close() })
	response, err := c.exchange(r)
	if err != nil {
		t.end(false)
		return nil, explain(t.ctx, err)
	}
	t.body, t.keep = response.Body, !response.Close
	response.Body = t
	if response.ContentLength == 0 {
		t.end(t.keep)
	}
	return response, nil
}

// connect returns a connection to the address of a URL for exclusive use.
func (l *loopback) connect(ctx context.Context, u *url.URL) (*connection, error) {
	if c := l.takeIdle(u.Host); c != nil {
		return c, nil
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return nil, err
	}
	if l.secure != nil {
		if conn, err = shake(ctx, conn, l.secure, u.Hostname()); err != nil {
			return nil, err
		}
	}
	return &connection{Conn: conn, host: u.Host, in: bufio.NewReader(conn), out: bufio.NewWriter(conn)}, nil
}

// shake does the TLS handshake on a connection, with the given host name unless the configuration
// has another one.
func shake(ctx context.Context, conn net.Conn, config *tls.Config, host string) (net.Conn, error) {
	if config.ServerName == "" {
		config = config.Clone()
		config.ServerName = host
	}
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return secure, nil
}

// takeIdle returns the last used connection to an address, or nil, and closes those that the port
// may be about to close.
func (l *loopback) takeIdle(host string) *connection {
	l.mu.Lock()
	defer l.mu.Unlock()
	idle := l.idle[host]
	for len(idle) > 0 && l.fresh > 0 && time.Since(idle[0].since) > l.fresh {
		idle[0].Close()
		idle = idle[1:]
	}
	if len(idle) == 0 {
		delete(l.idle, host)
		return nil
	}
	last := len(idle) - 1
	c := idle[last]
	idle[last] = nil
	l.idle[host] = idle[:last]
	return c
}

// CloseIdleConnections closes the idle connections.
func (l *loopback) CloseIdleConnections() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, idle := range l.idle {
		for _, c := range idle {
			c.Close()
		}
	}
	clear(l.idle)
}

// connection is a connection that carries one request at a time.
type connection struct {
	net.Conn
	host  string // host and port
	in    *bufio.Reader
	out   *bufio.Writer
	since time.Time // when it became idle
}

// exchange sends a request, and reads the response up to its body. The port may answer before it
// has read the whole request, so an answer counts even if not everything could be sent.
func (c *connection) exchange(r *http.Request) (*http.Response, error) {
	unsent := writeRequest(c.out, r)
	if unsent == nil {
		unsent = c.out.Flush()
	}
	response, err := readResponse(c.in, r)
	switch {
	case err == nil:
		response.Close = response.Close || unsent != nil
		return response, nil
	case unsent != nil:
		return nil, unsent
	default:
		return nil, fmt.Errorf("reading the response: %w", err)
	}
}

// turn is the use of a connection by one request. It is the body of the response: at its end the
// connection is free for others.
type turn struct {
	*connection
	loopback *loopback
	ctx      context.Context
	stop     func() bool // keeps the request's context from closing the connection
	body     io.ReadCloser
	keep     bool // the connection can be reused
	over     bool
}

func (t *turn) Read(p []byte) (int, error) {
	if t.over {
		return 0, io.EOF
	}
	n, err := t.body.Read(p)
	switch {
	case err == io.EOF:
		t.end(t.keep)
	case err != nil:
		err = explain(t.ctx, err)
		t.end(false)
	}
	return n, err
}

// Close implements [io.Closer]. It closes the connection if the body was not read to its end.
func (t *turn) Close() error {
	t.end(false)
	return nil
}

// end ends the turn. It keeps the connection if that is allowed and the context has not closed it.
func (t *turn) end(keep bool) {
	if t.over {
		return
	}
	t.over = true
	if keep = t.stop() && keep && t.in.Buffered() == 0; keep {
		t.since = time.Now()
		t.loopback.mu.Lock()
		t.loopback.idle[t.host] = append(t.loopback.idle[t.host], t.connection)
		t.loopback.mu.Unlock()
	} else {
		t.connection.Close()
	}
	<-t.loopback.places
}

// explain returns the cause of a failed request: the error of its context if that has ended.
func explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
