// Package client is a DSKE client: the key management entity (KME) that encryptors fetch their keys
// from. For one encryptor it makes a key and scatters its shares over the hubs. For the peer
// encryptor at another client it gathers shares until there are enough to reconstruct the key.
//
// A client has an association with each of its hubs; package association implements it. A hub that
// is down, hangs, lies or has lost its state costs no more than its share: the client goes on with
// the other hubs, and the association recovers by itself. ask.go asks all hubs at once and counts
// their answers.
//
// New checks a [Config] and starts nothing. Run does the work in the background until its context
// ends, and Handler serves the encryptors over HTTP. The methods of [etsi.KME] do the same without
// HTTP. They fail with an [etsi.Error]: 503 if too few hubs gave or took a share, with the cause
// for each hub; 400 for a key that is unknown, for a slave that no client serves, and for the other
// cases in the standard. A request whose context ends before the answer is there fails with the
// error of the context. A failure loses no key: a slave can ask again until the shares expire.
package client

import (
	"context"
	_ "embed"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"dske/etsi"
	"dske/etsi/skip"
	"dske/node"
	"dske/node/client/association"
)

// Client is a client. It implements [etsi.KME].
type Client struct {
	config  Config   // its Encryptors are those that the hubs are told: saes, and the client's own one for SKIP
	saes    []string // encryptors that fetch keys over ETSI GS QKD 014
	hubs    []*association.Association
	random  io.Reader // of keys and shares
	ids     io.Reader // of key IDs
	entropy io.Reader // handed to encryptors

	searches io.Reader // of searches for keys

	started chan struct{} // closed when Run has begun
	ready   chan struct{} // closed when every hub has been registered with
	waiting atomic.Int32  // hubs that have never been registered with

	making   making
	scatters node.Trips[wanted, *scattering]
	habits   habits
	unknown  *unknown

	places sync.Map // encryptor ID to place, as the hubs said

	tasks   node.Tasks
	alarm   *node.Alarm // fires when a gather expires or a block can be given up
	mu      sync.Mutex
	gathers map[gatherID]*gather

	suspectsMu sync.Mutex
	suspects   map[string][]int // by master: the hubs whose shares were at odds with its last key
}

var _ etsi.KME = (*Client)(nil)

// API is the OpenAPI description of clients, in JSON. Its {prefix} stands for the path prefix of
// one client.
//
//go:embed openapi.json
var API string

// filesAPI holds the differences for clients that get PSRD in files.
//
//go:embed openapi_files.json
var filesAPI string

// New checks config and returns a client that has not registered with its hubs yet.
func New(config Config) (*Client, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	saes := config.Encryptors
	config.Encryptors = Registers(config.Name, saes)
	c := &Client{
		config:  config,
		saes:    saes,
		random:  config.Random.For("keys"),
		ids:     config.Random.For("key IDs"),
		entropy: config.Random.For("entropy"),

		searches: config.Random.For("search"),

		started: make(chan struct{}),
		ready:   make(chan struct{}),
		alarm:   node.NewAlarm(config.KeyTTL),
		gathers: map[gatherID]*gather{},
		making:  newMaking(),
		habits:  habits{late: make([]time.Duration, len(config.Hubs))},
		unknown: newUnknown(),

		suspects: map[string][]int{},
	}
	if err := c.associate(); err != nil {
		return nil, err
	}
	return c, nil
}

// Registers returns the IDs of the encryptors that a client registers with the hubs: those that
// fetch keys over ETSI GS QKD 014, and the client's own one for SKIP. A client without encryptors
// has one with the client's name.
func Registers(name string, saes []string) []string {
	if len(saes) == 0 {
		saes = []string{name}
	}
	return append(slices.Clone(saes), skip.SAE(name))
}

