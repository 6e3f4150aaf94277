// Package exchange makes a key for two encryptors of a network, as they would do it themselves, and records what
// travelled for it: which messages, in which order, how long they took and how they ended.
package exchange

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"dske/etsi"
	"dske/sim"
	"dske/sim/ladder"
)

// ErrSameEncryptor is the error for an encryptor that is to share a key with itself.
var ErrSameEncryptor = errors.New("master and slave are the same encryptor")

// Exchange is a key that was made and fetched, or the attempt. As JSON it shows nothing secret.
type Exchange struct {
	Master End           `json:"master"`
	Slave  End           `json:"slave"`
	Match  bool          `json:"match"`            // both have the same key ID and the same value
	Error  string        `json:"error,omitempty"`  // why they don't
	Causes []string      `json:"causes,omitempty"` // what is wrong with single hubs, each beginning with its name
	Ladder ladder.Ladder `json:"ladder"`
}

// End is what one of the two encryptors has.
type End struct {
	Encryptor   string      `json:"encryptor"`
	Client      string      `json:"client"`
	KeyID       string      `json:"key_id,omitempty"`
	Fingerprint string      `json:"fingerprint,omitempty"` // the first 8 bytes of the SHA-256 of the value, in hex
	Value       etsi.Secret `json:"-"`

	hubs []string // of its client
}

// Run makes a key for master and fetches it for slave. It then waits for the messages that the key did not need,
// for little longer than the clients wait for a hub. An exchange without a key is one with an Error; Run itself fails if there are no such
// encryptors.
func Run(ctx context.Context, n *sim.Network, master, slave string) (*Exchange, error) {
	o := n.Overview()
	x, err := newExchange(o, master, slave)
	if err != nil {
		return nil, err
	}
	r := newRecording(n, o, x)
	defer r.stop()
	if err := x.run(ctx, r); err != nil {
		x.explain(err)
	}
	r.wait(ctx)
	x.Ladder = r.ladder()
	return x, nil
}

func newExchange(o sim.Overview, master, slave string) (*Exchange, error) {
	if master == slave {
		return nil, ErrSameEncryptor
	}
	x := &Exchange{Master: End{Encryptor: master}, Slave: End{Encryptor: slave}}
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
		r.keyOf(err)
		return err
	}
	r.setKey(made[0].ID.String())
	x.Master.take(made[0])
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

// explain puts an error into words: one sentence, and a line for each hub that it blames.
func (x *Exchange) explain(err error) {
	x.Error = err.Error()
	var refused *etsi.Error
	if !errors.As(err, &refused) {
		return
	}
	x.Error = (&etsi.Error{Status: refused.Status, Message: refused.Message}).Error()
	for _, c := range detail[[]struct {
		Hub     string `json:"hub_name"`
		Message string `json:"message"`
	}](refused, "causes") {
		sentence, _, _ := strings.Cut(c.Message, " {") // which begins details in JSON
		x.Causes = append(x.Causes, c.Hub+": "+sentence)
	}
}

// detail returns what an error says under a name, or nothing.
func detail[T any](e *etsi.Error, name string) (value T) {
	for _, d := range e.Details {
		named, _ := d.(map[string]any)
		if text, err := json.Marshal(named[name]); err == nil && named[name] != nil {
			json.Unmarshal(text, &value) // what is of another form says nothing
		}
	}
	return value
}

func (e *End) take(k etsi.Key) {
	sum := sha256.Sum256(k.Key.Reveal())
	e.KeyID, e.Fingerprint, e.Value = k.ID.String(), hex.EncodeToString(sum[:8]), k.Key
}

// tagged marks the requests of an exchange, so that they are told from those of others.
type tagged struct {
	http.RoundTripper
	tag string
}

// tagHeader has no meaning for the nodes.
const tagHeader = "DSKE-Exchange"

func (t tagged) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set(tagHeader, t.tag)
	return t.RoundTripper.RoundTrip(r)
}
