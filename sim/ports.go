package sim

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"dske/node"
)

// port is an address that is listened on.
type port struct {
	listener net.Listener
	server   *http.Server
}

// openPorts opens the port of the network, if there is to be one, and those of its clients. All of them
// are closed again if one cannot be opened.
func (n *Network) openPorts(ctx context.Context) (err error) {
	defer func() {
		if err != nil {
			n.closePorts()
		}
	}()
	n.url = "http://memory"
	if n.config.Listen != "" {
		if n.url, err = n.open(ctx, n.config.Listen, n); err != nil {
			return err
		}
	}
	for i, address := range n.config.KMEListen {
		s := n.clients()[i]
		if s.kmeURL, err = n.open(ctx, address, http.HandlerFunc(s.serveKME)); err != nil {
			return err
		}
	}
	return nil
}

// open opens one port and returns its base URL.
func (n *Network) open(ctx context.Context, address string, handler http.Handler) (string, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return "", fmt.Errorf("cannot listen on %s: %w", address, errors.Unwrap(err))
	}
	url := "http://" + reachable(listener.Addr())
	if n.tls != nil {
		url = "https://" + reachable(listener.Addr())
	}
	n.ports = append(n.ports, port{listener, &http.Server{
		Handler:           handler,
		TLSConfig:         n.tls.Clone(),
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(n.config.Logger.Handler(), slog.LevelDebug),
	}})
	return url, nil
}

// reachable returns the address under which this host reaches a listener: one on all addresses has no
// address of its own, and a certificate could not name it.
func reachable(address net.Addr) string {
	if tcp, ok := address.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return fmt.Sprintf("localhost:%d", tcp.Port)
	}
	return address.String()
}

// serve serves on every open port and sends to failed, which takes one error a port, if one fails.
func (n *Network) serve(failed chan<- error) {
	for _, p := range n.ports {
		n.tasks.Go(func() {
			if err := p.serve(); !errors.Is(err, http.ErrServerClosed) {
				failed <- err
			}
		})
	}
}

func (p port) serve() error {
	if p.server.TLSConfig != nil {
		return p.server.ServeTLS(p.listener, "", "")
	}
	return p.server.Serve(p.listener)
}

// shutDownPorts closes the ports when their requests are done, for which ctx limits the time.
func (n *Network) shutDownPorts(ctx context.Context) {
	var done sync.WaitGroup
	for _, p := range n.ports {
		done.Go(func() {
			if p.server.Shutdown(ctx) != nil {
				p.server.Close()
			}
		})
	}
	done.Wait()
}

// closePorts closes ports that are not served on.
func (n *Network) closePorts() {
	for _, p := range n.ports {
		p.listener.Close()
	}
}

// loadTLS loads the certificates of the network, if it is to speak TLS, and returns the configuration
// with which its nodes call each other. That goes through the port like everybody's traffic, and shows
// the certificate of the operator, so that it also works where every caller has to show one.
func (n *Network) loadTLS() (*tls.Config, error) {
	if n.config.TLS == "" {
		return nil, nil
	}
	var names []string
	for _, s := range n.clients() {
		names = append(names, s.name)
	}
	var err error
	if n.tls, err = n.config.TLS.Server(names, n.config.TLSAll); err != nil {
		return nil, err
	}
	client, err := n.config.TLS.Client(n.config.TLS.Operator())
	if err != nil {
		return nil, err
	}
	client.ServerName = "localhost" // whatever address the port is on
	return client, nil
}

// clients returns the slots of the clients, in the order of the topology.
func (n *Network) clients() []*slot {
	var clients []*slot
	for _, s := range n.slots {
		if s.kind == node.KindClient {
			clients = append(clients, s)
		}
	}
	return clients
}
