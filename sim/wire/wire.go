// Package wire carries the messages of a network: those between its nodes, and those of the
// encryptors.
//
// A [Wire] knows the handler of the nodes and the names of the parties, and nothing else of the
// network. [Wire.Transport] is the wire for one sender. A message passes, in this order:
//
//   - the interceptors of [Wire.Intercept], in both directions;
//   - the faults of [Wire.AddFault];
//   - the path itself, in transport.send, which is also that of messages that nobody watches: over
//     the link between the two parties, if there is one.
//
// Taps and observers are called when a message has been answered: a tap with the whole message, as
// the nodes themselves sent it, an observer with the sender, the receiver and the outcome. A
// message without tap, fault or link is not read at all.
//
// In virtual time, in a bubble of testing/synctest, nothing depends on the scheduling of
// goroutines: what happens at the same instant happens in the order of names, and each node, and
// the interceptors together, get one message per nanosecond.
package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"iter"
	"net/http"
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

// Config has the settings of a wire. Transport and Handler are required.
type Config struct {
	Transport string           // Loopback or Memory
	Handler   http.Handler     // serves all nodes, each under /KIND/NAME
	TLS       *tls.Config      // with Loopback: for calling the port; nil: plain HTTP
	Shows     Shows            // with TLS; nil: all senders show the same certificate
	Fresh     time.Duration    // with Loopback: how long a connection may be idle and still be reused; 0: no limit
	Parties   iter.Seq[string] // the parties, such as hub/hank and sae/sam; faults can name only these
	Seed      uint64           // seed of the randomness of faults and links
	Links     Links            // links between the parties; nil: none
	Couriers  bool             // blocks of PSRD are carried by hand: links and interceptors do not apply to them
	Virtual   bool             // the wire is always in a bubble of testing/synctest; needs Memory

	// Context makes the context of a request that arrives over memory from that of its sender; nil: it
	// is the same.
	Context func(context.Context) context.Context

	// Elsewhere returns the transport to a party that Handler does not serve, since it is in
	// another process, or nil if Handler serves it. If Elsewhere is nil, Handler serves all.
	Elsewhere func(from, to string) http.RoundTripper
}

// Wire is the wire between the nodes. Its methods may be called from several goroutines.
type Wire struct {
	parties  iter.Seq[string]
	port     http.RoundTripper // the chosen transport
	own      ownPorts          // for senders that show a certificate of their own
	memory   http.RoundTripper
	away     func(from, to string) http.RoundTripper // nil: no party is elsewhere
	recorder recorder
	lines    lines
	virtual  bool
	couriers bool
	gate     *door // in front of the interceptors
	doors    doors // in front of the receivers
	timers   timers

	attention atomic.Int32
	messages  atomic.Uint64 // number of messages while somebody watched
	faults    fault.Set

	mu           sync.Mutex // held while the attention changes
	observers    Watchers[func(Event)]
	taps         Watchers[func(Message)]
	interceptors Watchers[Intercept]
}

// New returns a wire without faults and watchers.
func New(config Config) (*Wire, error) {
	if config.Handler == nil {
		return nil, errors.New("the wire has no handler")
	}
	if config.Virtual && config.Transport != Memory {
		return nil, fmt.Errorf("virtual time needs the %s transport: a port is outside", Memory)
	}
	w := &Wire{parties: config.Parties, memory: memory{config.Handler, config.Context}, away: config.Elsewhere, virtual: config.Virtual, couriers: config.Couriers}
	w.lines = lines{links: config.Links, seed: config.Seed, virtual: config.Virtual, known: map[[2]string]*line{}, taken: map[[2]string]*line{}}
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
	return w.transport(from, w.own.of(from, w.port))
}

// Direct is like [Wire.Transport], but bypasses the port: it calls the nodes in this process. So a
// header says which encryptor is calling, even where all others need a certificate for that.
func (w *Wire) Direct(from string) http.RoundTripper { return w.transport(from, w.memory) }

// CloseIdle closes the connections that no message is using.
func (w *Wire) CloseIdle() {
	w.own.closeIdle()
	if port, ok := w.port.(*loopback); ok {
		port.CloseIdleConnections()
	}
}

// AddFault adds a fault, such as drop to=hub/hank, after the others; see [fault.Parse]. It fails if
// the text is not a fault, or names an unknown party.
func (w *Wire) AddFault(text string) error { return w.AddFaultAs("", text) }

// AddFaultAs is [Wire.AddFault] with an ID for the fault; see [fault.Set.AddAs].
func (w *Wire) AddFaultAs(id, text string) error {
	spec, err := fault.Parse(text)
	if err != nil {
		return err
	}
	for _, pattern := range spec.Patterns() {
		if !w.knows(pattern) {
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

// knows reports whether a pattern matches a party.
func (w *Wire) knows(pattern string) bool {
	for party := range w.parties {
		if fault.Matches(pattern, party) {
			return true
		}
	}
	return false
}

// HasFaults reports whether there are faults.
func (w *Wire) HasFaults() bool { return w.attention.Load() == insiders && w.faults.Any() }

// Strike passes a request that came another way, from outside over a port, through the faults. It
// returns [fault.ErrLost] or the error of ctx if the sender gets no answer.
func (w *Wire) Strike(ctx context.Context, r *Request, next Deliver) (Response, error) {
	return w.faults.Intercept(ctx, r, next)
}

// StrikesHandshake reports whether a fault wants a node to show an expired certificate in a TLS
// handshake.
func (w *Wire) StrikesHandshake(to string) bool {
	return w.HasFaults() && w.faults.StrikesHandshake(to)
}

// Faults returns the faults, with how often each fired.
func (w *Wire) Faults() []fault.Status { return w.faults.Statuses() }

// RemovedFaults returns the IDs of faults that were removed, as far as they are still known.
func (w *Wire) RemovedFaults() []string { return w.faults.Removed() }

// RemoveFault removes the fault with an ID, and reports whether there was one. See
// [fault.Set.Remove].
func (w *Wire) RemoveFault(id string) bool {
	removed := w.faults.Remove(id)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.update()
	return removed
}

// EndFault removes the oldest fault with the text that [Wire.AddFault] was given, if there is one.
func (w *Wire) EndFault(text string) {
	for _, f := range w.Faults() {
		if f.Spec == text {
			w.RemoveFault(f.ID)
			return
		}
	}
}

// ClearFaults removes all faults. Hanging messages are lost; delayed ones continue.
func (w *Wire) ClearFaults() {
	w.faults.Clear()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.update()
}

// byHand reports whether couriers carry the message.
func (w *Wire) byHand(method, path string) bool {
	return w.couriers && KindOf(method, path) == KindPSRD
}

// IsControl reports whether a path belongs to the network's own interface, which is not part of the
// experiment.
func IsControl(path string) bool { return strings.HasPrefix(path, "/sim/") }
