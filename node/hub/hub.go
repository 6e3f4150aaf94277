// Package hub is a DSKE hub: it hands pre-shared random data to clients, takes a share of a key
// from the client that makes it, and relays the share to the client that the key is for. A hub sees
// one share of every key and so learns nothing of it.
package hub

import (
	"cmp"
	"context"
	"crypto/tls"
	_ "embed"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"dske/node"
	"dske/node/store"
	"dske/protocol"
)

// Config is what a hub needs from outside. Only Name is required.
type Config struct {
	Name       string
	Number     int               // its position in the network's list of hubs, from 0; in suite its also the index of its shares
	Suite      protocol.Suite    // default protocol.ITS
	Directory  *node.Directory   // the clients that it serves; default: none
	Transport  http.RoundTripper // to the clients, for Announce; default: none, so that they cannot be reached
	ShareTTL   time.Duration     // how long a share waits to be fetched; default 1 h
	HubTimeout time.Duration     // how long clients wait for an answer, the same for all; default [node.DefaultHubTimeout]
	Random     node.Random       // default crypto/rand
	Logger     *slog.Logger      // default: none
	Stop       func()            // called when the management interface asks the hub to stop
	Counters   *Counters         // where the hub counts; default: its own
	Bulk       *node.Bulk        // shared by the process; default: none
	Observer   node.Observer     // is told of the hub's requests; default: nobody

	// Certified returns the client whose certificate was shown on a connection, or "" if none was.
	// Its argument is nil where there is no TLS. Default: there are no certificates.
	Certified func(*tls.ConnectionState) string

	// Store keeps the state of the hub over a crash. The caller opens it, and closes it when Run
	// has returned. Default: all state is in memory and lost at the end.
	Store *store.Store

	// Files says whether PSRD comes in files. Default: PSRD is fetched out of band.
	Files Files
}

