// Package client is a DSKE client: the key management entity (KME) that encryptors fetch their keys
// from. For one encryptor it makes a key and scatters its shares over the hubs; for the other one, at
// another client, it gathers shares until there are enough for the key.
//
// With every one of its hubs a client holds an association: it registers, and keeps two pools of
// pre-shared random data filled. A hub that is down, hangs, lies or has lost its state costs no more
// than its share: the client goes on with the other hubs and mends the association by itself.
package client

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"dske/etsi"
	"dske/etsi/skip"
	"dske/node"
	"dske/protocol"
)

// Config is what a client needs from outside. Name, Hubs, Threshold and Transport are required.
type Config struct {
	Name       string
	Encryptors []string // SAE IDs; none: one with the client's name
	Systems    []string // names of the clients to share keys with over SKIP; this one does not count; not changed
	Hubs       []Hub    // at least Threshold, at most 254
	Threshold  int      // shares that make a key, at least 2
	Token      string   // what hubs bind the name to; it has to outlive the process
	PSRD       PSRD

	Suite        protocol.Suite // default protocol.Python
	KeysFromPSRD bool           // keys are made of pads, without a source of random bytes; not with every suite

	HubTimeout     time.Duration // for one message to a hub, a large one taking longer; default 5 s
	RequestTimeout time.Duration // for a request of an encryptor; default 1 min
	KeyTTL         time.Duration // how long the shares of a failed gather are kept; default 1 h

	Transport http.RoundTripper // to the hubs
	Random    node.Random       // default crypto/rand
	Logger    *slog.Logger      // default: none
	Stop      func()            // called when the management interface asks the client to stop
	Counters  *Counters         // what it counts in; default: its own
	Observer  node.Observer     // who is told of its requests; default: nobody
}

// Hub is the name and the base URL of a hub, for example http://127.0.0.1:8100/hub/hank.
type Hub struct {
	Name string
	URL  string
}

// PSRD says how a client stocks up, in bytes per pool. The zero value is the default.
type PSRD struct {
	BlockSize int // of a block; default 16384
	LowWater  int // below it, the pool is filled in the background; default 4096
	HighWater int // up to at least here; default 16384

	Lazy bool // leave the pools of a hub empty until the first key needs them
}

