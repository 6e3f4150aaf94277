package conformance

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"dske/node"
	"dske/protocol"
	"dske/psrd"
)

// inBand returns the honest answer to a message about shares.
func (h *playedHub) inBand(a *arrival) answer {
	id := a.signature() + "\n" + a.method + " " + a.path + "?" + a.query + "\n" + string(a.body)
	if again, found := h.answered[id]; found {
		return again
	}
	if h.client == "" {
		return refusal(protocol.ErrClientNotRegistered)
	}
	incoming, err := h.channel.VerifyRequest(a.header.Values(protocol.SignatureHeader), a.covered())
	if err != nil {
		a.flaw = fmt.Errorf("%s %s: %w", a.method, a.path, err)
		return refusal(err)
	}
	defer incoming.Release()
	reply := h.answer(a, incoming)
	if reply.header.Get(protocol.SignatureHeader) != "" {
		h.answered[id] = reply
	}
	return reply
}

// answer does what a message with a valid signature asks for.
func (h *playedHub) answer(a *arrival, incoming *protocol.Incoming) answer {
	var asked []uuid.UUID
	if a.method == http.MethodGet {
		var err error
		if asked, err = a.asked(); err != nil {
			a.flaw = err
			return refusal(err)
		}
	}
	shares := h.offers(asked)
	size := 0
	for _, s := range shares {
		size += s.Value.Size()
	}
	out, err := h.channel.Reserve(size)
	var lack *psrd.ExhaustedError
	if errors.As(err, &lack) {
		h.lacks = []protocol.Lack{{Purpose: lack.Purpose, Bytes: lack.Needed - lack.Available}}
		return refusal(node.NewError(err, "pool_owner", protocol.OwnerHub))
	}
	defer out.Release()
	if err := incoming.Accept(); err != nil {
		a.flaw = err
		return refusal(err)
	}
	switch {
	case a.method == http.MethodPost:
		if a.flaw = h.take(a, incoming); a.flaw != nil {
			return refusal(a.flaw)
		}
		return h.sign(out, a, http.StatusOK, struct{}{})
	case a.path == protocol.PathKeyShares:
		return h.sign(out, a, http.StatusOK, sharesReply(out, asked, shares))
	case len(shares) == 0:
		return h.refuse(out, a, node.NewError(protocol.ErrUnknownKey, "key_id", asked[0]))
	}
	s := shares[asked[0]]
	reply := protocol.ShareReply{ShareIndex: s.Index, Terms: s.Terms}
	reply.SealedShare, _ = out.Seal(s.Value)
	return h.sign(out, a, http.StatusOK, reply)
}

// asked returns the keys that a GET asks for.
func (a *arrival) asked() ([]uuid.UUID, error) {
	if a.path == protocol.PathKeyShares {
		m, err := protocol.ParseGetShares(a.query)
		return m.KeyIDs, err
	}
	m, err := protocol.ParseGetShare(a.query)
	return []uuid.UUID{m.KeyID}, err
}

// offers returns the existing shares among those asked for.
func (h *playedHub) offers(asked []uuid.UUID) map[uuid.UUID]protocol.Share {
	shares := map[uuid.UUID]protocol.Share{}
	for _, id := range asked {
		if s, found := h.offered[id]; found {
			shares[id] = s
		}
	}
	return shares
}

// sharesReply seals shares and refuses the rest.
func sharesReply(out *protocol.Outgoing, asked []uuid.UUID, shares map[uuid.UUID]protocol.Share) protocol.SharesReply {
	reply := protocol.SharesReply{Refused: []protocol.Refusal{}}
	var ids protocol.KeyIDs
	var there []protocol.Share
	for _, id := range asked {
		if s, found := shares[id]; found {
			ids, there = append(ids, id), append(there, s)
			continue
		}
		e := node.NewError(protocol.ErrUnknownKey)
		reply.Refused = append(reply.Refused, protocol.Refusal{KeyID: id, Status: e.Status, Message: e.Message})
	}
	if len(ids) == 0 {
		reply.KeyIDs, reply.SealedShare = protocol.KeyIDs{}, protocol.SealedShare{Pad: protocol.PadAllocation{Fragments: []psrd.Fragment{}}, Value: []byte{}}
		return reply
	}
	var values protocol.Secret
	reply.ShareBatch, values = protocol.NewShareBatch(ids, there)
	reply.SealedShare, _ = out.Seal(values)
	return reply
}

// take takes the shares of a POST.
func (h *playedHub) take(a *arrival, incoming *protocol.Incoming) error {
	m, err := a.posted()
	if err == nil {
		err = m.CheckTerms(h.all.suite, len(m.SlaveSAEs))
	}
	if err != nil {
		return err
	}
	values, err := incoming.Open(m.SealedShare)
	if err != nil {
		return err
	}
	for i, s := range m.Shares(values) {
		h.given[m.KeyIDs[i]] = s
	}
	return nil
}

// posted reads the message of a POST.
func (a *arrival) posted() (protocol.PostShares, error) {
	if a.path == protocol.PathKeyShares {
		return protocol.ParsePostShares(a.body)
	}
	m, err := protocol.ParsePostShare(a.body)
	return m.Batch(), err
}

// sign signs an answer to a request.
func (h *playedHub) sign(out *protocol.Outgoing, a *arrival, status int, body any) answer {
	reply := jsonAnswer(status, body)
	if status != http.StatusOK && !h.all.suite.Rules().Refusals {
		return reply
	}
	signature, err := out.SignResponse(protocol.Response{To: a.signature(), Status: status, Body: reply.body})
	if err != nil {
		return refusal(err)
	}
	reply.header.Set(protocol.SignatureHeader, signature)
	return reply
}

func (h *playedHub) refuse(out *protocol.Outgoing, a *arrival, e *node.Error) answer {
	return h.sign(out, a, e.Status, e)
}

// refuses returns the correct answer of a hub that refuses a message for that reason.
func (h *playedHub) refuses(a *arrival, why error) answer {
	incoming, err := h.channel.VerifyRequest(a.header.Values(protocol.SignatureHeader), a.covered())
	if err != nil {
		return refusal(err)
	}
	out, err := h.channel.Reserve(0)
	if err == nil {
		err = incoming.Accept()
	}
	if err != nil {
		return refusal(err)
	}
	return h.refuse(out, a, node.NewError(why))
}
