// Package association is one client's end of its dealings with one hub. It registers, keeps the
// pools of pre-shared random data filled, and carries shares to the hub and back in signed
// messages.
//
// An [Association] recovers by itself: any operation that needs the hub registers first if there is
// no session, and registers again, once, if the hub turns out to have lost its state.
// [Association.Maintain] does the same in the background. An Association deals with one hub only;
// work that takes several hubs, such as making a key, is done by package client.
//
// Out of band there is one request at a time. Callers that need one wait in line and are served in
// the order of arrival: each makes its reservation before the next one continues, so that the order
// of arrival decides who gets which bytes. If the hub does not give what one of them asks for,
// those already in line get the same outcome and do not ask again. All methods are safe for
// concurrent use, and all that wait take a context.
//
// Errors that a hub answers with are a [node.Error], which wraps the sentinel that the hub means:
// errors.Is finds [protocol.ErrUnknownKey]. In a suite with signed refusals this holds for signed
// ones only: they are facts. An in-band answer that is not signed is a hint
// ([protocol.ErrUnsigned]): it makes an association ask the hub out of band, and only what the hub
// says there makes it register again or fetch PSRD. A hub that does not answer in time yields
// [context.DeadlineExceeded], and a bad answer a sentinel of package protocol or psrd. A message
// that was sent has spent its reservation, whatever became of it; an answer without a valid
// signature spends nothing of the local copy of the hub's pool.
package association

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"dske/node"
	"dske/node/store"
	"dske/protocol"
)

// Config is what the associations of a client have in common. Client, Encryptors, Transport and
// Tasks are required.
type Config struct {
	Client     string         // name of the client
	Encryptors []string       // IDs to register with the hubs, at least one
	Token      string         // secret that a hub binds the name to
	Suite      protocol.Suite // default protocol.ITS
	PSRD       PSRD
	Single     bool // send separate messages for every request, even if others wait for the same hub

	Timeout   time.Duration     // for one message, more for a large one; default [node.DefaultHubTimeout]
	Transport http.RoundTripper // must not change requests, as package http says: they share headers
	Tasks     *node.Tasks       // of the client
	Logger    *slog.Logger      // default: none
	Bulk      *node.Bulk        // shared by the process; default: none
	Counters  *node.Counters    // of the client; default: their own

	// Couriers bring the PSRD, by name of the hub. Nil: PSRD comes over the network whenever the
	// pools need it.
	Couriers map[string]*Courier

	// ByHand says that PSRD comes in files, which [Association.Ingest] takes in, and that the
	// client does nothing out of band. It needs a store, and a suite with sessions.
	ByHand bool

	Random node.Random // for session IDs; default crypto/rand

	// Store keeps the blocks and their marks over a crash. Default: they are in memory only.
	Store     *store.Store
	Confirmed func(protocol.DeliveredKeys) // called when a hub knows that keys were delivered; may be nil

	Alarm      *node.Alarm // is set for the time when Sweep will have work; default: none
	Registered func()      // called by each association once, when its first session begins; may be nil

	proof http.Header // of out-of-band requests without a body; made by New
}

// Hub is a hub of the network.
type Hub struct {
	Name   string
	URL    string // its base, for example http://127.0.0.1:8100/hub/hank
	Python bool   // the hub runs the Python implementation
	Number int    // its unique position in the network's list of hubs, from 0; in suite its also the index of its shares
}

// PSRD says how a client stocks up, in bytes per pool. The zero value is the default.
type PSRD struct {
	BlockSize int // size of a block; default 16384
	LowWater  int // below it, the pool is filled in the background; default 4096
	HighWater int // up to at least here; default 16384; with one more block, at most [protocol.MaxPoolSize]

	Lazy bool // leave each pool empty until the first message needs it
}

