package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"dske/node"
	"dske/protocol"
)

var errNoMulticast = errors.New("the hub knows no keys for several slaves")

// batch is keys that are scattered together, with the shares of all of them for each hub.
type batch struct {
	master string
	slaves []string
	keys   []key
	shares [][]protocol.Share // by key, then by hub
}

// postBatch gives the hub its shares of the keys of a batch, those with the index i.
func (h *peerHub) postBatch(ctx context.Context, b *batch, i int, r *reservation) error {
	if len(b.keys) == 1 && len(b.slaves) == 1 {
		return h.postShare(ctx, b, i, 0, r)
	}
	if s := h.current(); s != nil && s.singly.Load() {
		return h.postSingly(ctx, b, i)
	}
	ids := make(protocol.KeyIDs, len(b.keys))
	shares := make([]protocol.Share, len(b.keys))
	for k, key := range b.keys {
		ids[k], shares[k] = key.id, b.shares[k][i]
	}
	m := protocol.PostShares{ClientName: h.client.config.Name, MasterSAE: b.master, SlaveSAEs: b.slaves}
	var values protocol.Secret
	m.ShareBatch, values = protocol.NewShareBatch(ids, shares)
	defer clear(values.Reveal())
	err := h.post(ctx, protocol.PathKeyShares, values, r, func(sealed protocol.SealedShare) any {
		m.SealedShare = sealed
		return m
	})
	if isNoRoute(err) {
		h.sendSingly()
		return h.postSingly(ctx, b, i)
	}
	return h.client.config.Counters.scattered(len(b.keys), err)
}

// postSingly gives the hub its shares one after the other.
func (h *peerHub) postSingly(ctx context.Context, b *batch, i int) error {
	if len(b.slaves) > 1 {
		return h.client.config.Counters.scattered(len(b.keys), errNoMulticast)
	}
	for k := range b.keys {
		if err := h.postShare(ctx, b, i, k, nil); err != nil {
			return err
		}
	}
	return nil
}

// postShare gives the hub its share of one key of a batch.
func (h *peerHub) postShare(ctx context.Context, b *batch, i, k int, r *reservation) error {
	s := b.shares[k][i]
	err := h.post(ctx, protocol.PathKeyShare, s.Value, r, func(sealed protocol.SealedShare) any {
		return protocol.PostShare{
			ClientName:  h.client.config.Name,
			MasterSAE:   b.master,
			SlaveSAE:    b.slaves[0],
			KeyID:       b.keys[k].id,
			ShareIndex:  s.Index,
			Terms:       s.Terms,
			SealedShare: sealed,
		}
	})
	return h.client.config.Counters.scattered(1, err)
}

// getShares fetches the hub's shares of several keys, and calls got with each share or with why there
// is none. If it fails, that is why there is none of the keys that got was not called for.
func (h *peerHub) getShares(ctx context.Context, m protocol.GetShares, got func(uuid.UUID, protocol.Share, error)) error {
	for len(m.KeyIDs) > 0 {
		s := h.current()
		if len(m.KeyIDs) == 1 || s != nil && s.singly.Load() {
			share, err := h.getShare(ctx, m.One(m.KeyIDs[0]))
			got(m.KeyIDs[0], share, err)
			m.KeyIDs = m.KeyIDs[1:]
			continue
		}
		rest, err := h.getSome(ctx, m, got)
		if isNoRoute(err) {
			h.sendSingly()
			continue
		}
		if err != nil {
			return err
		}
		m.KeyIDs = rest
	}
	return nil
}

// getShare fetches the hub's share of one key.
func (h *peerHub) getShare(ctx context.Context, m protocol.GetShare) (share protocol.Share, err error) {
	err = h.get(ctx, protocol.PathKeyShare, m.Query(), func(s *session, incoming *protocol.Incoming, body []byte) error {
		reply, err := protocol.ParseShareReply(body)
		if err != nil {
			return err
		}
		if err := s.channel.CheckTerms(reply.Terms, len(reply.Value)); err != nil {
			return err
		}
		value, err := incoming.Open(reply.SealedShare)
		share = protocol.Share{Index: reply.ShareIndex, Terms: reply.Terms, Value: value}
		return err
	})
	return share, err
}

// getSome fetches the shares of as many keys as fit into a response, and returns the rest of them.
func (h *peerHub) getSome(ctx context.Context, m protocol.GetShares, got func(uuid.UUID, protocol.Share, error)) (rest protocol.KeyIDs, err error) {
	rest = m.KeyIDs
	err = h.get(ctx, protocol.PathKeyShares, m.Query(), func(s *session, incoming *protocol.Incoming, body []byte) error {
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
			return fmt.Errorf("%w: it is about none of the keys", protocol.ErrMalformed)
		}
		return nil
	})
	return rest, err
}

// open returns the shares in a response.
func open(s *session, incoming *protocol.Incoming, reply protocol.SharesReply) ([]protocol.Share, error) {
	if len(reply.KeyIDs) == 0 {
		return nil, incoming.Accept()
	}
	if err := s.channel.CheckBatch(reply.ShareBatch); err != nil {
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

// sendSingly notes that the hub does not know messages with several shares.
func (h *peerHub) sendSingly() {
	if s := h.current(); s != nil {
		s.singly.Store(true)
	}
}

// isNoRoute reports whether the hub has no such path, as that of the Python implementation has not.
func isNoRoute(err error) bool {
	var refused *node.Error
	return errors.As(err, &refused) && refused.Status == http.StatusNotFound && errors.Unwrap(refused) == nil
}
