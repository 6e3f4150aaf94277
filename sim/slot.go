package sim

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"dske/node"
	"dske/node/client"
	"dske/node/hub"
	"dske/protocol"
	"dske/sim/topology"
)

// stopTimeout bounds the time that a client takes to unregister when it is asked to stop over its
// management interface.
const stopTimeout = 2 * time.Second

// slot is the place of a node in the network. It outlives the nodes that fill it one after the other.
type slot struct {
	network *Network
	kind    node.Kind
	name    string
	client  *topology.Client // nil for a hub
	token   string           // of a client, for all of its lives
	kmeURL  string           // of a client's own port, if it has one; set before any node runs

	lies atomic.Bool  // of a hub: it alters the shares that it hands out
	lied atomic.Int64 // how often it did

	hubCounters    hub.Counters    // of all the hubs that filled the slot
	clientCounters client.Counters // or clients

	change sync.Mutex // held while the node is being started or stopped

	mu       sync.RWMutex
	occupant *occupant // nil: the slot is empty
}

// occupant is a running node.
type occupant struct {
	handler  http.Handler
	client   *client.Client // nil for a hub
	hub      *hub.Hub       // nil for a client
	requests sync.WaitGroup
	cancel   context.CancelFunc
	done     chan struct{} // closed when its Run has returned
}

// runner is what the slot needs from a node.
type runner interface {
	Handler() http.Handler
	Run(ctx context.Context) error
}

// ServeHTTP passes a request to the node, or says that there is none.
func (s *slot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.RLock()
	o := s.occupant
	if o != nil {
		o.requests.Add(1)
	}
	s.mu.RUnlock()
	if o == nil {
		node.WriteError(w, node.Stopped(s.kind, s.name))
		return
	}
	defer o.requests.Done()
	o.handler.ServeHTTP(w, r)
}

func (s *slot) isRunning() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.occupant != nil
}

func (s *slot) runningClient() *client.Client {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.occupant == nil {
		return nil
	}
	return s.occupant.client
}

func (s *slot) runningHub() *hub.Hub {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.occupant == nil {
		return nil
	}
	return s.occupant.hub
}

// start fills the slot.
func (s *slot) start() error {
	s.change.Lock()
	defer s.change.Unlock()
	if s.isRunning() {
		return nil
	}
	running := s.network.running
	if running == nil || running.Err() != nil {
		return errors.New("the network is not running")
	}
	n, err := s.newNode()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(running)
	o := &occupant{handler: n.Handler(), cancel: cancel, done: make(chan struct{})}
	o.client, _ = n.(*client.Client)
	o.hub, _ = n.(*hub.Hub)
	s.network.tasks.Go(func() {
		defer close(o.done)
		n.Run(ctx)
	})
	if o.client != nil {
		<-o.client.Started()
	}
	s.mu.Lock()
	s.occupant = o
	s.mu.Unlock()
	s.network.config.Logger.Info("started", "node", s.path())
	return nil
}

// stop empties the slot, after the node has unregistered.
func (s *slot) stop(ctx context.Context) {
	if c := s.runningClient(); c != nil {
		c.Unregister(ctx)
	}
	s.halt()
}

// halt empties the slot.
func (s *slot) halt() {
	s.change.Lock()
	defer s.change.Unlock()
	s.mu.Lock()
	o := s.occupant
	s.occupant = nil
	s.mu.Unlock()
	if o == nil {
		return
	}
	o.requests.Wait()
	o.cancel()
	<-o.done
	s.network.config.Logger.Info("stopped", "node", s.path())
}

// stopSoon stops the node without waiting, since it is the node itself that asks for it.
func (s *slot) stopSoon() {
	s.network.tasks.Go(func() {
		ctx, cancel := context.WithTimeout(s.network.running, stopTimeout)
		defer cancel()
		s.stop(ctx)
	})
}

func (s *slot) path() string { return string(s.kind) + "/" + s.name }

func (s *slot) newNode() (runner, error) {
	config := s.network.config
	log := config.Logger.With(string(s.kind), s.name)
	var random node.Random
	if s.network.seeds != nil {
		random = s.network.seeds.random(s.path())
	}
	if s.kind == node.KindHub {
		limit := 0
		if s.network.suite == protocol.ITS {
			limit = maxFailures
		}
		return hub.New(hub.Config{
			Name:        s.name,
			Suite:       s.network.suite,
			MaxFailures: limit,
			ShareTTL:    config.ShareTTL,
			Random:      random,
			Logger:      log,
			Stop:        s.stopSoon,
			Alter:       s.alter,
			Counters:    &s.hubCounters,
			Observer:    s.observer,
		})
	}
	t := config.Topology
	return client.New(client.Config{
		Name:       s.name,
		Encryptors: s.encryptors(),
		Systems:    s.network.systems,
		Hubs:       s.hubs(),
		Threshold:  t.Threshold,
		Token:      s.token,
		PSRD:       client.PSRD(t.PSRD),

		Suite:        s.network.suite,
		KeysFromPSRD: t.KeySource == topology.KeysFromPSRD,

		HubTimeout: config.HubTimeout,
		KeyTTL:     config.ShareTTL,

		RequestTimeout: config.RequestTimeout,

		Transport: s.network.wire.Transport(s.path()),
		Random:    random,
		Logger:    log,
		Stop:      s.stopSoon,
		Counters:  &s.clientCounters,
		Observer:  s.observer,
	})
}

// alter inverts the share that a lying hub hands out.
func (s *slot) alter(share []byte) {
	if !s.lies.Load() {
		return
	}
	s.lied.Add(1)
	// Every hub lies in its own way: lies that are alike can cancel out in a reconstruction.
	lie := sha256.Sum256([]byte(s.name))
	for i := range share {
		share[i] ^= lie[i%len(lie)]
	}
}

func (s *slot) encryptors() []string {
	var names []string
	for _, e := range s.client.Encryptors {
		names = append(names, e.Name)
	}
	return names
}

func (s *slot) hubs() []client.Hub {
	var hubs []client.Hub
	for _, name := range s.client.Hubs {
		hubs = append(hubs, client.Hub{Name: name, URL: s.network.url + node.Prefix(node.KindHub, name)})
	}
	return hubs
}
