// Package sim runs a whole DSKE network in one process: every hub and every client of a topology,
// behind one port, each under its own path prefix (/hub/NAME, /client/NAME).
//
// A [Network] is made by [New] and runs in [Network.Run]. Its nodes reach each other through the
// network's transport: [Loopback] is real HTTP through the port, visible to curl and Wireshark, and
// [Memory] calls the same handlers directly. Single nodes can be stopped and started; without
// [Config].Data a stopped node starts again without its state. [Remote] drives a network from
// another process.
//
// The network owns ports and places. A place is filled by one node after the other, and keeps what
// outlives them. The network uses its node only through an interface. The place of a node that runs
// in another process stays empty: the network asks that node where it runs. Between the nodes is
// the [wire.Wire] of [Network.Wire], where messages are watched, lost, delayed and intercepted. The
// nodes know nothing of experiments: a hub lies because sim wraps it.
//
// A network that is made and runs in a bubble of package virtual says so in its [Config]. With a
// seed, two runs of it send the same bytes.
package sim

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"dske/node"
	"dske/node/client"
	"dske/protocol"
	"dske/sim/audit"
	"dske/sim/texts"
	"dske/sim/wire"
)

// maxPending is approximately how many associations are set up at the same time when a network
// starts.
const maxPending = 256

// Network is a network of hubs and clients.
type Network struct {
	config    Config
	suite     protocol.Suite
	seeds     *seeds // nil: crypto/rand
	hubs      []*hubPlace
	perClient []clientPlace   // by number; those of external clients are not used
	disk      *disk           // state of the network itself; without Data that of all nodes too: it stores nothing
	byPath    *node.Index     // of the places
	paths     texts.Texts     // of the places
	systems   []string        // names of the clients
	routes    *client.Routes  // of the clients in this process
	known     []client.Hub    // the hubs, as all clients know them; set before any node runs
	directory *node.Directory // clients and encryptors that the nodes serve; set before any of them runs
	router    *node.Router    // routes that do not belong to a node
	wire      *wire.Wire
	requests  wire.Watchers[func(Request)]
	refusals  wire.Watchers[func(Refusal)]
	findings  wire.Watchers[func(Finding)]
	bulk      *node.Bulk                        // limit on bulk work, shared by all nodes; nil in virtual time
	workers   node.Workers                      // of all clients
	auditor   *audit.Auditor                    // nil: none
	tls       *tls.Config                       // nil: plain HTTP
	identity  func(*tls.ConnectionState) string // of clients by their certificates; nil: there are none
	front     front                             // identifies callers behind a TLS proxy; nil: no TLS
	shown     map[string]*tls.Config            // certificates that clients, such as client/carol, show to hubs
	isPart    bool                              // some nodes run in other processes
	onDemand  bool                              // each client sleeps until its first request
	process   string                            // name of this process among those of the network
	teller    teller                            // reports messages to other processes
	followed  followed                          // the other processes
	abroad    abroad                            // transports to nodes that run elsewhere
	trusted   string                            // common name of the authority that the ports trust
	chances   uint64                            // seed of all random choices
	mishapsMu sync.Mutex
	mishaps   []string

	ports      []port
	began      time.Time     // set before any node runs
	started    chan struct{} // closed when Run has started every node
	url        string        // set before started is closed
	viewersURL string        // likewise
	visits     underway      // requests of the router under way
	running    context.Context
	sleeping   sleeping // the member in all places of sleeping clients
	tasks      sync.WaitGroup
}

