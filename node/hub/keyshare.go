package hub

import (
	"encoding/json"
	"errors"
	"slices"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"dske/node"
	"dske/protocol"
)

// In all handlers of shares the order is what keeps bad requests free of charge: verify, which spends
// nothing; reserve the response, so that a hub without PSRD refuses before anything has happened; spend
// what the request named; act; answer.

func (h *Hub) postKeyShare(c echo.Context) error {
	body, err := node.ReadBody(c, maxBody)
	if err != nil {
		return err
	}
	m, err := protocol.ParsePostShare(body)
	if err != nil {
		return h.counted(1, err)
	}
	return h.counted(1, h.store(c, body, m.Batch()))
}

func (h *Hub) postKeyShares(c echo.Context) error {
	body, err := node.ReadBody(c, maxBody)
	if err != nil {
		return err
	}
	m, err := protocol.ParsePostShares(body)
	if err != nil {
		return h.counted(1, err)
	}
	return h.counted(len(m.KeyIDs), h.store(c, body, m))
}

// store takes the shares of a request whose body was read.
func (h *Hub) store(c echo.Context, body []byte, m protocol.PostShares) error {
	p, incoming, err := h.verify(c, m.ClientName, body)
	if err != nil {
		return err
	}
	defer h.watch(p)
	if err := p.channel.CheckBatch(m.ShareBatch); err != nil {
		return err
	}
	out, err := reserve(p, 0)
	if err != nil {
		return err
	}
	defer out.Release()
	value, err := incoming.Open(m.SealedShare)
	if err != nil {
		return err
	}
	if !slices.Contains(p.encryptors, m.MasterSAE) {
		return node.NewError(protocol.ErrEncryptorNotRegistered, "encryptor_name", m.MasterSAE)
	}
	if err := h.shares.put(opened(m, value)); err != nil {
		return err
	}
	h.config.Counters.SharesTaken.Add(int64(len(m.KeyIDs)))
	return reply(c, out, struct{}{})
}

// opened returns the shares of a message that was opened, by the ID of their key.
func opened(m protocol.PostShares, value protocol.Secret) map[uuid.UUID]*share {
	slaves := slices.Compact(slices.Sorted(slices.Values(m.SlaveSAEs)))
	all := make([]share, len(m.KeyIDs))
	shares := make(map[uuid.UUID]*share, len(m.KeyIDs))
	for i, s := range m.Shares(value) {
		all[i] = share{Share: s, masterSAE: m.MasterSAE, slaveSAEs: slaves}
		shares[m.KeyIDs[i]] = &all[i]
	}
	return shares
}

func (h *Hub) getKeyShare(c echo.Context) error {
	m, err := protocol.ParseGetShare(c.Request().URL.RawQuery)
	if err != nil {
		return h.counted(1, err)
	}
	all := protocol.GetShares{ClientName: m.ClientName, MasterSAE: m.MasterSAE, SlaveSAE: m.SlaveSAE, KeyIDs: protocol.KeyIDs{m.KeyID}}
	return h.counted(1, h.hand(c, all, true))
}

func (h *Hub) getKeyShares(c echo.Context) error {
	m, err := protocol.ParseGetShares(c.Request().URL.RawQuery)
	if err != nil {
		return h.counted(1, err)
	}
	return h.counted(len(m.KeyIDs), h.hand(c, m, false))
}

// hand gives a client the shares that it asks for. The answer to a request for a single one is that share
// or an error.
func (h *Hub) hand(c echo.Context, m protocol.GetShares, single bool) error {
	p, incoming, err := h.verify(c, m.ClientName, nil)
	if err != nil {
		return err
	}
	defer h.watch(p)
	shares, refused, refusals := h.findShares(p, m)
	if single && len(refusals) > 0 {
		// A right signature counts even on a request that is refused, lest somebody sends it again when
		// it would be granted.
		if err := incoming.Accept(); err != nil {
			return err
		}
		return refusals[0]
	}
	out, err := reserve(p, shares.size())
	if err != nil {
		return err
	}
	defer out.Release()
	if err := incoming.Accept(); err != nil {
		return err
	}
	if err := h.shares.deliver(shares, m.SlaveSAE); err != nil {
		return err
	}
	batch, err := shares.seal(out)
	if err != nil {
		return err
	}
	h.config.Counters.handedOut(len(shares), refusals)
	if single {
		s := shares[0]
		return reply(c, out, protocol.ShareReply{ShareIndex: s.Index, Terms: s.Terms, SealedShare: batch.SealedShare})
	}
	return reply(c, out, protocol.SharesReply{ShareBatch: batch, Refused: refused})
}

// verify finds the client that a request says it is from and checks its signature.
func (h *Hub) verify(c echo.Context, client string, body []byte) (*peerClient, *protocol.Incoming, error) {
	p, err := h.find(client)
	if err != nil {
		return nil, nil, err
	}
	if err := p.failures.check(h.config.MaxFailures); err != nil {
		return nil, nil, node.NewError(err, "client_name", client)
	}
	r := c.Request()
	incoming, err := p.channel.Verify(r.Header.Values(protocol.SignatureHeader), r.URL.RawQuery, body)
	if errors.Is(err, protocol.ErrSignature) {
		p.failures.note()
		h.config.Counters.FailedVerifications.Add(1)
	}
	return p, incoming, err
}

// reserve sets PSRD aside for the response to a client.
func reserve(p *peerClient, padSize int) (*protocol.Outgoing, error) {
	out, err := p.channel.Reserve(padSize)
	if err != nil {
		return nil, node.NewError(err, "pool_owner", protocol.OwnerHub)
	}
	return out, nil
}

// reply signs and sends a response.
func reply(c echo.Context, out *protocol.Outgoing, message any) error {
	body, err := json.Marshal(message)
	if err != nil {
		return err
	}
	signature, err := out.Sign("", body)
	if err != nil {
		return err
	}
	c.Response().Header().Set(protocol.SignatureHeader, signature)
	return node.WriteJSON(c, body)
}
