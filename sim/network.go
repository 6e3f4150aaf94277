// Package sim runs a whole DSKE network in one process: every hub and every client of a topology,
// behind one port, each under its own path prefix (/hub/NAME, /client/NAME).
//
// A [Network] is made by [New] and runs in [Network.Run]. Its nodes reach each other through the
// network's transport: [Loopback] is real HTTP through the port, which curl and Wireshark see alike,
// and [Memory] calls the same handlers directly. Single nodes can be stopped and started; a node that
// was stopped starts again without any of its state. [Remote] drives a network from another process.
package sim

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"dske/node"
	"dske/node/hub"
	"dske/sim/audit"
	"dske/sim/topology"
)

// The ways in which nodes reach each other.
const (
	Loopback = "loopback" // HTTP through the port
	Memory   = "memory"   // direct calls
)

// maxPending is about how many associations are set up at the same time when a network starts.
const maxPending = 256

// ErrNoSuchNode is the error for a node that the topology does not have.
var ErrNoSuchNode = errors.New("no such node")

// Config is what a network needs. Only Topology is required.
type Config struct {
	Topology  *topology.Topology
	Transport string  // Loopback (default) or Memory
	Listen    string  // address of the port, e.g. 127.0.0.1:8100; may be empty with Memory: no port
	Seed      *uint64 // makes the secrets of all nodes reproducible, and so no longer secret
	Logger    *slog.Logger

	Audit bool // check that no byte of PSRD is used twice; see [Network.Violations]

	ShareTTL   time.Duration // how long hubs keep shares and clients parts of keys; default 1 h
	HubTimeout time.Duration // for one message of a client to a hub; default 5 s

	RequestTimeout time.Duration // for a request of an encryptor; default 1 min
}

func (c *Config) validate() error {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	switch {
	case c.Topology == nil:
		return errors.New("no topology")
	case c.Transport == "":
		c.Transport = Loopback
	case c.Transport != Loopback && c.Transport != Memory:
		return fmt.Errorf("transport %q is neither %s nor %s", c.Transport, Loopback, Memory)
	}
	if c.Transport == Loopback && c.Listen == "" {
		return errors.New("the loopback transport needs an address to listen on")
	}
	return nil
}

// Network is a network of hubs and clients.
type Network struct {
	config    Config
	seeds     *seeds // nil: crypto/rand
	slots     []*slot
	byPrefix  map[string]*slot
	control   http.Handler
	transport http.RoundTripper // to the port, without what happens on the wire
	wire      wire
	recorder  recorder
	auditor   *audit.Auditor // nil: none

	started chan struct{} // closed when Run has started every node
	url     string        // set before started is closed
	running context.Context
	tasks   sync.WaitGroup
}

// New returns a network that is not running.
func New(config Config) (*Network, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	n := &Network{config: config, byPrefix: map[string]*slot{}, started: make(chan struct{})}
	if config.Seed != nil {
		n.seeds = &seeds{seed: *config.Seed, uses: map[string]int{}}
	}
	for _, h := range config.Topology.Hubs {
		n.addSlot(&slot{network: n, kind: node.KindHub, name: h.Name})
	}
	for _, c := range config.Topology.Clients {
		n.addSlot(&slot{network: n, kind: node.KindClient, name: c.Name, client: &c, token: rand.Text()})
	}
	n.wire.faults.Seed = rand64(config.Seed)
	if config.Audit {
		n.startAudit()
	}
	n.control = n.newControl()
	n.transport = memory{n}
	if config.Transport == Loopback {
		n.transport = newLoopback()
	}
	return n, nil
}

func (n *Network) addSlot(s *slot) {
	n.slots = append(n.slots, s)
	n.byPrefix[node.Prefix(s.kind, s.name)] = s
}

// Run opens the port, starts every node and serves until ctx ends; it then stops everything and
// returns nil. It can be called once.
func (n *Network) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	n.running = ctx
	failed := make(chan error, 1)
	server, err := n.serve(ctx, failed)
	if err != nil {
		return err
	}
	defer n.shutDown(server)
	if err := n.startAll(ctx); err != nil {
		return err
	}
	close(n.started)
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return err
	}
}

// startAll starts every node. Clients come only so fast that those which are not ready yet do not keep
// each other from becoming it.
func (n *Network) startAll(ctx context.Context) error {
	window := make(chan struct{}, max(1, maxPending/len(n.config.Topology.Hubs)))
	for _, s := range n.slots {
		if s.kind == node.KindHub {
			if err := s.start(); err != nil {
				return err
			}
			continue
		}
		select {
		case window <- struct{}{}:
		case <-ctx.Done():
			return nil
		}
		if err := s.start(); err != nil {
			return err
		}
		client := s.runningClient()
		n.tasks.Go(func() {
			select {
			case <-client.Ready():
			case <-ctx.Done():
			}
			<-window
		})
	}
	return nil
}

