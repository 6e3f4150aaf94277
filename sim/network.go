// Package sim runs a whole DSKE network in one process: every hub and every client of a topology,
// behind one port, each under its own path prefix (/hub/NAME, /client/NAME).
//
// A [Network] is made by [New] and runs in [Network.Run]. Its nodes reach each other through the
// network's transport: [Loopback] is real HTTP through the port, which curl and Wireshark see alike,
// and [Memory] calls the same handlers directly. Single nodes can be stopped and started; a node that
// was stopped starts again without any of its state. [Remote] drives a network from another process.
package sim

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"dske/node"
	"dske/node/hub"
	"dske/protocol"
	"dske/sim/audit"
	"dske/sim/certs"
	"dske/sim/topology"
	"dske/sim/wire"
)

// The ways in which nodes reach each other.
const (
	Loopback = wire.Loopback // HTTP through the port
	Memory   = wire.Memory   // direct calls
)

// maxPending is about how many associations are set up at the same time when a network starts.
const maxPending = 256

const defaultHubTimeout = 5 * time.Second

// ErrNoSuchNode is the error for a node that the topology does not have.
var ErrNoSuchNode = errors.New("no such node")

// Config is what a network needs. Only Topology is required.
type Config struct {
	Topology  *topology.Topology
	Transport string          // Loopback (default) or Memory
	Listen    string          // address of the port, e.g. 127.0.0.1:8100; may be empty with Memory: no port
	TLS       certs.Directory // if not empty, the ports speak mutual TLS with its certificates
	TLSAll    bool            // every caller has to show a certificate, not just SAEs
	KMEListen []string        // addresses for the clients' ETSI API, in their order; may be empty
	Seed      *uint64         // makes the secrets of all nodes reproducible, and so no longer secret
	Logger    *slog.Logger

	// Pages adds to the router of the port what belongs neither to a node nor to the network's own interface
	// under /sim/v1, such as pages for people to look at. Nil: nothing.
	Pages func(n *Network, router *echo.Echo)

	Audit bool // check that no byte of PSRD is used twice; see [Network.Violations]

	ShareTTL   time.Duration // how long hubs keep shares and clients parts of keys; default 1 h
	HubTimeout time.Duration // for one message of a client to a hub; default 5 s

	RequestTimeout time.Duration // for a request of an encryptor; default 1 min
}

func (c *Config) validate() error {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	c.HubTimeout = cmp.Or(c.HubTimeout, defaultHubTimeout)
	switch {
	case c.Topology == nil:
		return errors.New("no topology")
	case c.Transport == "":
		c.Transport = Loopback
	}
	if c.Transport == Loopback && c.Listen == "" {
		return errors.New("the loopback transport needs an address to listen on")
	}
	if c.TLSAll && c.TLS == "" {
		return errors.New("callers can show certificates only over TLS: name a directory with them")
	}
	if len(c.KMEListen) > 0 && len(c.KMEListen) != len(c.Topology.Clients) {
		return fmt.Errorf("%d addresses for the ETSI API of %d clients", len(c.KMEListen), len(c.Topology.Clients))
	}
	return nil
}

// Network is a network of hubs and clients.
type Network struct {
	config   Config
	suite    protocol.Suite
	seeds    *seeds // nil: crypto/rand
	hubs     []*hubPlace
	clients  []*clientPlace
	places   []*place          // all of them, hubs first
	byPath   map[string]*place // such as hub/hank
	systems  []string          // names of the clients
	router   *echo.Echo        // of what does not belong to a node
	wire     *wire.Wire
	requests wire.Watchers[func(Request)]
	auditor  *audit.Auditor // nil: none
	tls      *tls.Config    // nil: plain HTTP

	ports   []port
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
	suite, err := protocol.SuiteNamed(config.Topology.Suite)
	if err != nil {
		return nil, err
	}
	n := &Network{config: config, suite: suite, byPath: map[string]*place{}, started: make(chan struct{})}
	if config.Seed != nil {
		n.seeds = &seeds{seed: *config.Seed, uses: map[string]int{}}
	}
	n.addPlaces()
	if err := n.loadTLS(); err != nil {
		return nil, err
	}
	secure, err := n.clientTLS()
	if err != nil {
		return nil, err
	}
	n.wire, err = wire.New(wire.Config{
		Transport: config.Transport,
		Handler:   n,
		TLS:       secure,
		Parties:   n.Overview().parties(),
		Seed:      rand64(config.Seed),
	})
	if err != nil {
		return nil, err
	}
	if config.Audit {
		n.startAudit()
	}
	n.router = n.newRouter()
	if config.Pages != nil {
		config.Pages(n, n.router)
	}
	return n, nil
}

// Wire returns what is between the nodes: where messages are watched, lost, delayed and taken in hand.
func (n *Network) Wire() *wire.Wire { return n.wire }

// addPlaces makes the places of the topology, which are empty.
func (n *Network) addPlaces() {
	for _, h := range n.config.Topology.Hubs {
		p := newHubPlace(n, h.Name)
		n.hubs, n.places = append(n.hubs, p), append(n.places, &p.place)
	}
	for _, c := range n.config.Topology.Clients {
		p := newClientPlace(n, c)
		n.clients, n.places = append(n.clients, p), append(n.places, &p.place)
		n.systems = append(n.systems, c.Name)
	}
	for _, p := range n.places {
		n.byPath[p.path()] = p
	}
}

