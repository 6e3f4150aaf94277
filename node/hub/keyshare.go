package hub

import (
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"dske/node"
	"dske/protocol"
)

func (h *Hub) postKeyShare(c echo.Context) error {
	return h.inBand(c, protocol.PathKeyShare, func(r protocol.Request) operation {
		m, err := protocol.ParsePostShare(r.Body)
		if err != nil {
			return malformed(protocol.Sender(r.Body), err)
		}
		return h.storing(m.Batch())
	})
}

func (h *Hub) postKeyShares(c echo.Context) error {
	return h.inBand(c, protocol.PathKeyShares, func(r protocol.Request) operation {
		m, err := protocol.ParsePostShares(r.Body)
		if err != nil {
			return malformed(protocol.Sender(r.Body), err)
		}
		return h.storing(m)
	})
}

// storing is the operation that takes the shares of a message.
func (h *Hub) storing(m protocol.PostShares) operation {
	return operation{
		client: m.ClientName,
		shares: len(m.KeyIDs),
		prepare: func(*peerClient) (int, error) {
			if err := m.CheckTerms(h.config.Suite, len(m.SlaveSAEs)); err != nil {
				return 0, err
			}
			if err := h.shares.checkRoom(m); err != nil {
				return 0, err
			}
			return 0, h.journal.ready()
		},
		act: func(p *peerClient, incoming *protocol.Incoming, _ *protocol.Outgoing) (any, error) {
			values, err := incoming.Open(m.SealedShare)
			if err != nil {
				return nil, err
			}
			if err := h.store(p, m, values); err != nil {
				clear(values.Reveal())
				return nil, err
			}
			h.config.Counters.SharesTaken.Add(int64(len(m.KeyIDs)))
			return struct{}{}, nil
		},
	}
}

// store stores the shares of a decrypted message.
func (h *Hub) store(p *peerClient, m protocol.PostShares, values protocol.Secret) error {
	if !slices.Contains(p.encryptors, m.MasterSAE) {
		return node.NewError(protocol.ErrEncryptorNotRegistered, "encryptor_name", m.MasterSAE)
	}
	if number := h.config.Number; h.config.Suite.Rules().Numbered && m.ShareIndex != number {
		return fmt.Errorf("%w: a share_index of %d, and this hub has the number %d", protocol.ErrMalformed, m.ShareIndex, number)
	}
	owners := make([]string, len(m.SlaveSAEs))
	for i, slave := range m.SlaveSAEs {
		var known bool
		if owners[i], known = h.ownerOf(slave); !known {
			return node.NewError(protocol.ErrUnknownEncryptor, "encryptor_name", slave)
		}
	}
	return h.shares.put(opened(p.name, m, owners, values))
}

// opened returns the shares of a decrypted message, by key ID. owners are the clients that serve
// the slaves now.
func opened(client string, m protocol.PostShares, owners []string, values protocol.Secret) map[uuid.UUID]*share {
	all := make([]share, len(m.KeyIDs))
	shares := make(map[uuid.UUID]*share, len(m.KeyIDs))
	for i, s := range m.Shares(values) {
		all[i] = share{Share: s, client: client, masterSAE: m.MasterSAE, slaveSAEs: m.SlaveSAEs, slaveOwners: owners}
		shares[m.KeyIDs[i]] = &all[i]
	}
	return shares
}

func (h *Hub) getKeyShare(c echo.Context) error {
	return h.inBand(c, protocol.PathKeyShare, func(r protocol.Request) operation {
		m, err := protocol.ParseGetShare(r.Query)
		if err != nil {
			return malformed(protocol.Asker(r.Query), err)
		}
		all := protocol.GetShares{ClientName: m.ClientName, MasterSAE: m.MasterSAE, SlaveSAE: m.SlaveSAE, KeyIDs: protocol.KeyIDs{m.KeyID}}
		return h.handing(all, true)
	})
}

func (h *Hub) getKeyShares(c echo.Context) error {
	return h.inBand(c, protocol.PathKeyShares, func(r protocol.Request) operation {
		m, err := protocol.ParseGetShares(r.Query)
		if err != nil {
			return malformed(protocol.Asker(r.Query), err)
		}
		return h.handing(m, false)
	})
}

// handing is the operation that gives a client the shares that it asks for. If single is set, the
// answer is the one share or a refusal.
func (h *Hub) handing(m protocol.GetShares, single bool) operation {
	var shares found
	var refused []protocol.Refusal
	var refusals []error
	return operation{
		client: m.ClientName,
		shares: len(m.KeyIDs),
		prepare: func(p *peerClient) (int, error) {
			if err := h.shares.readyToSend(); err != nil {
				return 0, err
			}
			shares, refused, refusals = h.findShares(p, m)
			if single && len(refusals) > 0 {
				return 0, refusals[0]
			}
			return shares.size(), nil
		},
		act: func(_ *peerClient, _ *protocol.Incoming, out *protocol.Outgoing) (any, error) {
			parts, err := h.shares.deliver(shares, m.SlaveSAE)
			var gone *goneError
			if errors.As(err, &gone) && !single { // a fact about one key, not about the others
				shares, refused = nil, append(refused, gone.refusal())
				refusals, err = append(refusals, gone), nil
			}
			if err != nil {
				return nil, err
			}
			batch, err := shares.seal(out, parts)
			if err != nil {
				return nil, err
			}
			h.config.Counters.countHandedOut(len(shares), refusals)
			if single {
				s := parts[0]
				return protocol.ShareReply{ShareIndex: s.Index, Terms: s.Terms, SealedShare: batch.SealedShare}, nil
			}
			return protocol.SharesReply{ShareBatch: batch, Refused: refused}, nil
		},
	}
}
