package conformance

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"dske/etsi/report"
	"dske/protocol"
)

const (
	// patience is how long the checker waits for actions that a client must take by itself.
	patience = 10 * time.Second

	// silence is how long it waits for actions that a client must not take.
	silence = 500 * time.Millisecond
)

// Client is the configuration to check a client. The client's hubs must be exactly those of the
// checker, in their order, and at least 3.
type Client struct {
	URL       string         // its base, such as http://127.0.0.1:8100/client/carol
	Suite     protocol.Suite // default protocol.ITS
	Threshold int            // shares that make a key; default: a majority of the hubs
	HTTP      *http.Client   // shows the certificate of its encryptor, where URL is https; default http.DefaultClient
	Hubs      *Hubs
	Wait      time.Duration // maximum time for the client to register with all hubs; default 1 min
	Timeout   time.Duration // for one check; default 30 s
}

// clientChecks returns all checks of clients, in their order. Checks that make a client lose trust
// in its hubs, or its registration, come last.
func clientChecks() []check[*clientSession] {
	return slices.Concat(comingChecks, supplyChecks, masterChecks, slaveChecks, doubtChecks, restartChecks, clientManagementChecks)
}

// Run waits until the client has registered with all hubs and returns its checks. They are made one
// after the other until ctx ends or the consumer stops.
func (c Client) Run(ctx context.Context) (iter.Seq[report.Result], error) {
	c.Timeout, c.Wait = cmp.Or(c.Timeout, 30*time.Second), cmp.Or(c.Wait, time.Minute)
	c.HTTP, c.Threshold = cmp.Or(c.HTTP, http.DefaultClient), cmp.Or(c.Threshold, len(c.Hubs.hubs)/2+1)
	if c.Suite == nil {
		c.Suite = protocol.ITS
	}
	c.URL = strings.TrimSuffix(c.URL, "/")
	found, err := c.meet(ctx)
	if err != nil {
		return nil, err
	}
	return results(ctx, c.Suite, clientChecks(), c.Timeout, found.python, found.begin), nil
}

// metClient is what the checker knows about a client.
type metClient struct {
	Client
	sae    string // one of its encryptors
	python bool   // it is a client of the Python implementation
}

// clientSession is the session of one check.
type clientSession struct {
	metClient
	ctx    context.Context
	record *record
	since  []int // by hub: number of arrivals before the check
}

// meet waits for the client.
func (c Client) meet(ctx context.Context) (metClient, error) {
	m := metClient{Client: c}
	s := &clientSession{metClient: m, ctx: ctx}
	registered := func(h *playedHub) bool { return h.client != "" && h.channel.OwnKeys.Available() > 0 }
	if !s.untilAll(registered, c.Wait) {
		return m, cmp.Or(ctx.Err(), fmt.Errorf("the client has not registered with all hubs within %v", c.Wait))
	}
	h := c.Hubs.hubs[0]
	h.mu.Lock()
	m.sae = h.encryptors[0]
	h.mu.Unlock()
	a, err := send(ctx, c.HTTP, c.URL, request{method: http.MethodGet, path: "/no/such/path"}, nil)
	if err != nil {
		return m, fmt.Errorf("no client answers at %s (%w)", c.URL, err)
	}
	m.python = isPython(a)
	return m, nil
}

// begin begins a session: the hubs follow the rules and have no shares.
func (m metClient) begin(ctx context.Context, to *record) (*clientSession, error) {
	s := &clientSession{metClient: m, ctx: ctx, record: to}
	m.Hubs.mu.Lock()
	m.Hubs.record = to
	m.Hubs.mu.Unlock()
	for _, h := range m.Hubs.hubs {
		h.mu.Lock()
		h.deviate, h.offered = nil, map[uuid.UUID]protocol.Share{}
		s.since = append(s.since, len(h.arrivals))
		h.mu.Unlock()
	}
	return s, nil
}