// New returns a network that is not running.
func New(config Config) (*Network, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	suite := config.Suite
	if suite == nil {
		var err error
		if suite, err = protocol.SuiteNamed(config.Topology.Suite); err != nil {
			return nil, err
		}
	}
	n := &Network{config: config, suite: suite, sleeping: newSleeping(), disk: &disk{}, started: make(chan struct{})}
	if !config.Virtual {
		n.bulk = node.NewBulk()
	}
	n.config.Logger = slog.New(overheard{config.Logger.Handler(), n})
	if config.Seed != nil {
		n.seeds = &seeds{seed: *config.Seed, uses: map[string]int64{}, kept: map[string]int64{}}
	}
	n.chances = rand64(config.Seed)
	n.isPart = len(config.Topology.Elsewhere()) > 0
	n.process, n.teller.network = rand.Text(), n
	n.followed = followed{turn: make(chan struct{}, 1), next: map[string]int{}}
	n.onDemand = clientsSleep(config.Topology) && !n.IsDurable() // a disk may hold state to continue with
	n.addPlaces()
	if err := n.loadTLS(); err != nil {
		return nil, err
	}
	secure, err := n.clientTLS()
	if err != nil {
		return nil, err
	}
	n.abroad = newAbroad(secure, n.shown)
	if err := n.showAsEncryptors(); err != nil {
		return nil, err
	}
	n.wire, err = wire.New(wire.Config{
		Transport: config.Transport,
		Handler:   n,
		TLS:       secure,
		Shows:     func(from string) *tls.Config { return n.shown[from] },
		Parties:   n.parties,
		Seed:      n.chances,
		Links:     config.Topology.Lines(),
		Virtual:   config.Virtual,
		Fresh:     node.IdleTimeout / 2, // well before the port closes it
		Couriers:  config.Topology.PSRD.Courier != nil,
		Context:   newVisit,
		Elsewhere: n.carrier(),
	})
	if err != nil {
		return nil, err
	}
	if config.Audit {
		n.auditor = audit.New(suite.Name())
	}
	n.router, n.routes = n.newRouter(), client.NewRoutes(n.config.Logger)
	if config.Pages != nil {
		config.Pages(n, n.router.Echo)
	}
	return n, nil
}

// Wire returns the wire between the nodes, where messages are watched, lost, delayed and
// intercepted.
func (n *Network) Wire() *wire.Wire { return n.wire }

// parties yields all possible senders and receivers of messages: the nodes, such as hub/hank, and
// the encryptors, such as sae/sam.
func (n *Network) parties(yield func(string) bool) {
	for _, p := range n.places {
		if !yield(p.path()) {
			return
		}
	}
	for _, c := range n.clients {
		for _, sae := range c.encryptors() {
			if !yield("sae/" + sae) {
				return
			}
		}
	}
}

// Run opens the ports, starts every node and serves until ctx ends; it then stops everything and
// returns nil. It can be called once.
func (n *Network) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	n.running, n.began = ctx, time.Now()
	defer n.workers.Close()
	defer n.tellUnclosed()
	if err := n.openData(); err != nil {
		return err
	}
	if err := n.openPorts(ctx); err != nil {
		return err
	}
	if err := n.enrol(); err != nil {
		n.closePorts()
		return err
	}
	for _, h := range n.hubs {
		n.known = append(n.known, h.asKnown())
	}
	failed := make(chan error, len(n.ports)+len(n.config.Streams))
	n.serve(failed)
	defer n.shutDown()
	couriers, err := n.packCouriers()
	if err != nil {
		return err
	}
	n.learnFaults(ctx) // the port is open: what is added from now on comes by itself
	n.tasks.Go(func() { n.sendCouriers(ctx, couriers) })
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

// tellUnclosed closes the stores that are still open, and logs an error.
func (n *Network) tellUnclosed() {
	if err := n.closeData(); err != nil {
		n.config.Logger.Error("some state could not be stored", "error", err)
	}
}

// startAll starts every node. It starts clients at a rate at which those that are not ready yet do
// not delay each other.
func (n *Network) startAll(ctx context.Context) error {
	window := make(chan struct{}, max(1, maxPending/len(n.hubs)))
	for _, p := range n.places {
		if p.apart != nil {
			continue
		}
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

// shutDown stops the nodes, clients first, and then the ports. The context of Run has ended, which
// has cancelled the requests under way.
func (n *Network) shutDown() {
	n.visits.cut()
	for _, kind := range []node.Kind{node.KindClient, node.KindHub} {
		var stopped sync.WaitGroup
		for _, p := range n.places {
			switch {
			case p.kind() != kind:
			case p.isAsleep():
				p.halt()
			default:
				stopped.Go(p.halt)
			}
		}
		stopped.Wait()
	}
	n.wire.CloseIdle()
	n.abroad.closeIdle()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	n.shutDownPorts(ctx)
	n.tasks.Wait()
}

func (n *Network) isRunning() bool { return n.running != nil && n.running.Err() == nil }

// lifetime returns the context of the members. It fails with [protocol.ErrStopped] if the network
// is not running.
func (n *Network) lifetime() (context.Context, error) {
	if !n.isRunning() {
		return nil, fmt.Errorf("%w: the network is not running", protocol.ErrStopped)
	}
	return n.running, nil
}

// URL returns the base URL of the port. It is valid once the network is ready.
func (n *Network) URL() string { return n.url }
