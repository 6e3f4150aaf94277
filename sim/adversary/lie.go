package adversary

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/protocol/its"
	"dske/psrd"
	"dske/sim/wire"
)

// The ways in which his hubs lie.
const (
	LieKnowing   = "knowing"   // they know the key, and shift it
	LieThreshold = "threshold" // they claim to reach the threshold
	LieIndex     = "index"     // they claim the indices of others
)

// Lie makes compromised hubs lie about a key to those who ask for it. A shift is computed for
// combination with the shares of the given honest hubs; he has to withhold the answers of the
// others. It returns the key that the slave is to accept, if there is one.
func (h *Hands) Lie(key uuid.UUID, how string, liars, honest []string) (protocol.Secret, error) {
	lies, meant, err := h.lies(key, how, liars, honest)
	if err != nil {
		return meant, err
	}
	h.begin(func(ctx context.Context, r *wire.Request, next wire.Deliver) (wire.Response, bool, error) {
		if r.Method != http.MethodGet || !slices.Contains(keysOf(r), key) {
			return wire.Response{}, false, nil
		}
		l, lying := lies[r.To]
		if !lying {
			return wire.Response{}, false, nil
		}
		response, err := next(ctx, r)
		if err != nil || response.Status != http.StatusOK {
			return response, true, err
		}
		response, err = h.alter(r, response, l)
		h.note("lie", r.From, r.To, response.Status)
		return response, true, err
	})
	return meant, nil
}

// lie is a hub's false answer.
type lie struct {
	index int             // index of the share
	shift []byte          // added to its share, or
	own   *protocol.Share // replaces its share and the terms
}

// lies returns the lie of each liar.
func (h *Hands) lies(key uuid.UUID, how string, liars, honest []string) (map[string]lie, protocol.Secret, error) {
	indices := h.indices()
	if how == LieThreshold {
		return h.liesOfThreshold(indices, liars)
	}
	shares := h.polynomial(key)
	switch {
	case shares == nil:
		return nil, protocol.Secret{}, errUnknownKey
	case how == LieIndex:
		return liesOfIndex(shares, indices, liars, honest), protocol.Secret{}, nil
	case h.suite.Name() == protocol.SuitePython:
		return h.liesPython(shares, indices, liars, honest)
	default:
		return h.liesITS(shares, indices, liars, honest)
	}
}

// liesOfThreshold returns shares of a key of his own, of which the liars are enough.
func (h *Hands) liesOfThreshold(indices map[string]int, liars []string) (map[string]lie, protocol.Secret, error) {
	meant, shares, err := newKey(h.suite, 32, len(liars), len(indices))
	lies := map[string]lie{}
	for _, hub := range liars {
		if err == nil {
			lies[hub] = lie{index: indices[hub], own: &shares[indices[hub]]}
		}
	}
	return lies, meant, err
}

// liesOfIndex returns nonsense under the indices of honest hubs.
func liesOfIndex(shares []protocol.Share, indices map[string]int, liars, honest []string) map[string]lie {
	lies := map[string]lie{}
	for i, hub := range liars {
		shift := make([]byte, shares[0].Value.Size())
		rand.Read(shift)
		lies[hub] = lie{index: indices[honest[i%len(honest)]], shift: shift}
	}
	return lies
}

// liesPython gives the slave another key, with a digest that fits it: the polynomial goes through
// the shares of the honest hubs, that key and that digest. So the number of liars must be one below
// the threshold.
func (h *Hands) liesPython(shares []protocol.Share, indices map[string]int, liars, honest []string) (map[string]lie, protocol.Secret, error) {
	size := shares[0].Value.Size()
	meant, random := make([]byte, size), make([]byte, size-4)
	rand.Read(meant)
	rand.Read(random)
	mac := hmac.New(sha256.New, random)
	mac.Write(meant)
	points := []protocol.Share{
		{Index: secretPython, Value: protocol.NewSecret(meant)},
		{Index: digestPython, Value: protocol.NewSecret(append(mac.Sum(nil)[:4:4], random...))},
	}
	if rest := h.threshold - len(points); len(honest) < rest {
		return nil, protocol.Secret{}, fmt.Errorf("a lie that fits is made for %d honest hubs", rest)
	}
	for _, hub := range honest[:max(0, h.threshold-len(points))] {
		points = append(points, protocol.Share{Index: indices[hub], Value: protocol.NewSecret(at(h.suite, shares, indices[hub]))})
	}
	lies := map[string]lie{}
	for _, hub := range liars {
		shift := at(h.suite, points, indices[hub])
		subtle.XORBytes(shift, shift, at(h.suite, shares, indices[hub]))
		lies[hub] = lie{index: indices[hub], shift: shift}
	}
	return lies, protocol.NewSecret(meant), nil
}

