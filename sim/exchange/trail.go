package exchange

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"dske/sim"
	"dske/sim/ladder"
	"dske/sim/wire"
)

// keepTrail makes an exchange from the messages seen of a key, or updates the existing one. The
// caller holds b.mu.
func (b *Book) keepTrail(t *trail) []Kept {
	x, err := b.exchangeOf(t)
	if err != nil {
		return nil // an encryptor is not in the topology
	}
	if t.kept == nil {
		t.kept = &Kept{ID: b.network.Text("exchange"), Origin: outside}
	}
	t.kept.Exchange = x
	messages := make([]wire.Message, len(t.looks))
	for i, l := range t.looks {
		messages[i] = l.message
	}
	b.put(*t.kept, messages)
	return []Kept{*t.kept}
}

// missed forgets an exchange that continues while the sampler does not look. The caller holds b.mu.
func (b *Book) missed(e wire.Event) []Kept {
	if e.About == nil || e.KeyID == "" || e.Status != http.StatusOK {
		return nil
	}
	i := slices.IndexFunc(b.kept, func(k Kept) bool { return k.Outcome.Kind == Waiting && k.Master.KeyID == e.KeyID })
	if i < 0 {
		return nil
	}
	k := b.kept[i].told()
	k.Outcome = Outcome{Kind: Unseen}
	b.drop(i)
	return []Kept{k}
}

// exchangeOf returns the exchange of a trail, which begins when the key is made. The caller holds
// b.mu.
func (b *Book) exchangeOf(t *trail) (*Exchange, error) {
	made, fetched := t.last("/enc_keys"), t.last("/dec_keys")
	first, o := t.events[made], b.network.Overview()
	x, err := newExchange(o, bare(first.From), peerOf(first.Path))
	if err != nil {
		return nil, err
	}
	r := recorded{threshold: o.Threshold, suite: o.Suite, state: statesOf(b.network), liars: b.liars[first.KeyID], reason: first.Reason}
	x.Began = first.Start
	x.Master.hear(first, t.looks[made])
	if fetched >= 0 {
		x.Slave.hear(t.events[fetched], t.looks[fetched])
		r.isAsked, r.reason = true, t.events[fetched].Reason
	}
	x.Match = x.Slave.KeyID != "" && x.Slave.Fingerprint == x.Master.Fingerprint
	r.hubs, r.events = hubsOfBoth(o, x), t.caused(made, fetched)
	x.conclude(r)
	x.Ladder = x.draw()
	return x, nil
}

// last returns the index of the last request of an encryptor with a method, or -1.
func (t *trail) last(method string) int {
	for i, e := range slices.Backward(t.events) {
		if e.Kind == wire.KindEncryptor && strings.HasSuffix(e.Path, method) {
			return i
		}
	}
	return -1
}

// caused returns the events, each with the request that caused it.
func (t *trail) caused(made, fetched int) []wire.Event {
	events := slices.Clone(t.events)
	for i := range events {
		cause := -1
		switch events[i].Kind {
		case wire.KindShare:
			cause = made
		case wire.KindFetch:
			cause = fetched
		}
		if cause >= 0 {
			about := *events[i].About
			about.Cause = t.events[cause].Number
			events[i].About = &about
		}
	}
	return events
}

// hear sets what an end has got.
func (e *End) hear(event wire.Event, l look) {
	if event.Status == http.StatusOK {
		e.KeyID, e.Fingerprint = event.KeyID, l.fingerprint
	}
}

// peerOf returns the encryptor in the path of a request.
func peerOf(path string) string {
	segments := strings.Split(path, "/")
	name, err := url.PathUnescape(segments[max(0, len(segments)-2)])
	if err != nil {
		return ""
	}
	return name
}

// hubsOfBoth returns the hubs that either client uses, in the order of the topology.
func hubsOfBoth(o sim.Overview, x *Exchange) []string {
	var hubs []string
	for _, h := range o.Hubs {
		if slices.Contains(x.Master.hubs, h.Name) || slices.Contains(x.Slave.hubs, h.Name) {
			hubs = append(hubs, h.Name)
		}
	}
	return hubs
}

// draw returns the ladder of an exchange.
func (x *Exchange) draw() ladder.Ladder {
	l := ladder.Ladder{Title: "Key exchange of " + x.Master.Encryptor + " and " + x.Slave.Encryptor, Start: x.Began, Participants: x.participants(), Messages: []ladder.Message{}, Error: x.Error}
	for _, e := range x.Events {
		m := ladder.Message{Event: e}
		if m.Failed() && e.Reason != nil {
			m.Note = e.Reason.Text
		}
		l.Messages = append(l.Messages, m)
	}
	return l
}

// participants returns everybody who can take part in the exchange: the encryptors at the sides,
// the hubs in the middle.
func (x *Exchange) participants() []string {
	all := []string{"sae/" + x.Master.Encryptor, "client/" + x.Master.Client}
	for _, h := range x.Hubs {
		all = append(all, "hub/"+h.Name)
	}
	if x.Slave.Client != x.Master.Client {
		all = append(all, "client/"+x.Slave.Client)
	}
	return append(all, "sae/"+x.Slave.Encryptor)
}
