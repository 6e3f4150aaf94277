package association

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"dske/node"
	"dske/protocol"
	"dske/psrd"
)

// Get fetches the hub's shares of the keys in m, at least one. It calls got for each key with the
// share or the reason why there is none, in any order. If Get fails, its error holds for the keys
// for which got was not called. A hub may also answer for keys that were not asked for, or twice.
// The slave in m must be of this client. Get may share a message with other requests.
func (a *Association) Get(ctx context.Context, m protocol.GetShares, got func(uuid.UUID, protocol.Share, error)) error {
	m.ClientName = a.config.Client
	if a.SharesMessages() {
		load := &getting{GetShares: m, ctx: ctx}
		<-a.gets.Take(route{m.MasterSAE, m.SlaveSAE}, load, len(m.KeyIDs), a.getTogether)
		for _, answer := range load.answers {
			got(answer.key, answer.share, answer.err)
		}
		if load.err != nil {
			return load.err
		}
		m.KeyIDs = load.KeyIDs
	}
	for len(m.KeyIDs) > 0 {
		var err error
		if m.KeyIDs, err = a.getOnce(ctx, m, got); err != nil {
			return err
		}
	}
	return nil
}

// route is what all requests that share a message have in common.
type route struct{ master, slave string }

// getting is what one request asks for on a trip, and the outcome.
type getting struct {
	protocol.GetShares // its keys are replaced by those without an answer
	ctx                context.Context
	answers            []shareAnswer
	err                error
}

// shareAnswer is the answer of a hub about one key.
type shareAnswer struct {
	key   uuid.UUID
	share protocol.Share
	err   error
}

// SharesMessages reports whether requests to the hub may share messages.
func (a *Association) SharesMessages() bool {
	if a.config.Single {
		return false
	}
	s := a.current()
	return s == nil || !s.singly.Load()
}

// getTogether asks for the keys of several requests in one message.
func (a *Association) getTogether(loads []*getting) {
	all, ctx := loads[0].GetShares, loads[0].ctx
	all.KeyIDs = nil
	of := map[uuid.UUID]*getting{}
	for _, l := range loads {
		ctx = laterOf(ctx, l.ctx)
		all.KeyIDs = append(all.KeyIDs, l.KeyIDs...)
		for _, id := range l.KeyIDs {
			of[id] = l
		}
	}
	rest, err := a.getOnce(ctx, all, func(id uuid.UUID, share protocol.Share, err error) {
		l := of[id]
		if l == nil { // not asked for
			clear(share.Value.Reveal())
			return
		}
		l.answers = append(l.answers, shareAnswer{id, share, err})
	})
	for _, l := range loads {
		l.KeyIDs, l.err = nil, err
	}
	for _, id := range rest {
		of[id].KeyIDs = append(of[id].KeyIDs, id)
	}
}

// laterOf returns the context that lasts longer. A message lasts as long as any of its requests
// wants it to: a hub forgets a share that it has given, even if nobody receives its answer any more.
func laterOf(a, b context.Context) context.Context {
	end, ends := a.Deadline()
	other, alsoEnds := b.Deadline()
	if ends && (!alsoEnds || other.After(end)) {
		return b
	}
	return a
}

// getOnce sends one message of Get. It returns the keys that must be asked for again.
func (a *Association) getOnce(ctx context.Context, m protocol.GetShares, got func(uuid.UUID, protocol.Share, error)) (rest protocol.KeyIDs, err error) {
	s := a.current()
	if len(m.KeyIDs) == 1 || s != nil && s.singly.Load() {
		share, err := a.getShare(ctx, m.One(m.KeyIDs[0]))
		got(m.KeyIDs[0], share, err)
		return m.KeyIDs[1:], nil
	}
	rest, err = a.getSome(ctx, m, got)
	if a.isNoRoute(err) {
		a.sendSingly()
		return m.KeyIDs, nil
	}
	return rest, err
}