// liesITS shifts the key, and shifts D so that the tag fits for the C that he knows. That is the
// slave's C only if he is that slave, or if several slaves share it. One liar is enough: its shift
// is divided by the weight of its share in the combination of the liars' and the honest shares.
func (h *Hands) liesITS(shares []protocol.Share, indices map[string]int, liars, honest []string) (map[string]lie, protocol.Secret, error) {
	const block = 3 * its.ElementSize // the first block of the key, after C, D and E
	vector := at(h.suite, shares, secretITS)
	c := its.NewElement([its.ElementSize]byte(vector))
	shift := make([]byte, len(vector))
	rand.Read(shift[block : block+its.ElementSize])
	d := its.NewElement([its.ElementSize]byte(shift[block:])).Mul(c).Mul(c).Bytes()
	copy(shift[its.ElementSize:], d[:])
	var xs []its.Element
	for _, hub := range append(slices.Clone(liars), honest...) {
		xs = append(xs, coordinate(indices[hub]))
	}
	told := make([]byte, len(shift))
	addTo(told, weight(xs, 0, its.Element{}).Inverse(), shift)
	meant := make([]byte, shares[0].Terms.KeySize)
	subtle.XORBytes(meant, vector[block:][:len(meant)], shift[block:])
	return map[string]lie{liars[0]: {index: indices[liars[0]], shift: told}}, protocol.NewSecret(meant), nil
}

// alter returns the answer of a compromised hub with another share, signed anew.
func (h *Hands) alter(r *wire.Request, honest wire.Response, l lie) (wire.Response, error) {
	reply, err := protocol.ParseShareReply(honest.Body)
	if err != nil {
		return honest, err
	}
	h.Adversary.mu.Lock()
	defer h.Adversary.mu.Unlock()
	known := h.of(r.To)
	reply.ShareIndex = l.index
	change := l.shift // a change of the sealed value changes the opened value in the same way
	if l.own != nil {
		pad, err := known.channel.Peer.Copy(reply.Pad.Fragments)
		if err != nil {
			return honest, err
		}
		subtle.XORBytes(pad, pad, l.own.Value.Reveal())
		reply.Terms, reply.Value, change = l.own.Terms, pad, make([]byte, len(pad))
	}
	subtle.XORBytes(reply.Value, reply.Value, change)
	body, err := json.Marshal(reply)
	if err != nil {
		return honest, err
	}
	to := protocol.Response{To: r.Header.Get(protocol.SignatureHeader), Status: http.StatusOK, Body: body}
	signature, err := known.resign(h.suite, honest.Header.Get(protocol.SignatureHeader), h.suite.ResponseContext(to), body)
	if err != nil {
		return honest, err
	}
	header := honest.Header.Clone()
	header.Del("Content-Length")
	header.Set(protocol.SignatureHeader, signature)
	return wire.Response{Status: http.StatusOK, Header: header, Body: body}, nil
}

// resign signs with the key that an old signature names.
func (k *knowledge) resign(suite protocol.Suite, old string, context protocol.Context, body []byte) (string, error) {
	fragments, err := signingKeyOf(old)
	if err != nil {
		return "", err
	}
	key, err := k.channel.Peer.Copy(fragments)
	if err != nil {
		return "", err
	}
	return material{fragments, key}.sign(suite, context, body), nil
}

// signingKeyOf returns the bytes that a signature names.
func signingKeyOf(signature string) ([]psrd.Fragment, error) {
	names, _, _ := strings.Cut(signature, "%")
	var fragments []psrd.Fragment
	for name := range strings.SplitSeq(names, ",") {
		parts := strings.Split(name, ":")
		if len(parts) != 3 {
			return nil, protocol.ErrMalformed
		}
		block, errBlock := uuid.Parse(parts[0])
		start, errStart := strconv.Atoi(parts[1])
		size, errSize := strconv.Atoi(parts[2])
		if err := errors.Join(errBlock, errStart, errSize); err != nil {
			return nil, err
		}
		fragments = append(fragments, psrd.Fragment{Block: block, Start: start, Size: size})
	}
	return fragments, nil
}
