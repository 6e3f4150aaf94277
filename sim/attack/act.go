package attack

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"dske/etsi"
	"dske/sim/exchange"
	"dske/sim/wire"
)

// exchanger holds back the answers of hubs about one key, and gives them for answers about another one.
type exchanger struct {
	client string // whose answers, such as client/celia

	mu   sync.Mutex
	from string                   // ID of the key whose answers are held back
	to   string                   // of that for which they are given; empty: of none yet
	held map[string]wire.Response // by hub
	put  map[string]bool          // hubs whose answers were replaced
}

func newExchanger(client, from string) *exchanger {
	return &exchanger{client: "client/" + client, from: from, held: map[string]wire.Response{}, put: map[string]bool{}}
}

// replaceAnswersTo begins to give the held answers for those about a key.
func (e *exchanger) replaceAnswersTo(key string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.to = key
}

// replaced returns how many answers were replaced.
func (e *exchanger) replaced() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.put)
}

// intercept is the [wire.Intercept] that the attacker is. Each answer is replaced once: who finds that out asks again.
func (e *exchanger) intercept(ctx context.Context, r *wire.Request, next wire.Deliver) (wire.Response, error) {
	if r.From != e.client || wire.KindOf(r.Method, r.Path) != wire.KindFetch {
		return next(ctx, r)
	}
	response, err := next(ctx, r)
	if err != nil || response.Status != http.StatusOK {
		return response, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	kept, isHeld := e.held[r.To]
	switch {
	case strings.Contains(r.Query, e.from):
		e.held[r.To] = response
		return wire.Response{}, errHeld
	case e.to == anyKey || e.to != "" && strings.Contains(r.Query, e.to):
		if !isHeld || e.put[r.To] {
			return response, nil
		}
		e.put[r.To] = true
		return kept, nil
	}
	return response, nil
}

// anyKey is for a key whose ID is not known yet.
const anyKey = "*"

// swap gives the slave's client the answers about one key of the pair for those about another one.
func (t *twin) swap(ctx context.Context, v *Verdict) error {
	first, err := t.make(ctx, t.pair.master)
	if err != nil {
		return err
	}
	second, err := t.make(ctx, t.pair.master)
	if err != nil {
		return err
	}
	e := newExchanger(t.pair.slaveAt, first.ID.String())
	defer t.network.Wire().Intercept(e.intercept)()
	if _, err := t.fetch(ctx, t.pair.master, first.ID); err == nil {
		return fmt.Errorf("key %s came, although its shares were held back", first.ID)
	}
	e.replaceAnswersTo(second.ID.String())
	got, err := t.fetchAgain(ctx, second)
	switch {
	case err == nil && exchange.Fingerprint(got.Key.Reveal()) == exchange.Fingerprint(first.Key.Reveal()):
		v.Verdict, v.Reason = "Keys swapped", "He swaps the answers to two requests: each key arrives under the other’s ID."
	case e.replaced() == 0:
		return fmt.Errorf("no answer was replaced: %w", err)
	default:
		v.Verdict, v.Reason = "Delayed at most", "Changed messages are refused. He can hold them up, not read or replace them."
	}
	return nil
}

// fetchAgain fetches a key, once more if that fails: the shares that a hub has sent and that were refused it still has.
func (t *twin) fetchAgain(ctx context.Context, key etsi.Key) (etsi.Key, error) {
	got, err := t.fetch(ctx, t.pair.master, key.ID)
	if err != nil {
		return t.fetch(ctx, t.pair.master, key.ID)
	}
	return got, nil
}

// replace gives the slave's client the answers about a key of mallory's for those about the key of the master.
func (t *twin) replace(ctx context.Context, v *Verdict, book *exchange.Book) error {
	own, err := t.make(ctx, mallory)
	if err != nil {
		return err
	}
	e := newExchanger(t.pair.slaveAt, own.ID.String())
	defer t.network.Wire().Intercept(e.intercept)()
	if _, err := t.fetch(ctx, mallory, own.ID); err == nil {
		return fmt.Errorf("key %s came, although its shares were held back", own.ID)
	}
	e.replaceAnswersTo(anyKey)
	x, err := exchange.Run(ctx, t.network, t.pair.master, t.pair.slave)
	if err != nil {
		return err
	}
	isReplaced := x.Slave.Fingerprint != "" && x.Slave.Fingerprint == exchange.Fingerprint(own.Key.Reveal())
	switch {
	case isReplaced:
		v.Verdict, v.Reason = "Key replaced", fmt.Sprintf("He gives %s the answers for a key of mallory. %s now uses a key that he knows.", t.pair.slaveAt, t.pair.slave)
	case e.replaced() == 0:
		return fmt.Errorf("no answer was replaced: %s", x.Error)
	default:
		v.Verdict, v.Reason = "Refused", fmt.Sprintf("An answer is bound to its request: %s finds a wrong signature and asks again.", t.pair.slaveAt)
		e.mark(x)
	}
	v.Exchange = book.KeepTwin(x)
	return nil
}

// mark notes in an exchange which hubs' answers were replaced, and refused.
func (e *exchanger) mark(x *exchange.Exchange) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range x.Hubs {
		x.Hubs[i].Refused = e.put["hub/"+x.Hubs[i].Name]
	}
}
