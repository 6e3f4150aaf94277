package exchange

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"dske/etsi"
	"dske/sim"
	"dske/sim/wire"
)

// margin is how much longer than a client waits for a hanging hub the exchange waits for messages
// that the key did not need.
const margin = time.Second

// settling is how long the master's client may need for the last hub, and how long the slave's
// client may examine the last share to find out who lied.
const settling = 50 * time.Millisecond

// recording is what an exchange sees of the network: its own requests, and the messages about its
// key.
type recording struct {
	network  *sim.Network
	exchange *Exchange
	tag      string
	stop     func()

	mu       sync.Mutex
	keyID    string                   // set once it is known
	about    map[uint64][]*wire.About // seen by the tap, by number; one for each key
	messages []wire.Message           // messages seen by the tap
	liars    []string                 // hubs that the slave's client has found to lie
	events   []wire.Event             // outcomes of the messages
	expected []string                 // method and hub of the expected messages
	finish   func()                   // called when all expected messages have come; nil: not needed
}

func newRecording(n *sim.Network, x *Exchange) *recording {
	r := &recording{network: n, exchange: x, tag: n.Text("exchange tag"), about: map[uint64][]*wire.About{}}
	ends := []func(){n.Wire().Tap(r.tapped), n.Wire().Observe(r.observed), n.ObserveFindings(r.found)}
	r.stop = func() {
		for _, end := range ends {
			end()
		}
	}
	return r
}

// sae returns the ETSI client of an encryptor.
func (r *recording) sae(e End) *etsi.Client {
	transport := tagged{r.network.Wire().Direct("sae/" + e.Encryptor), r.tag}
	return &etsi.Client{URL: r.network.Overview().KMEURL(r.network.URL(), e.Client), SAE: e.Encryptor,
		HTTP: &http.Client{Transport: transport}}
}

// tapped records messages that may be about the key.
func (r *recording) tapped(m wire.Message) {
	if !r.isBetween(m) && m.Header.Get(wire.ExchangeHeader) != r.tag && !r.isRepair(m) {
		return
	}
	seen := describe(m)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.about[m.Number] = seen
	r.messages = append(r.messages, m.WithoutSecrets())
}

// isRepair reports whether a message belongs to the new registration of a client of the exchange at
// a hub that has forgotten it.
func (r *recording) isRepair(m wire.Message) bool {
	kind := wire.KindOf(m.Method, m.Path)
	if kind != wire.KindRegistration && kind != wire.KindPSRD || m.From != "client/"+r.exchange.Master.Client && m.From != "client/"+r.exchange.Slave.Client {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.events, func(e wire.Event) bool { return e.From == m.From && e.To == m.To && e.Status == http.StatusForbidden })
}

// found records the liars that the slave's client has found.
func (r *recording) found(f sim.Finding) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f.KeyID == r.keyID {
		r.liars = append(r.liars, f.Hubs...)
	}
}

// isBetween reports whether a message carries shares in band from the one encryptor to the other.
func (r *recording) isBetween(m wire.Message) bool {
	master, slave := r.exchange.Master.Encryptor, r.exchange.Slave.Encryptor
	switch wire.KindOf(m.Method, m.Path) {
	case wire.KindShare:
		return isNamed(m.Body, master, slave)
	case wire.KindFetch:
		return queried(m, "master_sae_id") == master && queried(m, "slave_sae_id") == slave
	default:
		return false
	}
}

// isNamed reports whether the body of a message with shares is from the one encryptor to the other.
// It is read as far as that takes and no further, since the shares of others may be large, and
// every exchange under way looks at all messages.
func isNamed(body []byte, master, slave string) bool {
	members := json.NewDecoder(bytes.NewReader(body))
	if brace, _ := members.Token(); brace != json.Delim('{') {
		return false
	}
	for isFrom, isTo := false, false; !isFrom || !isTo; {
		name, err := members.Token()
		var value json.RawMessage
		if err != nil || members.Decode(&value) != nil {
			return false
		}
		switch name {
		case "master_sae_id":
			isFrom = contains(value, master)
			if !isFrom {
				return false
			}
		case "slave_sae_id", "slave_sae_ids":
			isTo = contains(value, slave)
			if !isTo {
				return false
			}
		}
	}
	return true
}

// contains reports whether JSON is a name, or a list with it.
func contains(value json.RawMessage, name string) bool {
	var one string
	var list []string
	return json.Unmarshal(value, &one) == nil && one == name || json.Unmarshal(value, &list) == nil && slices.Contains(list, name)
}

