package attack

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"dske/etsi"
	"dske/sim/adversary"
	"dske/sim/exchange"
)

// withhold puts the attacker's hands on the wire, and lets him keep the answers to the slave's
// request for a key.
func (t *twin) withhold(ctx context.Context, master string, key uuid.UUID) (hands *adversary.Hands, cancel func(), err error) {
	w := t.network.Wire()
	hands = adversary.NewHands(t.adversary, w.Transport("attacker"), t.network.URL())
	cancel = w.Intercept(hands.Intercept)
	hands.Withhold(true, adversary.Match{Method: http.MethodGet, From: []string{"client/" + t.pair.slaveAt}, Key: key})
	if _, err := t.fetch(ctx, master, key); err == nil {
		cancel()
		return nil, nil, fmt.Errorf("key %s came, although its shares were held back", key)
	}
	hands.Stop()
	return hands, cancel, nil
}

// swap gives the slave's client the answers about one key of the pair for requests about another
// one.
func (t *twin) swap(ctx context.Context, v *Verdict) error {
	first, err := t.make(ctx, t.pair.master)
	if err != nil {
		return err
	}
	second, err := t.make(ctx, t.pair.master)
	if err != nil {
		return err
	}
	hands, cancel, err := t.withhold(ctx, t.pair.master, first.ID)
	if err != nil {
		return err
	}
	defer cancel()
	hands.Answer(second.ID, first.ID)
	got, err := t.fetchAgain(ctx, second)
	switch {
	case err == nil && exchange.Fingerprint(got.Key.Reveal()) == exchange.Fingerprint(first.Key.Reveal()):
		v.Verdict, v.Reason = "Keys swapped", "He swaps the answers to two requests: each key arrives under the other’s ID."
	case len(hands.Did()) == 0:
		return fmt.Errorf("no answer was replaced: %w", err)
	default:
		v.Verdict, v.Reason = "Delayed at most", "Changed messages are refused. He can hold them up, not read or replace them."
	}
	return nil
}

// fetchAgain fetches a key, and tries once more if that fails: a hub still has the shares that it
// sent and that were refused.
func (t *twin) fetchAgain(ctx context.Context, key etsi.Key) (etsi.Key, error) {
	got, err := t.fetch(ctx, t.pair.master, key.ID)
	if err != nil {
		return t.fetch(ctx, t.pair.master, key.ID)
	}
	return got, nil
}

// replace gives the slave's client the answers about a key of mallory's for requests about the key
// of the master.
func (t *twin) replace(ctx context.Context, v *Verdict, book *exchange.Book) error {
	own, err := t.make(ctx, mallory)
	if err != nil {
		return err
	}
	hands, cancel, err := t.withhold(ctx, mallory, own.ID)
	if err != nil {
		return err
	}
	defer cancel()
	hands.Answer(uuid.Nil, own.ID)
	x, err := exchange.Run(ctx, t.network, t.pair.master, t.pair.slave)
	if err != nil {
		return err
	}
	did := hands.Did()
	isReplaced := x.Slave.Fingerprint != "" && x.Slave.Fingerprint == exchange.Fingerprint(own.Key.Reveal())
	switch {
	case isReplaced:
		v.Verdict, v.Reason = "Key replaced", fmt.Sprintf("He gives %s the answers for a key of mallory. %s now uses a key that he knows.", t.pair.slaveAt, t.pair.slave)
	case len(did) == 0:
		return fmt.Errorf("no answer was replaced: %s", x.Error)
	default:
		v.Verdict, v.Reason = "Refused", fmt.Sprintf("An answer is bound to its request: %s finds a wrong signature and asks again.", t.pair.slaveAt)
		mark(x, did)
	}
	v.Exchange = book.KeepTwin(x)
	return nil
}

// mark records in an exchange which hubs' answers were replaced, and refused.
func mark(x *exchange.Exchange, did []adversary.Outcome) {
	for i, hub := range x.Hubs {
		x.Hubs[i].Refused = slices.ContainsFunc(did, func(o adversary.Outcome) bool { return o.Of == "hub/"+hub.Name })
	}
}
