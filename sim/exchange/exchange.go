// Package exchange makes a key for two encryptors of a network, as they would themselves, and
// records its messages: which, in which order, how long they took and how they ended.
package exchange

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"dske/etsi"
	"dske/protocol"
	"dske/sim"
	"dske/sim/ladder"
	"dske/sim/wire"
)

// ErrSameEncryptor is the error for an exchange between an encryptor and itself.
var ErrSameEncryptor = errors.New("master and slave are the same encryptor")

// Exchange is a key that was made and fetched, or the attempt. Its JSON contains no secrets.
type Exchange struct {
	Began     time.Time     `json:"began"`
	Threshold int           `json:"threshold"` // shares that make a key
	Suite     string        `json:"suite"`
	Master    End           `json:"master"`
	Slave     End           `json:"slave"`
	Hubs      []Hub         `json:"hubs"` // hubs of either client, in the order of the topology
	Outcome   Outcome       `json:"outcome"`
	Match     bool          `json:"match"`            // both have the same key ID and the same value
	Error     string        `json:"error,omitempty"`  // why not
	Causes    []string      `json:"causes,omitempty"` // problems of single hubs, each beginning with its name
	Events    []wire.Event  `json:"events"`           // in the order of their start
	Ladder    ladder.Ladder `json:"ladder,omitzero"`

	shares map[string]protocol.Secret // as the hubs kept them, by hub; only for an exchange on request
}

// End is the part of one of the two encryptors.
type End struct {
	Encryptor   string      `json:"encryptor"`
	Client      string      `json:"client"`
	KeyID       string      `json:"key_id,omitempty"`
	Fingerprint string      `json:"fingerprint,omitempty"`
	Value       etsi.Secret `json:"-"`

	hubs []string // of its client
}

// Run makes a key for master and fetches it for slave. It then waits for the messages that the key
// did not need, slightly longer than the clients wait for a hub. If there is no key, the exchange
// has an Error; Run itself fails if there are no such encryptors.
func Run(ctx context.Context, n *sim.Network, master, slave string) (*Exchange, error) {
	x, _, err := record(ctx, n, master, slave)
	return x, err
}

// record is [Run], and also returns the messages.
func record(ctx context.Context, n *sim.Network, master, slave string) (*Exchange, []wire.Message, error) {
	o := n.Overview()
	x, err := newExchange(o, master, slave)
	if err != nil {
		return nil, nil, err
	}
	n.CatchUp(ctx) // so that other processes record messages from now on
	r := newRecording(n, x)
	defer r.stop()
	var reason *wire.Reason
	if err := x.run(ctx, r); err != nil {
		reason = x.explain(err)
	}
	r.wait(ctx)
	x.conclude(r.recorded(o, reason))
	x.Ladder = x.draw()
	return x, r.taken(), nil
}

func newExchange(o sim.Overview, master, slave string) (*Exchange, error) {
	if master == slave {
		return nil, ErrSameEncryptor
	}
	x := &Exchange{Began: time.Now(), Master: End{Encryptor: master}, Slave: End{Encryptor: slave}}
	for _, end := range []*End{&x.Master, &x.Slave} {
		var err error
		if end.Client, err = o.ClientOf(end.Encryptor); err != nil {
			return nil, err
		}
		for _, c := range o.Clients {
			if c.Name == end.Client {
				end.hubs = c.Hubs
			}
		}
	}
	return x, nil
}

func (x *Exchange) run(ctx context.Context, r *recording) error {
	r.expect(http.MethodPost, x.Master.hubs)
	made, err := r.sae(x.Master).GetKey(ctx, x.Slave.Encryptor, etsi.KeyRequest{})
	if err != nil {
		r.network.CatchUp(ctx)
		r.keyOf(err)
		return err
	}
	r.setKey(made[0].ID.String())
	x.Master.take(made[0])
	r.settle(ctx, x.Master.Client) // so that the last hub has its share, too
	x.copyShares(r.network, made[0].ID)
	r.expect(http.MethodGet, x.Slave.hubs)
	fetched, err := r.sae(x.Slave).GetKeyWithKeyIDs(ctx, x.Master.Encryptor, made[0].ID)
	if err != nil {
		return err
	}
	x.Slave.take(fetched[0])
	x.Match = made[0].Equal(fetched[0])
	if !x.Match {
		return errors.New("the keys do not match")
	}
	return nil
}

// copyShares copies the shares of a key from the hubs, before they hand them out and forget them.
// Like the key, they exist to be shown.
func (x *Exchange) copyShares(n *sim.Network, key uuid.UUID) {
	x.shares = map[string]protocol.Secret{}
	for _, hub := range x.Master.hubs {
		leaked, err := n.LeakShares("hub/"+hub, key)
		if err == nil && len(leaked) > 0 { // a stopped hub has none
			x.shares[hub] = leaked[0].Value
		}
	}
}

// explain puts an error into words: one sentence, and a line for each hub that it names.
func (x *Exchange) explain(err error) *wire.Reason {
	x.Error = err.Error()
	var refused *etsi.Error
	if !errors.As(err, &refused) {
		return &wire.Reason{Text: x.Error}
	}
	x.Error = (&etsi.Error{Status: refused.Status, Message: refused.Message}).Error()
	for _, c := range detail[[]struct {
		Hub     string `json:"hub_name"`
		Message string `json:"message"`
	}](refused, "causes") {
		sentence, _, _ := strings.Cut(c.Message, " {") // cuts off details in JSON
		x.Causes = append(x.Causes, c.Hub+": "+sentence)
	}
	return &wire.Reason{Code: refused.Status, Text: cmp.Or(refused.Message, http.StatusText(refused.Status))}
}

// detail returns a named detail of an error, or the zero value.
func detail[T any](e *etsi.Error, name string) (value T) {
	for _, d := range e.Details {
		named, _ := d.(map[string]any)
		if text, err := json.Marshal(named[name]); err == nil && named[name] != nil {
			json.Unmarshal(text, &value) // a detail of another form is ignored
		}
	}
	return value
}

func (e *End) take(k etsi.Key) {
	e.KeyID, e.Fingerprint, e.Value = k.ID.String(), Fingerprint(k.Key.Reveal()), k.Key
}

// Fingerprint is [wire.Fingerprint].
func Fingerprint(key []byte) string { return wire.Fingerprint(key) }

// tagged marks the requests of an exchange to tell them from those of others.
type tagged struct {
	http.RoundTripper
	tag string
}

func (t tagged) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set(wire.ExchangeHeader, t.tag)
	return t.RoundTripper.RoundTrip(r)
}