// observed records the outcome of a message for each key, since it may have been refused for one of
// them.
func (r *recording) observed(e wire.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, seen := range r.about[e.Number] {
		e := about(e, seen)
		e.Again = isInBand(e) && slices.ContainsFunc(r.events, func(before wire.Event) bool {
			return before.To == e.To && before.From == e.From && before.Kind == e.Kind && before.KeyID == e.KeyID
		})
		r.events = append(r.events, e)
	}
	r.check()
}

// isInBand reports whether an event is a message with a share. All other recorded events are the
// exchange's own.
func isInBand(e wire.Event) bool { return e.Kind == wire.KindShare || e.Kind == wire.KindFetch }

// setKey sets the ID of the key that the exchange has made.
func (r *recording) setKey(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keyID = id
}

// keyOf determines the key that could not be made: the error names it, or else only one was tried.
func (r *recording) keyOf(err error) {
	var refused *etsi.Error
	if errors.As(err, &refused) {
		if id := detail[string](refused, "key_id"); id != "" {
			r.setKey(id)
			return
		}
	}
	r.mu.Lock()
	var tried []string
	for _, e := range r.events {
		if isInBand(e) && !slices.Contains(tried, e.KeyID) {
			tried = append(tried, e.KeyID)
		}
	}
	r.mu.Unlock()
	if len(tried) == 1 {
		r.setKey(tried[0])
	}
}

// expect adds a message from each of the hubs to the expected ones.
func (r *recording) expect(method string, hubs []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, hub := range hubs {
		r.expected = append(r.expected, method+" hub/"+hub)
	}
}

// check ends the wait if all expected messages have come. The caller holds r.mu.
func (r *recording) check() {
	if r.finish == nil {
		return
	}
	heard := map[string]bool{}
	for _, e := range r.events {
		if isInBand(e) && e.KeyID == r.keyID && e.Status != http.StatusForbidden { // after a 403 it comes again
			heard[e.Method+" "+e.To] = true
		}
	}
	if !slices.ContainsFunc(r.expected, func(message string) bool { return !heard[message] }) {
		r.finish()
	}
}

// wait returns when all expected messages have come, or when none can come any more: both clients
// are idle, or have given up.
func (r *recording) wait(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, r.network.HubTimeout()+margin)
	defer cancel()
	r.mu.Lock()
	r.finish = cancel
	r.check()
	r.mu.Unlock()
	r.network.WaitIdle(ctx, r.exchange.Master.Client, r.exchange.Slave.Client) // an error only means that the wait has ended
	r.network.CatchUp(context.WithoutCancel(ctx))
	r.settle(context.WithoutCancel(ctx), r.exchange.Slave.Client)
}

// settle waits a moment for a client to become idle.
func (r *recording) settle(ctx context.Context, client string) {
	ctx, cancel := context.WithTimeout(ctx, settling)
	defer cancel()
	r.network.WaitIdle(ctx, client) // an error only means that a hub hangs, or that the client is busy with others
}

// recorded returns the record for the conclusion of the exchange.
func (r *recording) recorded(o sim.Overview, reason *wire.Reason) recorded {
	r.mu.Lock()
	defer r.mu.Unlock()
	account := recorded{
		threshold: o.Threshold, suite: o.Suite, hubs: hubsOfBoth(o, r.exchange), state: statesOf(r.network), liars: r.liars,
		isAsked: true, reason: reason, events: []wire.Event{},
	}
	var cause uint64 // the request that is being served
	for _, e := range r.ours() {
		if e.Kind == wire.KindEncryptor {
			cause = e.Number
			if e.Reason != nil { // this reason also says who
				account.reason = e.Reason
			}
		} else {
			e.Cause = cause
		}
		account.events = append(account.events, e)
	}
	return account
}

// ours returns the events of the exchange in the order of their start. The caller holds r.mu.
func (r *recording) ours() []wire.Event {
	events := slices.DeleteFunc(slices.Clone(r.events), func(e wire.Event) bool {
		return isInBand(e) && e.KeyID != r.keyID
	})
	slices.SortStableFunc(events, func(a, b wire.Event) int { return a.Start.Compare(b.Start) })
	return events
}

// taken returns the messages that were seen.
func (r *recording) taken() []wire.Message {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.messages
}