func (c *Config) validate() error {
	c.ShareTTL = cmp.Or(c.ShareTTL, time.Hour)
	c.HubTimeout = cmp.Or(c.HubTimeout, node.DefaultHubTimeout)
	if c.Suite == nil {
		c.Suite = protocol.ITS
	}
	if c.Certified == nil {
		c.Certified = func(*tls.ConnectionState) string { return "" }
	}
	if c.Counters == nil {
		c.Counters = &Counters{}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.ShareTTL < 0 || c.HubTimeout < 0 {
		return errors.New("a time to live or to wait is negative")
	}
	if c.Number < 0 || c.Number > protocol.MaxShareIndex {
		return fmt.Errorf("the number of the hub, %d, is not in 0..%d", c.Number, protocol.MaxShareIndex)
	}
	if err := c.Files.validate(c); err != nil {
		return err
	}
	return protocol.CheckName(c.Name)
}

// Hub is a hub. Its state is in memory and, if it has a store, also on disk.
type Hub struct {
	config  Config
	handler http.Handler
	journal journal
	shares  *shareStore
	lines   [16]node.Line // see enterLine
	alarm   *node.Alarm   // rings when a share expires or a block can be given up
	due     chan struct{} // receives its rings

	warnings node.Warnings // about messages that are refused
	watched  watched
	seed     maphash.Seed // see requestID

	registrationAnswer []byte // the same for every client

	mu        sync.Mutex
	clients   map[string]*peerClient
	owners    map[string]string     // by encryptor that is not in the directory: the name of its client
	forgeries map[string]*forgeries // by client; only of those with any

	controls map[controlKey]*protocol.Control // for messages about marks; see control
}

// New checks config and returns a hub with the state in its store, or without clients if it has no
// store.
func New(config Config) (*Hub, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	due := make(chan struct{}, 1)
	alarm := node.NewAlarm(config.ShareTTL, func() {
		select {
		case due <- struct{}{}:
		default: // the last ring was not received yet; it counts for both
		}
	})
	journal, err := newJournal(config, alarm)
	if err != nil {
		return nil, err
	}
	h := &Hub{
		config:  config,
		journal: journal,
		shares:  newShareStore(config.Suite, config.ShareTTL, alarm, journal),
		alarm:   alarm,
		due:     due,
		seed:    maphash.MakeSeed(),
		watched: watched{due: map[*peerClient]time.Time{}},

		clients:   map[string]*peerClient{},
		owners:    map[string]string{},
		forgeries: map[string]*forgeries{},

		controls: map[controlKey]*protocol.Control{},
	}
	h.shares.isStranger = h.isStranger
	for i := range h.lines {
		h.lines[i] = node.NewLine()
	}
	if h.registrationAnswer, err = h.newRegistrationAnswer(); err != nil {
		return nil, err
	}
	if err := h.recall(); err != nil {
		return nil, err
	}
	router := node.NewRouter(config.Logger, config.Observer)
	h.mount(router.Group(node.Prefix(node.KindHub, config.Name)))
	h.handler = router
	return h, nil
}

// recall loads the state from the store. Clients have empty pools until they resume; in a suite
// without sessions they must register again.
func (h *Hub) recall() error {
	if h.byHand() {
		if err := h.journal.dropOrphans(); err != nil {
			return err
		}
	}
	for _, r := range h.journal.registrations() {
		p := newPeerClient(protocol.Registration{ClientName: r.Client, EncryptorNames: r.Encryptors}, string(r.Token.Reveal()), h.config.Suite)
		h.config.Counters.Watch(p.channel.PeerPools(), p.channel.OwnPools())
		if !r.Registered || !h.journal.hasSessions() {
			p.registered = false
		}
		h.bind(p, nil)
	}
	kept, err := h.journal.shares()
	if err != nil {
		return err
	}
	h.shares.recall(kept)
	return nil
}

// API is the OpenAPI description of hubs, in JSON. Its {prefix} stands for the path prefix of one
// hub.
//
//go:embed openapi.json
var API string

// filesAPI holds the differences for hubs that issue PSRD in files.
//
//go:embed openapi_files.json
var filesAPI string

func (h *Hub) mount(g *echo.Group) {
	if h.byHand() {
		h.mountByHand(g)
	} else {
		h.mountOutOfBand(g)
	}
	g.POST(protocol.PathKeyShare, h.postKeyShare)
	g.GET(protocol.PathKeyShare, h.getKeyShare)
	g.POST(protocol.PathKeyShares, h.postKeyShares)
	g.GET(protocol.PathKeyShares, h.getKeyShares)
	node.MountManagement(g, func(*http.Request) node.Management {
		return node.Management{
			Kind:   node.KindHub,
			Name:   h.config.Name,
			Status: func() any { return h.Inspect() },
			Stop:   h.config.Stop,
			API:    h.api(),
		}
	})
}

// api describes this hub.
func (h *Hub) api() string {
	if h.byHand() {
		return node.WithFiles(API, filesAPI)
	}
	return API
}

// mountOutOfBand adds the routes that stand for couriers and for manual work by the operator.
func (h *Hub) mountOutOfBand(g *echo.Group) {
	g.PUT(protocol.PathRegistration, h.putRegistration)
	g.GET(protocol.PathRegistration, h.getRegistration)
	g.DELETE(protocol.PathRegistration, h.deleteRegistration)
	g.GET(protocol.PathPSRD, h.getPSRD)
	g.PUT(protocol.PathMarks, h.putMarks)
	g.GET(protocol.PathEncryptors+"/:name", h.getEncryptor)
}

// Handler serves the hub's URLs, all of which start with /hub/NAME.
func (h *Hub) Handler() http.Handler { return h.handler }

// Run forgets expired shares, old answers and abandoned blocks until ctx ends, and then returns
// nil.
func (h *Hub) Run(ctx context.Context) error {
	defer h.alarm.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-h.due:
			h.sweep()
		}
	}
}

func (h *Hub) sweep() {
	n, next, err := h.shares.dropExpired()
	if err == nil {
		err = h.journal.tidy()
	}
	if err != nil {
		h.config.Logger.Warn("could not forget expired records on disk", "error", err)
		next = time.Now() // the alarm waits for its pause first
	}
	if n > 0 {
		h.config.Logger.Info("shares expired", "count", n)
	}
	h.alarm.By(next)
	h.alarm.By(h.journal.due())
	h.sweepClients()
}
