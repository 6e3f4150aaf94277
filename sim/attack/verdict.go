package attack

import (
	"context"
	"fmt"
	"slices"

	"dske/protocol"
	"dske/sim"
	"dske/sim/exchange"
)

// pair is the two ends of the attacked key.
type pair struct {
	exchange          *exchange.Kept // nil: nobody has made a key yet
	master, slave     string         // encryptors
	masterAt, slaveAt string         // their clients
	hubs              []string       // of both
	threshold         int
}

// pairOf returns the ends of an exchange, or two of the network if there is none.
func (a *Attack) pairOf(o sim.Overview, id string) (pair, error) {
	if id == "" {
		first, second := o.Clients[0], o.Clients[min(1, len(o.Clients)-1)]
		return pair{nil, first.Encryptors[0], second.Encryptors[0], first.Name, second.Name, first.Hubs, o.Threshold}, nil
	}
	x, err := a.book.Find(id)
	if err != nil {
		return pair{}, err
	}
	p := pair{&x, x.Master.Encryptor, x.Slave.Encryptor, x.Master.Client, x.Slave.Client, nil, x.Threshold}
	for _, h := range x.Hubs {
		p.hubs = append(p.hubs, h.Name)
	}
	return p, nil
}

// verdict is the last attempt and its result.
type verdict struct {
	tried string
	found Verdict
}

// judge says what an attack achieves in a suite. It runs a twin if that is needed to know.
func (a *Attack) judge(ctx context.Context, owns Owns, p pair, suite protocol.Suite) (Verdict, error) {
	v := Verdict{Suite: suite.Name()}
	if owns.isNothing() {
		v.Verdict, v.Reason = "Nothing to try", "He owns nothing."
		return v, nil
	}
	owned := slices.DeleteFunc(slices.Clone(p.hubs), func(hub string) bool { return !slices.Contains(owns.Hubs, hub) })
	tried := fmt.Sprint(owns.Links, owns.Client, owned, p.master, p.slave, p.hubs, p.threshold)
	select {
	case a.trying <- struct{}{}:
		defer func() { <-a.trying }()
	case <-ctx.Done():
		return v, ctx.Err()
	}
	if last := a.tried[suite.Name()]; last != nil && last.tried == tried {
		return last.found, nil
	}
	t, err := newTwin(ctx, p, suite, owned)
	if err != nil {
		return v, fmt.Errorf("the twin in suite %s: %w", suite.Name(), err)
	}
	defer t.stop()
	if err := t.try(ctx, owns, &v, a.book); err != nil {
		return v, fmt.Errorf("the twin in suite %s: %w", suite.Name(), err)
	}
	a.tried[suite.Name()] = &verdict{tried, v}
	return v, nil
}

// words has the small numbers as the first word of a sentence.
var words = []string{"No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten"}

func word(n int) string {
	if n < len(words) {
		return words[n]
	}
	return fmt.Sprint(n)
}