// serve opens the port, if there is to be one, and sends to failed if it fails later.
func (n *Network) serve(ctx context.Context, failed chan<- error) (*http.Server, error) {
	server := &http.Server{
		Handler:           n,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(n.config.Logger.Handler(), slog.LevelDebug),
	}
	n.url = "http://memory"
	if n.config.Listen == "" {
		return server, nil
	}
	listener, err := net.Listen("tcp", n.config.Listen)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w", n.config.Listen, errors.Unwrap(err))
	}
	n.url = "http://" + listener.Addr().String()
	n.tasks.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	})
	return server, nil
}

// shutDown stops the nodes, clients first, and then the port. Requests under way have been cancelled
// together with the context of Run.
func (n *Network) shutDown(server *http.Server) {
	for _, kind := range []node.Kind{node.KindClient, node.KindHub} {
		var stopped sync.WaitGroup
		for _, s := range n.slots {
			if s.kind == kind {
				stopped.Go(s.halt)
			}
		}
		stopped.Wait()
	}
	if loopback, ok := n.transport.(*http.Transport); ok {
		loopback.CloseIdleConnections()
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if server.Shutdown(ctx) != nil {
		server.Close()
	}
	n.tasks.Wait()
}

// WaitReady waits until every running client has registered with all its hubs and filled its pools.
func (n *Network) WaitReady(ctx context.Context) error {
	select {
	case <-n.started:
	case <-ctx.Done():
		return ctx.Err()
	}
	for _, s := range n.slots {
		client := s.runningClient()
		if client == nil {
			continue
		}
		select {
		case <-client.Ready():
		case <-ctx.Done():
			return fmt.Errorf("client %s is not ready: %w", s.name, ctx.Err())
		}
	}
	return nil
}

// WaitIdle waits until no running client does anything in the background: the hubs that a key did not
// need have answered too, and the pools are full. Clients that cannot reach a hub keep trying; between
// the attempts they are idle.
func (n *Network) WaitIdle(ctx context.Context) error {
	for _, s := range n.slots {
		client := s.runningClient()
		if client == nil {
			continue
		}
		if err := client.WaitIdle(ctx); err != nil {
			return fmt.Errorf("client %s is not idle: %w", s.name, err)
		}
	}
	return nil
}

// URL returns the base URL of the port. It is known when the network is ready.
func (n *Network) URL() string { return n.url }

// ServeHTTP serves the whole port: nodes by the start of the path, and the network's own interface
// under /sim/v1.
func (n *Network) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	kind, name := nodeOf(r.URL.Path)
	if kind != string(node.KindHub) && kind != string(node.KindClient) {
		n.control.ServeHTTP(w, r)
		return
	}
	s := n.byPrefix["/"+kind+"/"+name]
	if s == nil {
		node.WriteError(w, node.NotFound(kind, name))
		return
	}
	s.ServeHTTP(w, r)
}

// nodeOf returns the first two segments of a path.
func nodeOf(path string) (kind, name string) {
	kind, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	name, _, _ = strings.Cut(rest, "/")
	return kind, name
}

// Start fills the slot of a node, for example hub/hank, with a fresh one. A node that is running is
// left alone.
func (n *Network) Start(name string) error {
	s, err := n.slot(name)
	if err != nil {
		return err
	}
	return s.start()
}

// Stop empties the slot of a node when its requests under way are done. A client first unregisters
// from its hubs, for which ctx limits the time. A node that is stopped is left alone.
func (n *Network) Stop(ctx context.Context, name string) error {
	s, err := n.slot(name)
	if err != nil {
		return err
	}
	s.stop(ctx)
	return nil
}

// Hub returns a hub that is running, for experiments that look into it.
func (n *Network) Hub(name string) (*hub.Hub, error) {
	s, err := n.slot("hub/" + name)
	if err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.occupant == nil {
		return nil, node.Stopped(s.kind, s.name)
	}
	return s.occupant.hub, nil
}

func (n *Network) slot(name string) (*slot, error) {
	s := n.byPrefix["/"+name]
	if s == nil {
		return nil, fmt.Errorf("%w: %s", ErrNoSuchNode, name)
	}
	return s, nil
}
