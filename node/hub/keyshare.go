package hub

import (
	"errors"
	"fmt"
	"slices"

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
	return operation{client: m.ClientName, shares: len(m.KeyIDs), steps: &storing{h, m}}
}

type storing struct {
	hub *Hub
	protocol.PostShares
}

func (s *storing) prepare(*peerClient) (padSize int, err error) {
	if err := s.CheckTerms(s.hub.config.Suite, len(s.SlaveSAEs)); err != nil {
		return 0, err
	}
	if err := s.hub.shares.checkRoom(s.PostShares); err != nil {
		return 0, err
	}
	return 0, s.hub.journal.ready()
}

func (s *storing) act(p *peerClient, incoming *protocol.Incoming, _ *protocol.Outgoing) (any, error) {
	values, err := incoming.Open(s.SealedShare)
	if err != nil {
		return nil, err
	}
	if err := s.hub.store(p, s.PostShares, values); err != nil {
		clear(values.Reveal())
		return nil, err
	}
	s.hub.config.Counters.SharesTaken.Add(int64(len(s.KeyIDs)))
	return struct{}{}, nil
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

// opened returns the shares of a decrypted message. owners are the clients that serve the slaves
// now.
func opened(client string, m protocol.PostShares, owners []string, values protocol.Secret) []keyShare {
	shares := make([]keyShare, len(m.KeyIDs))
	for i, s := range m.Shares(values) {
		shares[i] = keyShare{m.KeyIDs[i], &share{Share: s, client: client, masterSAE: m.MasterSAE, slaveSAEs: m.SlaveSAEs, slaveOwners: owners}}
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
	return operation{client: m.ClientName, shares: len(m.KeyIDs), steps: &handing{hub: h, GetShares: m, single: single}}
}

type handing struct {
	hub *Hub
	protocol.GetShares
	single bool

	shares   found              // those that there are
	refused  []protocol.Refusal // of the others
	refusals []error            // likewise
}

func (s *handing) prepare(p *peerClient) (padSize int, err error) {
	if err := s.hub.shares.readyToSend(); err != nil {
		return 0, err
	}
	s.shares, s.refused, s.refusals = s.hub.findShares(p, s.GetShares)
	if s.single && len(s.refusals) > 0 {
		return 0, s.refusals[0]
	}
	return s.shares.size(), nil
}

func (s *handing) act(_ *peerClient, _ *protocol.Incoming, out *protocol.Outgoing) (any, error) {
	parts, err := s.hub.shares.deliver(s.shares, s.SlaveSAE)
	if gone, ok := errors.AsType[*goneError](err); ok && !s.single { // a fact about one key, not about the others
		s.shares, s.refused = nil, append(s.refused, gone.refusal())
		s.refusals, err = append(s.refusals, gone), nil
	}
	if err != nil {
		return nil, err
	}
	message, err := s.seal(out, parts)
	clearParts(parts)
	if err != nil {
		return nil, err
	}
	s.hub.config.Counters.countHandedOut(len(s.shares), s.refusals)
	return message, nil
}

// seal makes the answer with the slave's parts of the shares, encrypted with the pad of the answer.
func (s *handing) seal(out *protocol.Outgoing, parts []protocol.Share) (message any, err error) {
	if !s.single {
		batch, err := s.shares.seal(out, parts)
		return protocol.SharesReply{ShareBatch: batch, Refused: s.refused}, err
	}
	share := parts[0]
	sealed, err := out.Seal(share.Value)
	return protocol.ShareReply{ShareIndex: share.Index, Terms: share.Terms, SealedShare: sealed}, err
}
