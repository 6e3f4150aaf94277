package conformance

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"dske/node"
	"dske/protocol"
	"dske/psrd"
)

// inBand is the honest answer to a message about shares.
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

// answer does what a message asks for whose signature is right.
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

// asked returns the keys that a GET is about.
func (a *arrival) asked() ([]uuid.UUID, error) {
	if a.path == protocol.PathKeyShares {
		m, err := protocol.ParseGetShares(a.query)
		return m.KeyIDs, err
	}
	m, err := protocol.ParseGetShare(a.query)
	return []uuid.UUID{m.KeyID}, err
}

// offers returns what there is of the shares that are asked for.
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

// refuses is the answer of a hub that refuses a message for that reason, and does so as it should.
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

// resign returns an answer with a signature under those bytes, as it would be right if they were
// the hub's to choose for that.
func (h *playedHub) resign(a *arrival, reply answer, key psrd.Fragment) answer {
	context := h.all.suite.ResponseContext(protocol.Response{To: a.signature(), Status: reply.status})
	tag := h.all.suite.ComputeTag(h.data[key.Block][key.Start:key.Start+key.Size], context, reply.body)
	return reply.signed(header(tag, key))
}

// signed returns the answer with another signature; "" is none.
func (a answer) signed(signature string) answer {
	a.header = a.header.Clone()
	if a.header.Del(protocol.SignatureHeader); signature != "" {
		a.header.Set(protocol.SignatureHeader, signature)
	}
	return a
}

// spoils is what can be wrong with the signature of an answer, by name.
var spoils = []struct {
	name  string
	suite protocol.Suite // the only one that excludes it; nil: both
	spoil func(h *playedHub, a *arrival, reply answer) answer
}{
	{"without a signature", nil, func(_ *playedHub, _ *arrival, reply answer) answer { return reply.signed("") }},
	{"with a wrong tag", nil, func(_ *playedHub, _ *arrival, reply answer) answer {
		names, text, _ := strings.Cut(reply.header.Get(protocol.SignatureHeader), "%")
		tag, _ := base64.StdEncoding.DecodeString(text)
		if len(tag) > 0 {
			tag[0] ^= 1
		}
		return reply.signed(names + "%" + encoded(tag))
	}},
	{"whose body was changed", nil, func(_ *playedHub, _ *arrival, reply answer) answer {
		reply.body = append(append([]byte{}, reply.body...), ' ')
		return reply
	}},
	{"that is signed for another request", protocol.ITS, func(h *playedHub, a *arrival, reply answer) answer {
		names, _, _ := strings.Cut(reply.header.Get(protocol.SignatureHeader), "%")
		key, err := fragmentOf(names)
		if err != nil {
			return reply.signed("")
		}
		other := *a
		other.request = a.request.spelled(header(random(h.all.suite.TagSize()), key))
		return h.resign(&other, reply, key)
	}},
	{"that is signed with bytes of the client's", nil, func(h *playedHub, a *arrival, reply answer) answer {
		return h.resign(a, reply, h.unused(protocol.OwnerClient, psrd.ForKeys, protocol.SigningKeySize))
	}},
	{"that is signed with bytes for pads", protocol.ITS, func(h *playedHub, a *arrival, reply answer) answer {
		return h.resign(a, reply, h.unused(protocol.OwnerHub, psrd.ForPads, protocol.SigningKeySize))
	}},
}

// unused returns the last bytes of a block, which nobody has used so far, and which are a signing
// key if so many are asked for. If there is no block they are of one that nobody has.
func (h *playedHub) unused(owner protocol.PoolOwner, purpose psrd.Purpose, size int) psrd.Fragment {
	if !h.all.suite.Rules().Purposes {
		purpose = psrd.ForAll
	}
	blocks := h.pool(owner, purpose).Status()
	if len(blocks) == 0 {
		id := uuid.New()
		h.data[id] = random(size)
		return psrd.Fragment{Block: id, Size: size}
	}
	last := blocks[len(blocks)-1]
	end := last.Size / psrd.SlotSize * psrd.SlotSize
	return psrd.Fragment{Block: last.UUID, Start: max(0, end-size), Size: min(size, end)}
}

// fragmentOf reads a fragment of a signature.
func fragmentOf(text string) (f psrd.Fragment, err error) {
	parts := strings.Split(text, ":")
	if len(parts) != 3 {
		return f, protocol.ErrMalformed
	}
	if f.Block, err = uuid.Parse(parts[0]); err == nil {
		_, err = fmt.Sscan(parts[1], &f.Start)
	}
	if err == nil {
		_, err = fmt.Sscan(parts[2], &f.Size)
	}
	return f, err
}