// associate makes the associations with the hubs.
func (c *Client) associate() error {
	c.waiting.Store(int32(len(c.config.Hubs)))
	if c.config.OnDemand {
		c.waiting.Store(0)
		close(c.ready)
	}
	config := &association.Config{
		Client:     c.config.Name,
		Encryptors: c.config.Encryptors,
		Token:      c.config.Token,
		Suite:      c.config.Suite,
		PSRD:       c.config.PSRD,
		Single:     c.config.Single,
		Couriers:   c.config.Couriers,
		ByHand:     c.config.Files != nil,
		Timeout:    c.config.HubTimeout,
		Transport:  c.config.Transport,
		Tasks:      &c.tasks,
		Logger:     c.config.Logger,
		Counters:   &c.config.Counters.Counters,
		Random:     c.config.Random,
		Store:      c.config.Store,
		Confirmed:  c.config.Delivered.noteConfirmed,
		Alarm:      c.alarm,
		Bulk:       c.config.Bulk,
		Registered: func() {
			if c.waiting.Add(-1) == 0 {
				close(c.ready)
			}
		},
	}
	for _, h := range c.config.Hubs {
		a, err := association.New(config, h)
		if err != nil {
			return err
		}
		c.hubs = append(c.hubs, a)
	}
	c.confirmAgain()
	return nil
}

// Handler serves the client's URLs, all of which start with /client/NAME.
func (c *Client) Handler() http.Handler { return http.HandlerFunc(c.serve) }

// Started is closed when Run has begun. Before that, requests for keys are refused.
func (c *Client) Started() <-chan struct{} { return c.started }

// Ready is closed when the client has registered with every hub and filled its pools. With OnDemand
// it is closed at once.
func (c *Client) Ready() <-chan struct{} { return c.ready }

// Run registers with the hubs, unless OnDemand is set, and keeps the pools filled until ctx ends.
// It then waits for its goroutines, clears all secrets and returns nil. It can be called once.
func (c *Client) Run(ctx context.Context) error {
	c.tasks.Panicked = func(reason any, stack []byte) {
		c.config.Logger.Error("panic", "reason", reason, "stack", string(stack))
	}
	c.tasks.Workers = c.config.Workers
	c.tasks.Open(ctx)
	close(c.started)
	if !c.config.OnDemand {
		for _, h := range c.hubs {
			h.Maintain()
		}
	}
	c.alarm.By(c.dropExpiredGathers())
	defer c.alarm.Stop()
	for c.alarm.Wait(ctx) == nil {
		c.sweep()
	}
	c.tasks.Wait()
	c.close()
	return nil
}

func (c *Client) sweep() {
	c.alarm.By(c.dropExpiredGathers())
	for _, h := range c.hubs {
		h.Sweep()
	}
}

// close clears the secrets that remain when the tasks have ended: shares, keys that were not
// delivered, and the pools.
func (c *Client) close() {
	c.mu.Lock()
	for id, g := range c.gathers {
		delete(c.gathers, id)
		g.mu.Lock()
		g.close()
		g.mu.Unlock()
	}
	c.mu.Unlock()
	for _, h := range c.hubs {
		h.Close()
	}
}

// Unregister tells the hubs that the client stops, for good or for a while. It may take until ctx
// ends; a hub that cannot be told is ignored. A client with a store tells no hub, since after a
// restart both ends go on with their state.
func (c *Client) Unregister(ctx context.Context) {
	if c.config.Store != nil {
		return
	}
	var done sync.WaitGroup
	for _, h := range c.hubs {
		done.Go(func() {
			if err := h.Unregister(ctx); err != nil {
				c.config.Logger.Info("could not unregister", "hub", h.Hub(), "error", err)
			}
		})
	}
	done.Wait()
}

// Encryptors implements [etsi.KME].
func (c *Client) Encryptors() []string { return slices.Clone(c.saes) }

// WaitIdle waits until the client has no background work, other than waiting before it tries a hub
// again.
func (c *Client) WaitIdle(ctx context.Context) error { return c.tasks.WaitIdle(ctx) }
