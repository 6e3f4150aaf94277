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
	Encryptors []string // SAE IDs; default: one with the client's name
	Systems    []string // names of the clients to share keys with over SKIP; this client's own name is ignored; not modified
	Hubs       []Hub    // at least Threshold, at most 254
	Threshold  int      // shares that make a key, at least 2: the network's, and the same for all its clients
	Token      string   // secret that hubs bind the name to; must stay the same over restarts of the process
	PSRD       PSRD
	OnDemand   bool                // register with the hubs at the first request for keys; the hubs must have the client in their directory
	Single     bool                // send separate messages to the hubs for every request; otherwise concurrent requests share messages
	Couriers   map[string]*Courier // who bring the PSRD, by name of the hub; nil: PSRD comes over the network

	// Directory says which client serves a slave, and which hubs that client uses. Nil: the client
	// asks the hubs, and believes what as many of them agree on as the threshold.
	Directory *node.Directory

	Suite        protocol.Suite // default protocol.ITS
	KeysFromPSRD bool           // make keys from pads, without a random source; not every suite can

	HubTimeout     time.Duration // for one message to a hub, more for a large one; default 5 s
	RequestTimeout time.Duration // for a request of an encryptor; default 1 min
	Strict         bool          // answer encryptors with nothing beyond the standard; see [etsi.Refusals]
	KeyTTL         time.Duration // how long the shares of a failed gather are kept; default 1 h

	Transport http.RoundTripper // to the hubs
	Random    node.Random       // default crypto/rand
	Logger    *slog.Logger      // default: none
	Stop      func()            // called when the management interface asks the client to stop
	Bulk      *node.Bulk        // shared by the process; default: none
	Workers   *node.Workers     // shared by the process; they run the client's tasks; default: a goroutine for each task
	Counters  *Counters         // where the client counts; default: its own
	Delivered *Delivered        // keys that earlier clients in the same place have delivered; default: none, or those in the store
	Observer  node.Observer     // is told of the client's requests; default: nobody
	Routes    *Routes           // shared by all clients of the process; default, and always with Files: its own

	// Store keeps the state of the client over a crash. The caller opens it, and closes it when Run
	// has returned. Default: all state is in memory and lost at the end.
	Store *store.Store

	// Files says that PSRD comes in files, which [Client.Ingest] takes in. It needs a store, a
	// directory, and a suite with sessions. Nil: PSRD comes over the network or by courier.
	Files *Files
}

// Hub is the name and the base URL of a hub.
type Hub = association.Hub

// Courier brings the PSRD of an association. It outlives the client.
type Courier = association.Courier

// PSRD says how a client stocks up with each hub.
type PSRD = association.PSRD

// encryptors returns those that fetch keys over ETSI GS QKD 014, and all that the hubs are told. The
// texts are those of the directory if they are there, so that they are kept once.
func (c *Config) encryptors() (saes, all []string) {
	all = c.Directory.Client(c.Name).Same(Registers(c.Name, c.Encryptors))
	own := len(all) - 1 // for SKIP
	return all[:own:own], all
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
	if c.KeysFromPSRD {
		if _, _, err := c.Suite.FromPads(nil, nil, 1, 1); errors.Is(err, errors.ErrUnsupported) {
			return err
		}
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