// getShare fetches the hub's share of one key.
func (a *Association) getShare(ctx context.Context, m protocol.GetShare) (share protocol.Share, err error) {
	err = a.get(ctx, protocol.PathKeyShare, m.Query(), func(s *session, incoming *protocol.Incoming, body []byte) error {
		leave, err := a.config.Bulk.Enter(ctx, len(body))
		if err != nil {
			return err
		}
		defer leave()
		reply, err := protocol.ParseShareReply(body)
		if err != nil {
			return err
		}
		if err := s.channel.Suite().CheckTerms(reply.Terms, len(reply.Value), 1); err != nil {
			return err
		}
		value, err := incoming.Open(reply.SealedShare)
		share = protocol.Share{Index: reply.ShareIndex, Terms: reply.Terms, Value: value}
		return err
	})
	return share, err
}

// getSome fetches the shares of as many keys as fit into a response, and returns the keys that are
// left.
func (a *Association) getSome(ctx context.Context, m protocol.GetShares, got func(uuid.UUID, protocol.Share, error)) (rest protocol.KeyIDs, err error) {
	rest = m.KeyIDs
	err = a.get(ctx, protocol.PathKeyShares, m.Query(), func(s *session, incoming *protocol.Incoming, body []byte) error {
		reply, err := protocol.ParseSharesReply(body)
		if err != nil {
			return err
		}
		shares, err := open(s, incoming, reply)
		if err != nil {
			return err
		}
		answered := map[uuid.UUID]bool{}
		for i, share := range shares {
			answered[reply.KeyIDs[i]] = true
			got(reply.KeyIDs[i], share, nil)
		}
		for _, r := range reply.Refused {
			answered[r.KeyID] = true
			got(r.KeyID, protocol.Share{}, node.Reported(r.Status, r.Message))
		}
		rest = without(m.KeyIDs, answered)
		if len(rest) == len(m.KeyIDs) {
			return fmt.Errorf("%w: it has none of the keys that were asked for", protocol.ErrMalformed)
		}
		return nil
	})
	return rest, err
}

// get asks the hub for shares. It calls read with the verified response; read must open it, and is
// called again if it then lacked a block.
func (a *Association) get(ctx context.Context, path, query string, read func(*session, *protocol.Incoming, []byte) error) error {
	return a.deal(ctx, nil, 0, func(r *Reservation) error {
		defer r.Release()
		began := a.doubt.settledCount()
		incoming, body, err := a.inBand(ctx, r, message{method: http.MethodGet, path: path, query: query})
		if err != nil {
			return err
		}
		if err := incoming.Accept(); err != nil { // a valid tag counts, whatever is wrong with the rest
			return err
		}
		err = read(r.session, incoming, body)
		if errors.Is(err, psrd.ErrUnknownBlock) { // of a pad
			if err := a.awaitBlock(ctx); err != nil {
				return err
			}
			err = read(r.session, incoming, body)
		}
		if err == nil {
			return nil
		}
		err = fmt.Errorf("response of the hub: %w", err)
		switch {
		case !errors.Is(err, psrd.ErrUnknownBlock):
		case a.config.Suite.Rules().Refusals:
			return a.ask(ctx, r.session, began, err)
		default:
			a.forget(r.session)
		}
		return err
	})
}

// open returns the shares in a response.
func open(s *session, incoming *protocol.Incoming, reply protocol.SharesReply) ([]protocol.Share, error) {
	if len(reply.KeyIDs) == 0 {
		return nil, nil
	}
	if err := reply.CheckTerms(s.channel.Suite(), 1); err != nil {
		return nil, err
	}
	values, err := incoming.Open(reply.SealedShare)
	if err != nil {
		return nil, err
	}
	return reply.Shares(values), nil
}

func without(ids protocol.KeyIDs, answered map[uuid.UUID]bool) protocol.KeyIDs {
	var rest protocol.KeyIDs
	for _, id := range ids {
		if !answered[id] {
			rest = append(rest, id)
		}
	}
	return rest
}