func (c *Config) validate() error {
	c.PSRD.BlockSize = cmp.Or(c.PSRD.BlockSize, protocol.DefaultBlockSize)
	c.PSRD.LowWater = cmp.Or(c.PSRD.LowWater, protocol.DefaultLowWater)
	c.PSRD.HighWater = cmp.Or(c.PSRD.HighWater, protocol.DefaultHighWater)
	if c.PSRD.BlockSize < 1 || c.PSRD.BlockSize > protocol.MaxBlockSize || c.PSRD.LowWater < 1 || c.PSRD.LowWater > c.PSRD.HighWater ||
		c.PSRD.HighWater > protocol.MaxPoolSize+1-c.PSRD.BlockSize { // the last block may exceed HighWater by up to BlockSize-1
		return fmt.Errorf("PSRD sizes %+v do not fit", c.PSRD)
	}
	c.Timeout = cmp.Or(c.Timeout, node.DefaultHubTimeout)
	if c.Suite == nil {
		c.Suite = protocol.ITS
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Counters == nil {
		c.Counters = &node.Counters{}
	}
	if c.Alarm == nil {
		c.Alarm = node.NewAlarm(0, func() {})
	}
	if c.Confirmed == nil {
		c.Confirmed = func(protocol.DeliveredKeys) {}
	}
	if c.Registered == nil {
		c.Registered = func() {}
	}
	if c.proof == nil {
		c.proof = http.Header{}
		node.SetHeader(c.proof, "Accept-Encoding", "identity", protocol.TokenHeader, c.Token)
	}
	if c.ByHand && (c.Store == nil || !c.Suite.Rules().Sessions || c.Couriers != nil) {
		return errors.New("PSRD comes in files only where it outlives a crash: with a store, in a suite that has sessions, and without couriers")
	}
	if c.Transport == nil || c.Tasks == nil || len(c.Encryptors) == 0 {
		return errors.New("an association needs a transport to its hub, tasks, and an encryptor")
	}
	return nil
}

// Association is one client's end of its dealings with one hub.
type Association struct {
	config  *Config
	hub     Hub
	base    url.URL  // of the hub
	courier *Courier // nil: PSRD comes over the network

	line     node.Line    // see turn
	failures atomic.Int64 // attempts in the line that failed
	failure  error        // the last of them; guarded by the head of the line
	doubt    doubt
	controls map[uuid.UUID]*protocol.Control // by file; nil: none; guarded by the head of the line
	warnings node.Warnings                   // about answers that are not believed

	mu      sync.Mutex
	session *session      // nil if there is none
	known   bool          // there has been a session
	ended   []ended       // sessions whose pools are still to be cleared
	heard   chan struct{} // closed when the hub answers; nil unless maintain waits for that

	deliveries *deliveries // to tell the hub of; nil: none

	confirms    atomic.Bool // the hub must be told what was delivered
	confirmDue  atomic.Bool // it is time to tell the hub
	maintaining atomic.Bool
	unsettled   atomic.Bool  // the hub may have started, so that a message of this session would be refused
	restarts    atomic.Int32 // how often to ask yet whether the hub, said to have started, still knows the client
	outstanding atomic.Int32 // messages about keys that are under way or waiting

	gets node.Trips[route, *getting]
}

// New returns an association that has not registered with its hub. New sets defaults in config. All
// associations of a client share the config, which must not be changed afterwards.
func New(config *Config, hub Hub) (*Association, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	base, err := url.Parse(hub.URL)
	if err != nil {
		return nil, fmt.Errorf("hub %s: %w", hub.Name, err)
	}
	a := &Association{config: config, hub: hub, base: *base, line: node.NewLine()}
	if config.Couriers != nil {
		if a.courier = config.Couriers[hub.Name]; a.courier == nil {
			return nil, fmt.Errorf("there is no courier from hub %s", hub.Name)
		}
		if config.Store != nil {
			for _, to := range a.supplies() {
				a.courier.recall(to, a.journal().takenBefore(to))
			}
		}
		a.courier.tell(a.Maintain)
	}
	a.confirms.Store(config.Store != nil)
	return a, nil
}

// Hub returns the name of the hub.
func (a *Association) Hub() string { return a.hub.Name }