func (c *Config) validate() error {
	if err := protocol.CheckName(c.Name); err != nil {
		return err
	}
	if len(c.Encryptors) == 0 {
		c.Encryptors = []string{c.Name}
	}
	for _, id := range c.Encryptors {
		if err := protocol.CheckSAE(id); err != nil {
			return err
		}
		if strings.HasPrefix(id, skip.SAE("")) {
			return fmt.Errorf("encryptor ID %q is one of SKIP", id)
		}
	}
	if c.Threshold < 2 || c.Threshold > len(c.Hubs) || len(c.Hubs) > protocol.MaxHubs {
		return fmt.Errorf("threshold %d of %d hubs is not in 2 <= k <= n <= %d", c.Threshold, len(c.Hubs), protocol.MaxHubs)
	}
	c.PSRD.BlockSize = cmp.Or(c.PSRD.BlockSize, protocol.DefaultBlockSize)
	c.PSRD.LowWater = cmp.Or(c.PSRD.LowWater, protocol.DefaultLowWater)
	c.PSRD.HighWater = cmp.Or(c.PSRD.HighWater, protocol.DefaultHighWater)
	if c.PSRD.BlockSize < 1 || c.PSRD.BlockSize > protocol.MaxBlockSize || c.PSRD.LowWater < 1 || c.PSRD.LowWater > c.PSRD.HighWater {
		return fmt.Errorf("PSRD sizes %+v do not fit", c.PSRD)
	}
	c.HubTimeout = cmp.Or(c.HubTimeout, 5*time.Second)
	c.RequestTimeout = cmp.Or(c.RequestTimeout, time.Minute)
	c.KeyTTL = cmp.Or(c.KeyTTL, time.Hour)
	if c.Suite == nil {
		c.Suite = protocol.Python
	}
	if _, _, err := c.Suite.FromPads(nil, 1, c.Threshold, len(c.Hubs)); c.KeysFromPSRD && errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	if c.Counters == nil {
		c.Counters = &Counters{}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Transport == nil {
		return errors.New("no transport to the hubs")
	}
	return nil
}

// Client is a client. It implements [etsi.KME].
type Client struct {
	config  Config   // its Encryptors are those that hubs are told: saes, and the one of SKIP
	saes    []string // that fetch keys over ETSI GS QKD 014
	handler http.Handler
	hubs    []*peerHub
	random  io.Reader // of keys, key IDs and shares

	started chan struct{} // closed when Run has begun
	ready   chan struct{} // closed when every hub has been registered with
	waiting atomic.Int32  // hubs that have never been registered with

	clients sync.Map // of encryptor ID to the name of its client, as hubs have told

	mu      sync.Mutex
	running context.Context // of Run; nil before it
	tasks   sync.WaitGroup  // goroutines that outlive the request that they were started for
	work    work            // the tasks that are busy
	gathers map[gatherID]*gather
}

var _ etsi.KME = (*Client)(nil)

// API is the OpenAPI description of clients, in JSON. Its {prefix} stands for the start of the path of one.
//
//go:embed openapi.json
var API string

// New returns a client that has not registered with its hubs.
func New(config Config) (*Client, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	saes := config.Encryptors
	config.Encryptors = append(slices.Clone(saes), skip.SAE(config.Name))
	c := &Client{
		config:  config,
		saes:    saes,
		random:  config.Random.For("keys"),
		started: make(chan struct{}),
		ready:   make(chan struct{}),
		gathers: map[gatherID]*gather{},
	}
	for _, h := range config.Hubs {
		c.hubs = append(c.hubs, newPeerHub(c, h))
	}
	c.waiting.Store(int32(len(c.hubs)))
	router := node.NewRouter(config.Logger, config.Observer)
	group := router.Group(node.Prefix(node.KindClient, config.Name))
	node.Management{
		Kind:   node.KindClient,
		Name:   config.Name,
		Status: func() any { return c.Inspect() },
		Stop:   config.Stop,
		API:    API,
	}.Mount(group)
	etsi.Register(group.Group("/etsi"), c, config.Logger)
	skip.Register(group.Group("/skip"), skip.Config{
		KME:       c,
		System:    config.Name,
		Remote:    config.Systems,
		Algorithm: "DSKE",
		Random:    config.Random.For("entropy"),
		Logger:    config.Logger,
	})
	c.handler = router
	return c, nil
}

// Handler serves the client's URLs, all of which start with /client/NAME.
func (c *Client) Handler() http.Handler { return c.handler }

// Started is closed when Run has begun. Before that, requests for keys are refused.
func (c *Client) Started() <-chan struct{} { return c.started }

// Ready is closed when the client has registered with every hub and filled its pools.
func (c *Client) Ready() <-chan struct{} { return c.ready }

// Run registers with the hubs and keeps the pools filled until ctx ends. It then waits for its
// goroutines and returns nil. It can be called once.
func (c *Client) Run(ctx context.Context) error {
	c.mu.Lock()
	c.running = ctx
	c.mu.Unlock()
	close(c.started)
	for _, h := range c.hubs {
		h.maintain()
	}
	ticker := time.NewTicker(min(c.config.KeyTTL, node.SweepEvery))
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			c.tasks.Wait()
			return nil
		case <-ticker.C:
			c.sweep()
		}
	}
}

func (c *Client) sweep() {
	c.dropExpiredGathers()
	for _, h := range c.hubs {
		if s := h.current(); s != nil {
			s.channel.Peer.DropOvertaken(node.OvertakenAfter)
		}
	}
}

// lifetime returns the context of Run. It fails with [protocol.ErrStopped] if the client is not running. The
// caller holds c.mu.
func (c *Client) lifetime() (context.Context, error) {
	if c.running == nil || c.running.Err() != nil {
		return nil, protocol.ErrStopped
	}
	return c.running, nil
}

// start runs f as a task of the client, which Run waits for. Its context ends with Run. It fails with
// [protocol.ErrStopped] if the client is not running.
func (c *Client) start(f func(ctx context.Context)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	ctx, err := c.lifetime()
	if err != nil {
		return err
	}
	c.work.begin()
	c.tasks.Go(func() {
		defer c.work.end()
		growStack()
		f(ctx)
	})
	return nil
}

// growStack makes room on the stack of a goroutine in one go. A message to a hub needs this much, and
// otherwise the stack would grow, and be copied, three times on the way down to the socket.
//
//go:noinline
func growStack() {
	var room [12 << 10]byte
	runtime.KeepAlive(&room)
}

// Unregister tells the hubs that the client stops for good or for a while. It may take until ctx
// ends; a hub that cannot be told does not matter.
func (c *Client) Unregister(ctx context.Context) {
	var done sync.WaitGroup
	for _, h := range c.hubs {
		done.Go(func() {
			if err := h.unregister(ctx); err != nil {
				c.config.Logger.Info("could not unregister", "hub", h.Name, "error", err)
			}
		})
	}
	done.Wait()
}

// Encryptors implements [etsi.KME].
func (c *Client) Encryptors() []string { return slices.Clone(c.saes) }
