package conformance

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/psrd"
)

// resign returns an answer with a signature under those bytes, which would be valid if the hub
// could choose them for that.
func (h *playedHub) resign(a *arrival, reply answer, key psrd.Fragment) answer {
	context := h.all.suite.ResponseContext(protocol.Response{To: a.signature(), Status: reply.status})
	tag := h.all.suite.ComputeTag(h.data[key.Block][key.Start:key.Start+key.Size], context, reply.body)
	return reply.signed(header(tag[:h.all.suite.TagSize()], key))
}

// signed returns the answer with another signature, or without one if that is "".
func (a answer) signed(signature string) answer {
	a.header = a.header.Clone()
	if a.header.Del(protocol.SignatureHeader); signature != "" {
		a.header.Set(protocol.SignatureHeader, signature)
	}
	return a
}

// spoils are the possible faults of the signature of an answer, by name.
var spoils = []struct {
	name  string
	suite protocol.Suite // the only suite that excludes the fault; nil: both
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

// unused returns the last bytes of a block, which have not been used so far; they form a signing
// key if size is that of one. Without a block it returns a fragment of one that does not exist.
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
