package client

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"dske/etsi/skip"
	"dske/node"
	"dske/node/client/association"
	"dske/node/store"
	"dske/protocol"
)

// Config is what a client needs from outside. Name, Hubs, Threshold and Transport are required.
type Config struct {
	Name       string
	Encryptors []string // SAE IDs; none: one with the client's name
	Systems    []string // names of the clients to share keys with over SKIP; this one does not count; not changed
	Hubs       []Hub    // at least Threshold, at most 254
	Threshold  int      // shares that make a key, at least 2: the network's, and the same for all its clients
	Token      string   // what hubs bind the name to; it has to outlive the process
	PSRD       PSRD
	OnDemand   bool                // registers with the hubs when keys are first asked for; they have to know it from their directory
	Single     bool                // every request has its own messages to the hubs; otherwise those that meet share them
	Couriers   map[string]*Courier // that bring the PSRD, by the names of the hubs; nil: it comes over the network

	// Directory says who serves the slaves, and at which hubs. Nil: what as many hubs say alike as
	// make a key.
	Directory *node.Directory

	Suite        protocol.Suite // default protocol.ITS
	KeysFromPSRD bool           // keys are made of pads, without a source of random bytes; not with every suite

	HubTimeout     time.Duration // for one message to a hub, a large one taking longer; default 5 s
	RequestTimeout time.Duration // for a request of an encryptor; default 1 min
	Strict         bool          // encryptors get no word more than the standard has; see [etsi.Refusals]
	KeyTTL         time.Duration // how long the shares of a failed gather are kept; default 1 h

	Transport http.RoundTripper // to the hubs
	Random    node.Random       // default crypto/rand
	Logger    *slog.Logger      // default: none
	Stop      func()            // called when the management interface asks the client to stop
	Bulk      *node.Bulk        // of the process; default: none
	Workers   *node.Workers     // of the process, for its tasks; default: a goroutine for each
	Counters  *Counters         // what it counts in; default: its own
	Delivered *Delivered        // what clients in its place have delivered; default: nothing, or what is in the store
	Observer  node.Observer     // who is told of its requests; default: nobody
	Routes    *Routes           // of all clients of the process; default: its own, as with Files

	// Store keeps the state of the client over a crash. It is the caller's to open, and to close
	// when Run has returned. Default: all is in memory, and forgotten at the end.
	Store *store.Store

	// Files says that PSRD comes in files, which [Client.Ingest] takes in. It needs a store, a
	// directory, and a suite with sessions. Nil: it comes over the network, or by courier.
	Files *Files
}

// Hub is the name and the base URL of a hub.
type Hub = association.Hub

// Courier brings the PSRD of an association. It outlives the client.
type Courier = association.Courier

// PSRD says how a client stocks up with each hub.
type PSRD = association.PSRD

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
	numbers := map[int]bool{}
	for _, h := range c.Hubs {
		if h.Number < 0 || h.Number > protocol.MaxShareIndex || numbers[h.Number] {
			return fmt.Errorf("the number of hub %s, %d, is not in 0..%d or another's too", h.Name, h.Number, protocol.MaxShareIndex)
		}
		numbers[h.Number] = true
	}
	c.RequestTimeout = cmp.Or(c.RequestTimeout, time.Minute)
	c.KeyTTL = cmp.Or(c.KeyTTL, time.Hour)
	if c.Suite == nil {
		c.Suite = protocol.ITS
	}
	if _, _, err := c.Suite.FromPads(nil, nil, 1, 1); c.KeysFromPSRD && errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	if c.Counters == nil {
		c.Counters = &Counters{}
	}
	if c.Store != nil {
		c.Delivered = recallDelivered(c.Store, c.KeyTTL)
	}
	if c.Delivered == nil {
		c.Delivered = &Delivered{}
	}
	if c.Files != nil && c.Directory == nil {
		return errors.New("where PSRD comes in files a directory says who serves the slaves: hubs are not asked")
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Routes == nil || c.Files != nil {
		c.Routes = newRoutes(c.Logger, c.Files != nil)
	}
	return nil
}
