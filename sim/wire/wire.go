// Package wire carries the messages of a network: those between its nodes, and those of the
// encryptors.
//
// A [Wire] knows the handler of the nodes, the names of those who take part, and nothing else of
// the network. [Wire.Transport] is the wire as one sender sees it. On the way of a message there
// are, in this order:
//
//   - whoever has called [Wire.Intercept]: he takes messages into his hands, in both directions;
//   - the faults of [Wire.AddFault];
//   - the way itself, in transport.send, which is also that of messages that nobody looks at: over the link between
//     the two parties, if there is one.
//
// Taps and observers hear of a message when it has been answered: a tap of all that is in it, as
// the nodes themselves sent it, an observer of who sent what to whom, and how that ended. A message
// that nobody looks at is not read at all, if it has no link to take.
//
// In virtual time, in a bubble of testing/synctest, nothing depends on which of several goroutines
// was faster: what happens at the same instant happens in the order of names, and a node, as well
// as those who have messages in their hands, gets one message a nanosecond.
package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"dske/sim/fault"
)

// The transports: how messages reach the nodes.
const (
	Loopback = "loopback" // HTTP through the port
	Memory   = "memory"   // direct calls
)

// Config is what a wire needs. Transport and Handler are required.
type Config struct {
	Transport string        // Loopback or Memory
	Handler   http.Handler  // serves all nodes, each under /KIND/NAME
	TLS       *tls.Config   // with Loopback, to call the port with; nil: plain HTTP
	Shows     Shows         // with TLS; nil: everybody shows the same
	Fresh     time.Duration // with Loopback, how long a connection may have been idle to be used again; 0: for ever
	Parties   []string      // who takes part, such as hub/hank and sae/sam: those that faults can name
	Seed      uint64        // of what faults and links leave to chance
	Links     Links         // what is between the parties; nil: nothing
	Couriers  bool          // blocks of PSRD are carried by hand: no link and nobody between the nodes touches them
	Virtual   bool          // it is in a bubble of testing/synctest, for good, with Memory

	// Elsewhere returns what takes messages to a party that Handler does not serve, since it is in
	// another process; nil: it serves that one. Without it, it serves all.
	Elsewhere func(from, to string) http.RoundTripper
}

// Wire is what is between the nodes. Its methods may be called by several goroutines.
type Wire struct {
	parties  []string
	port     http.RoundTripper // the transport that was chosen
	own      ownPorts          // of senders that show a certificate of their own
	memory   http.RoundTripper
	away     func(from, to string) http.RoundTripper // nil: there is nobody elsewhere
	recorder recorder
	lines    lines
	virtual  bool
	couriers bool
	gate     *door // in front of those who have messages in their hands
	doors    doors // of those who get them

	attention atomic.Int32
	messages  atomic.Uint64 // that somebody has watched
	faults    fault.Set

	mu           sync.Mutex // held while the attention changes
	observers    Watchers[func(Event)]
	taps         Watchers[func(Message)]
	interceptors Watchers[Intercept]
}

// New returns a wire without faults that nobody watches.
func New(config Config) (*Wire, error) {
	if config.Handler == nil {
		return nil, errors.New("a wire that leads nowhere")
	}
	if config.Virtual && config.Transport != Memory {
		return nil, fmt.Errorf("virtual time needs the %s transport: a port is outside", Memory)
	}
	w := &Wire{parties: config.Parties, memory: memory{config.Handler}, away: config.Elsewhere, virtual: config.Virtual, couriers: config.Couriers}
	w.lines = lines{links: config.Links, seed: config.Seed, virtual: config.Virtual, known: map[[2]string]*line{}}
	w.gate, w.doors.known = newDoor(), map[string]*door{}
	w.faults.Seed = config.Seed
	switch config.Transport {
	case Memory:
		w.port = w.memory
	case Loopback:
		w.port = newLoopback(config.TLS, config.Fresh)
		w.own.shows, w.own.fresh = config.Shows, config.Fresh
	default:
		return nil, fmt.Errorf("transport %q is neither %s nor %s", config.Transport, Loopback, Memory)
	}
	return w, nil
}

// Transport returns the wire for a sender, such as client/carol.
func (w *Wire) Transport(from string) http.RoundTripper {
	return transport{w, from, w.own.of(from, w.port)}
}

// Direct is like [Wire.Transport], but past the port: it calls the nodes in this process. So a
// header says which encryptor is calling, also where everybody else needs a certificate for that.
func (w *Wire) Direct(from string) http.RoundTripper { return transport{w, from, w.memory} }

// CloseIdle closes the connections that no message is using.
func (w *Wire) CloseIdle() {
	w.own.closeIdle()
	if port, ok := w.port.(*loopback); ok {
		port.CloseIdleConnections()
	}
}

// AddFault puts a fault, such as drop to=hub/hank, on the wire, behind those that are there; see
// [fault.Parse]. It fails if the fault cannot be read, or names nobody who takes part.
func (w *Wire) AddFault(text string) error { return w.AddFaultAs("", text) }

// AddFaultAs is [Wire.AddFault] with an ID for the fault; see [fault.Set.AddAs].
func (w *Wire) AddFaultAs(id, text string) error {
	spec, err := fault.Parse(text)
	if err != nil {
		return err
	}
	for _, pattern := range spec.Patterns() {
		matches := func(party string) bool { return fault.Matches(pattern, party) }
		if !slices.ContainsFunc(w.parties, matches) {
			return fmt.Errorf("%s: there is no node or encryptor %s", text, pattern)
		}
	}
	if err := w.faults.AddAs(id, spec); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.update()
	return nil
}

// HasFaults reports whether there are faults.
func (w *Wire) HasFaults() bool { return w.attention.Load() == insiders && w.faults.Any() }

// Strike takes a request that came another way, from outside over a port, past the faults. It has
// [fault.ErrLost] or the error of ctx if the sender gets no answer.
func (w *Wire) Strike(ctx context.Context, r *Request, next Deliver) (Response, error) {
	return w.faults.Intercept(ctx, r, next)
}

// StrikesHandshake reports whether a fault wants a node to show a certificate that has expired in a
// handshake of TLS.
func (w *Wire) StrikesHandshake(to string) bool {
	return w.HasFaults() && w.faults.StrikesHandshake(to)
}

// Faults says what the faults are and how often each fired.
func (w *Wire) Faults() []fault.Status { return w.faults.Statuses() }

// RemoveFault ends the fault of an ID, and reports whether there was one.
func (w *Wire) RemoveFault(id string) bool {
	removed := w.faults.Remove(id)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.update()
	return removed
}

// EndFault ends the oldest fault of a text, as [Wire.AddFault] was given it, if there is one.
func (w *Wire) EndFault(text string) {
	for _, f := range w.Faults() {
		if f.Spec == text {
			w.RemoveFault(f.ID)
			return
		}
	}
}

// ClearFaults ends all faults. Messages that hang are lost, those that wait go on.
func (w *Wire) ClearFaults() {
	w.faults.Clear()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.update()
}

// byHand reports whether a message is one that couriers carry.
func (w *Wire) byHand(method, path string) bool {
	return w.couriers && KindOf(method, path) == KindPSRD
}

// IsControl reports whether a path is of the network's own interface, which is no part of the
// experiment.
func IsControl(path string) bool { return strings.HasPrefix(path, "/sim/") }