// Run opens the ports, starts every node and serves until ctx ends; it then stops everything and
// returns nil. It can be called once.
func (n *Network) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	n.running = ctx
	if err := n.openPorts(ctx); err != nil {
		return err
	}
	failed := make(chan error, len(n.ports))
	n.serve(failed)
	defer n.shutDown()
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
	window := make(chan struct{}, max(1, maxPending/len(n.hubs)))
	for _, p := range n.places {
		select {
		case window <- struct{}{}:
		case <-ctx.Done():
			return nil
		}
		if err := p.start(ctx); err != nil {
			return err
		}
		m := p.member()
		if m == nil || isReady(m) {
			<-window
			continue
		}
		n.tasks.Go(func() {
			select {
			case <-m.Ready():
			case <-ctx.Done():
			}
			<-window
		})
	}
	return nil
}

// shutDown stops the nodes, clients first, and then the ports. Requests under way have been cancelled
// together with the context of Run.
func (n *Network) shutDown() {
	for _, kind := range []node.Kind{node.KindClient, node.KindHub} {
		var stopped sync.WaitGroup
		for _, p := range n.places {
			if p.kind == kind {
				stopped.Go(p.halt)
			}
		}
		stopped.Wait()
	}
	n.wire.CloseIdle()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	n.shutDownPorts(ctx)
	n.tasks.Wait()
}

// HubTimeout returns how long a client waits for a hub's response to one message; for a large one longer.
func (n *Network) HubTimeout() time.Duration { return n.config.HubTimeout }

// WaitReady waits until every running client has registered with all its hubs and filled its pools.
func (n *Network) WaitReady(ctx context.Context) error {
	select {
	case <-n.started:
	case <-ctx.Done():
		return ctx.Err()
	}
	for _, p := range n.places {
		m := p.member()
		if m == nil {
			continue
		}
		select {
		case <-m.Ready():
		case <-ctx.Done():
			return fmt.Errorf("%s %s is not ready: %w", p.kind, p.name, ctx.Err())
		}
	}
	return nil
}

// WaitIdle waits until no running client, or none of those that are named, does anything in the background:
// the hubs that a key did not need have answered too, and the pools are full. Clients that cannot reach a hub
// keep trying; between the attempts they are idle.
func (n *Network) WaitIdle(ctx context.Context, names ...string) error {
	for _, p := range n.places {
		m := p.member()
		if m == nil || len(names) > 0 && !slices.Contains(names, p.name) {
			continue
		}
		if err := m.WaitIdle(ctx); err != nil {
			return fmt.Errorf("%s %s is not idle: %w", p.kind, p.name, err)
		}
	}
	return nil
}

// URL returns the base URL of the port. It is known when the network is ready.
func (n *Network) URL() string { return n.url }

// ServeHTTP serves the whole port: nodes by the start of the path or by host name, the network's own
// interface under /sim/v1, and pages.
func (n *Network) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	kind, name := nodeOf(r.URL.Path)
	kme, byHost := kmeOf(r)
	if byHost {
		kind, name = string(node.KindClient), kme
	}
	if kind != string(node.KindHub) && kind != string(node.KindClient) {
		n.router.ServeHTTP(w, r)
		return
	}
	p := n.byPath[kind+"/"+name]
	if p == nil {
		node.WriteError(w, node.NotFound(kind, name))
		return
	}
	if byHost {
		p.serveKME(w, r)
		return
	}
	p.ServeHTTP(w, r)
}

// nodeOf returns the first two segments of a path.
func nodeOf(path string) (kind, name string) {
	kind, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	name, _, _ = strings.Cut(rest, "/")
	return kind, name
}

// Start fills the place of a node, for example hub/hank, with a fresh one. A node that is running is left alone.
// If the node is just stopping, Start waits for that, for as long as ctx lasts.
func (n *Network) Start(ctx context.Context, name string) error {
	p, err := n.place(name)
	if err != nil {
		return err
	}
	return p.start(ctx)
}

// Stop empties the place of a node when its requests under way are done. A client first unregisters from its hubs.
// A node that is stopped is left alone. If ctx ends before the node has stopped, Stop fails, and the node stops
// all the same.
func (n *Network) Stop(ctx context.Context, name string) error {
	p, err := n.place(name)
	if err != nil {
		return err
	}
	return p.stop(ctx)
}

// Leak returns the secrets of a hub, such as hub/hank, that is running in this process: what somebody finds who
// breaks into it. It is for experiments.
func (n *Network) Leak(name string) (hub.Leak, error) {
	p, err := n.place(name)
	if err != nil {
		return hub.Leak{}, err
	}
	switch m := p.member().(type) {
	case nil:
		return hub.Leak{}, node.Stopped(p.kind, p.name)
	case interface{ Leak() hub.Leak }:
		return m.Leak(), nil
	default:
		return hub.Leak{}, fmt.Errorf("%s is not a hub of this process", name)
	}
}

func (n *Network) place(name string) (*place, error) {
	p := n.byPath[name]
	if p == nil {
		return nil, fmt.Errorf("%w: %s", ErrNoSuchNode, name)
	}
	return p, nil
}
