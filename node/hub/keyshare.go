package hub

import (
	"encoding/json"
	"slices"

	"github.com/labstack/echo/v4"

	"dske/node"
	"dske/protocol"
)

// In both handlers the order is what keeps bad requests free of charge: verify, which spends nothing;
// reserve the response, so that a hub without PSRD refuses before anything has happened; spend what
// the request named; act; answer.

func (h *Hub) postKeyShare(c echo.Context) error {
	body, err := node.ReadBody(c, maxBody)
	if err != nil {
		return err
	}
	m, err := protocol.ParsePostShare(body)
	if err != nil {
		return err
	}
	p, incoming, err := h.verify(c, m.ClientName, body)
	if err != nil {
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
	if err := h.shares.put(m.KeyID, &share{index: m.ShareIndex, value: value, masterSAE: m.MasterSAE, slaveSAE: m.SlaveSAE}); err != nil {
		return err
	}
	return reply(c, out, struct{}{})
}

func (h *Hub) getKeyShare(c echo.Context) error {
	m, err := protocol.ParseGetShare(c.Request().URL.RawQuery)
	if err != nil {
		return err
	}
	p, incoming, err := h.verify(c, m.ClientName, nil)
	if err != nil {
		return err
	}
	sh, err := h.findShare(p, m)
	if err != nil {
		// A right signature counts even on a request that is refused, lest somebody sends it again
		// when it would be granted.
		if spent := incoming.Accept(); spent != nil {
			return spent
		}
		return err
	}
	out, err := reserve(p, sh.value.Size())
	if err != nil {
		return err
	}
	defer out.Release()
	if err := incoming.Accept(); err != nil {
		return err
	}
	if !h.shares.remove(m.KeyID, sh) { // another request was faster
		return node.NewError(protocol.ErrUnknownKey, "key_id", m.KeyID)
	}
	sealed, err := out.Seal(h.altered(sh.value))
	if err != nil {
		return err
	}
	return reply(c, out, protocol.ShareReply{ShareIndex: sh.index, SealedShare: sealed})
}

// altered returns what the hub says that a share is.
func (h *Hub) altered(share protocol.Secret) protocol.Secret {
	if h.config.Alter == nil {
		return share
	}
	value := slices.Clone(share.Reveal())
	h.config.Alter(value)
	return protocol.NewSecret(value)
}

// verify finds the client that a request says it is from and checks its signature.
func (h *Hub) verify(c echo.Context, client string, body []byte) (*peerClient, *protocol.Incoming, error) {
	p, err := h.find(client)
	if err != nil {
		return nil, nil, err
	}
	r := c.Request()
	incoming, err := p.channel.Verify(r.Header.Values(protocol.SignatureHeader), r.URL.RawQuery, body)
	return p, incoming, err
}

// findShare returns the share that a client asks for, if it is meant for an encryptor of that client.
func (h *Hub) findShare(p *peerClient, m protocol.GetShare) (*share, error) {
	if !slices.Contains(p.encryptors, m.SlaveSAE) {
		return nil, node.NewError(protocol.ErrEncryptorNotRegistered, "encryptor_name", m.SlaveSAE)
	}
	return h.shares.find(m)
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
