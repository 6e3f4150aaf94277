// Package association is one client's end of its dealings with one hub. It registers, keeps the
// pools of pre-shared random data filled, and carries shares to the hub and back in signed
// messages.
//
// An [Association] mends itself: whatever needs the hub registers first if there is no session, and
// does so again, once, if it turns out that the hub has lost its state. In the background
// [Association.Maintain] does the same without being asked. Use it for one hub; what takes several,
// such as a key, is the client's.
//
// Out of band there is one request at a time. Whoever needs one stands in line, and is served in
// the order of arrival: it makes its reservation before the next one goes on, so that the order of
// arrival decides who gets which bytes. If the hub does not give what one of them asks for, those
// who stood in line by then have the same outcome and do not ask again. All methods may be called
// by several goroutines, and all that wait do so with a context.
//
// Errors that a hub answers with are a [node.Error], which wraps the sentinel that the hub means:
// errors.Is finds [protocol.ErrUnknownKey]. In a suite that has refusals signed this is so of
// signed ones only: they are facts. An answer in band that is not signed is a hint
// ([protocol.ErrUnsigned]): it makes an association ask the hub out of band, and only what the hub
// says there makes it register again or fetch PSRD. A hub that does not answer in time is a
// [context.DeadlineExceeded], and what is wrong with an answer a sentinel of package protocol or
// psrd. A message that was sent has spent what was reserved for it, whatever became of it; an
// answer without a right signature spends nothing of the hub's pool here.
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
	Encryptors []string       // IDs that the hubs are told, at least one
	Token      string         // what a hub binds the name to
	Suite      protocol.Suite // default protocol.ITS
	PSRD       PSRD
	Single     bool // every request has its own messages, also if others wait for the same

	Timeout   time.Duration // for one message, a large one taking longer; default [node.DefaultHubTimeout]
	Transport http.RoundTripper
	Tasks     *node.Tasks    // of the client
	Logger    *slog.Logger   // default: none
	Bulk      *node.Bulk     // of the process; default: none
	Counters  *node.Counters // of the client; default: their own

	// Couriers bring the PSRD, by the names of the hubs. Nil: it comes over the network, whenever
	// the pools need it.
	Couriers map[string]*Courier

	// ByHand says that PSRD comes in files, which [Association.Ingest] takes in, and that nothing
	// goes out of band. It needs a store, and a suite with sessions.
	ByHand bool

	Random node.Random // of the names of sessions; default crypto/rand

	// Store keeps the blocks and their marks over a crash; default: they are in memory.
	Store     *store.Store
	Confirmed func(protocol.DeliveredKeys) // called when a hub knows that keys were delivered; may be nil

	Alarm      *node.Alarm // is set to when Sweep will have something to do; default: nobody is woken
	Registered func()      // called by each association once, when its first session begins; may be nil
}

// Hub is a hub of the network.
type Hub struct {
	Name   string
	URL    string // its base, for example http://127.0.0.1:8100/hub/hank
	Python bool   // it is of the Python implementation
	Number int    // its place in the network's list of hubs, from 0, and no other's; in suite its the index of its shares
}

// PSRD says how a client stocks up, in bytes per pool. The zero value is the default.
type PSRD struct {
	BlockSize int // of a block; default 16384
	LowWater  int // below it, the pool is filled in the background; default 4096
	HighWater int // up to at least here; default 16384; with one more block, at most [protocol.MaxPoolSize]

	Lazy bool // leave the pools empty until the first message needs them
}

func (c *Config) validate() error {
	c.PSRD.BlockSize = cmp.Or(c.PSRD.BlockSize, protocol.DefaultBlockSize)
	c.PSRD.LowWater = cmp.Or(c.PSRD.LowWater, protocol.DefaultLowWater)
	c.PSRD.HighWater = cmp.Or(c.PSRD.HighWater, protocol.DefaultHighWater)
	if c.PSRD.BlockSize < 1 || c.PSRD.BlockSize > protocol.MaxBlockSize || c.PSRD.LowWater < 1 || c.PSRD.LowWater > c.PSRD.HighWater ||
		c.PSRD.HighWater > protocol.MaxPoolSize+1-c.PSRD.BlockSize { // the last block may reach so far
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
		c.Alarm = node.NewAlarm(0)
	}
	if c.Confirmed == nil {
		c.Confirmed = func(protocol.DeliveredKeys) {}
	}
	if c.Registered == nil {
		c.Registered = func() {}
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
	base    *url.URL // of the hub
	courier *Courier // nil: PSRD comes over the network

	line     node.Line    // see turn
	failures atomic.Int64 // of attempts in the line, ever
	failure  error        // of the last of them; whoever is at the head of the line may touch it
	doubt    doubt
	controls map[uuid.UUID]*protocol.Control // of files; whoever is at the head of the line may touch it
	warnings node.Warnings                   // of answers that are not believed

	mu      sync.Mutex
	session *session      // nil if there is none
	known   bool          // there has been a session
	ended   []ended       // sessions whose pools are still to be cleared
	heard   chan struct{} // closed when the hub is heard from; nil unless maintain waits for that

	deliveries *deliveries // that the hub is to be told of; nil: none

	confirms    atomic.Bool // whether the hub has to be told what was delivered
	confirmDue  atomic.Bool // whether it is time to
	maintaining atomic.Bool
	unsettled   atomic.Bool  // the hub may have started, so that a message of this session would be refused
	restarts    atomic.Int32 // how often to ask yet whether the hub, which is said to have started, knows the client
	outstanding atomic.Int32 // messages for keys that are under way, or wait to be

	posts trips[*posting]
	gets  trips[*getting]
}

// New returns an association that has not registered with its hub. The config, in which New sets
// the defaults, is shared by all the associations of a client, and must not be changed any more.
func New(config *Config, hub Hub) (*Association, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	base, err := url.Parse(hub.URL)
	if err != nil {
		return nil, fmt.Errorf("hub %s: %w", hub.Name, err)
	}
	a := &Association{config: config, hub: hub, base: base, line: node.NewLine(), controls: map[uuid.UUID]*protocol.Control{}}
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
