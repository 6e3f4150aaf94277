package sim

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"

	"dske/node"
	"dske/sim/certs"
)

// port is an address on which the network listens.
type port struct {
	listener net.Listener
	server   *http.Server
}

// openPorts opens the port of the network, if there is one, and those of its clients. If one cannot
// be opened, it closes all.
func (n *Network) openPorts(ctx context.Context) (err error) {
	defer func() {
		if err != nil {
			n.closePorts()
		}
	}()
	n.url = "http://memory"
	if n.config.Listen != "" {
		if n.url, err = n.open(ctx, n.config.Listen, n.tls, door{}, n.behindFront(n.outside("", n))); err != nil {
			return err
		}
	}
	if n.config.Viewers != "" {
		if n.viewersURL, err = n.open(ctx, n.config.Viewers, n.tls, door{}, n.watching()); err != nil {
			return err
		}
	}
	for i, address := range n.config.KMEListen {
		c := n.localAt(i)
		if c.newPorts().kmeURL, err = n.open(ctx, address, n.tlsOf(i), door{isKME: true}, n.outside(c.path(), http.HandlerFunc(c.serveKME))); err != nil {
			return err
		}
	}
	for i, address := range n.config.Streams {
		if err := n.openStreams(n.localAt(i), address); err != nil {
			return err
		}
	}
	return nil
}

// tlsOf returns the TLS configuration of one client's port, which shows that client's certificate.
func (n *Network) tlsOf(client int) *tls.Config {
	own := n.tls.Clone()
	if own != nil {
		own.Certificates = own.Certificates[client : client+1]
	}
	return n.withHandshakeFaults(n.localAt(client), own)
}

// open opens one port, for TLS if secure is not nil, and returns its base URL.
func (n *Network) open(ctx context.Context, address string, secure *tls.Config, d door, handler http.Handler) (string, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return "", &ListenError{address, errors.Unwrap(err)}
	}
	listener = &watchedListener{Listener: listener, logger: n.config.Logger}
	url := "http://" + reachable(listener.Addr(), address)
	d.isLocal = secure == nil && isLoopback(listener.Addr())
	if secure != nil {
		url = "https://" + reachable(listener.Addr(), address)
		listener = newHandshakes(listener, secure, n.failedHandshake)
	}
	n.ports = append(n.ports, port{listener, &http.Server{
		Handler:           paced(d.guard(handler)),
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: node.HeaderTimeout,
		IdleTimeout:       node.IdleTimeout,
		HTTP2:             &http.HTTP2Config{WriteByteTimeout: node.Patience},
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(n.config.Logger.Handler(), slog.LevelDebug),
	}})
	return url, nil
}

// reachable returns the address under which this host reaches a listener on address, in the form
// for a URL. A listener on all addresses has none of its own, and a certificate could not name it.
// In a URL, the percent sign before the zone of an IPv6 address is escaped (RFC 6874). Not every
// system reports the zone of a listener.
func reachable(listening net.Addr, address string) string {
	tcp, ok := listening.(*net.TCPAddr)
	if !ok {
		return listening.String()
	}
	host, port := tcp.IP.String(), fmt.Sprint(tcp.Port)
	if tcp.IP.IsUnspecified() {
		return net.JoinHostPort("localhost", port)
	}
	asked, _, _ := net.SplitHostPort(address) // valid, since the listener is open
	if _, zone, found := strings.Cut(asked, "%"); found {
		host += "%25" + zone
	}
	return net.JoinHostPort(host, port)
}

// serve serves every open port, and sends errors to failed, which must have room for one error of
// each.
func (n *Network) serve(failed chan<- error) {
	for _, p := range n.ports {
		n.tasks.Go(func() {
			if err := p.serve(); !errors.Is(err, http.ErrServerClosed) {
				failed <- err
			}
		})
	}
	for i, c := range n.local {
		if c.ports().streams != nil {
			n.tasks.Go(func() {
				if err := n.serveStreams(i); err != nil {
					failed <- err
				}
			})
		}
	}
}

func (p port) serve() error { return p.server.Serve(p.listener) }

// shutDownPorts closes the ports when their requests have been answered, or when ctx ends.
func (n *Network) shutDownPorts(ctx context.Context) {
	var done sync.WaitGroup
	for _, p := range n.ports {
		done.Go(func() {
			if p.server.Shutdown(ctx) != nil {
				p.server.Close()
			}
		})
	}
	n.closeStreams()
	done.Wait()
}

// closePorts closes ports that are not being served.
func (n *Network) closePorts() {
	for _, p := range n.ports {
		p.listener.Close()
	}
	n.closeStreams()
}

// loadTLS loads the certificates of the ports, if the network speaks TLS.
func (n *Network) loadTLS() (err error) {
	if n.config.TLS == "" {
		return nil
	}
	if n.trusted, err = n.config.TLS.Trusted(); err != nil {
		return err
	}
	if n.front, err = n.config.TLS.Front(); err != nil {
		return err
	}
	if n.tls, err = n.config.TLS.Server(n.config.TLSAll, n.servers()...); err != nil || !n.certified() {
		return err
	}
	if n.identity, err = n.config.TLS.Identity(); err != nil {
		return err
	}
	n.shown = map[string]*tls.Config{}
	for _, c := range n.local {
		secure, err := n.callTLS(n.config.TLS.ToHubs(c.name()))
		if err != nil {
			return err
		}
		n.shown[c.path()] = secure
	}
	return nil
}

// certified reports whether clients prove their identity to hubs with certificates, which needs TLS
// between them.
func (n *Network) certified() bool { return n.config.TLS != "" && n.config.Transport == Loopback }

// servers returns the certificates that the port shows: those of the clients in this process, or of
// the hubs if all clients run elsewhere.
func (n *Network) servers() (shown []certs.Pair) {
	for _, c := range n.local {
		shown = append(shown, n.config.TLS.KME(c.name()))
	}
	if len(shown) > 0 {
		return shown
	}
	for _, h := range n.hubs {
		if h.apart == nil {
			shown = append(shown, n.config.TLS.Hub(h.name()))
		}
	}
	return shown
}

// clientTLS returns the TLS configuration for calling the port by all callers except clients; nil:
// plain HTTP. It shows the certificate of the operator, so that it also works where every caller
// must show one.
func (n *Network) clientTLS() (*tls.Config, error) {
	if n.config.TLS == "" {
		return nil, nil
	}
	return n.callTLS(n.config.TLS.Operator())
}

func (n *Network) callTLS(shown certs.Pair) (*tls.Config, error) {
	client, err := n.config.TLS.Client(shown)
	if err != nil {
		return nil, err
	}
	client.ServerName = "localhost" // whatever the address of the port
	return client, nil
}
