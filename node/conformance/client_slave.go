package conformance

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/psrd"
)

// What a client does for a slave encryptor.
var slaveChecks = []check[*clientSession]{
	{wire("Shares"), "a key is reconstructed from its shares", nil, "", func(s *clientSession) error {
		return s.fetches(s.offer(1, nil))
	}},
	{inBand, "several keys are fetched at once", nil, "clients of dske-python fetch one key at a time", func(s *clientSession) error {
		return s.fetches(s.offer(3, nil))
	}},
	{inBand, "the query of a GET has client_name, master_sae_id, slave_sae_id and key_id, in this order", nil, "", func(s *clientSession) error {
		keys, err := s.offer(1, nil)
		if err := s.fetches(keys, err); err != nil {
			return err
		}
		found := false
		for _, a := range s.allCame() {
			if !a.asks(http.MethodGet, protocol.PathKeyShare) {
				continue
			}
			m, err := protocol.ParseGetShare(a.query)
			if err == nil && keys[m.KeyID] == nil {
				continue // a late message of the previous check
			}
			if err == nil && (m.ClientName != s.name() || m.MasterSAE != s.Hubs.peer || m.SlaveSAE != s.sae) {
				err = fmt.Errorf("%s", a.query)
			}
			var names []string
			for part := range strings.SplitSeq(a.query, "&") {
				name, _, _ := strings.Cut(part, "=")
				names = append(names, name)
			}
			if want := []string{"client_name", "master_sae_id", "slave_sae_id", "key_id"}; err == nil && !slices.Equal(names, want) {
				err = fmt.Errorf("it has %q", names)
			}
			if err != nil {
				return err
			}
			found = true
		}
		if !found {
			return skip("all went in messages about several keys")
		}
		return nil
	}},
	{wire("Shares"), "with more than k shares, one lying hub does not cost the key", nil, pythonGivesUp, func(s *clientSession) error {
		return s.fetches(s.offer(1, lying(1)))
	}},
	{its("Reconstruction"), "a key is found whenever at most min(n-k, k-1) hubs lie", protocol.ITS, "", func(s *clientSession) error {
		return s.fetches(s.offer(1, lying(s.bearable())))
	}},
	{its("Reconstruction"), "shares with other terms are not combined", protocol.ITS, "", func(s *clientSession) error {
		for _, change := range []func(*protocol.Share){
			func(share *protocol.Share) { share.Terms.Threshold++ },
			func(share *protocol.Share) { share.Terms.SecretTag = random(16) },
			func(share *protocol.Share) {
				share.Terms.KeySize -= 16
				share.Value = protocol.NewSecret(share.Value.Reveal()[16:])
			},
		} {
			err := s.fetches(s.offer(1, func(hub int, share protocol.Share) protocol.Share {
				if hub < s.bearable() {
					change(&share)
				}
				return share
			}))
			if err != nil {
				return err
			}
		}
		return nil
	}},
	{its("Shares"), "a share whose index is not the hub's number is refused", protocol.ITS, "", func(s *clientSession) error {
		others := func(hubs int) func(int, protocol.Share) protocol.Share {
			return func(hub int, share protocol.Share) protocol.Share {
				if hub < hubs {
					share.Index = s.n() + hub
				}
				return share
			}
		}
		if err := s.fetches(s.offer(1, others(s.n()-s.Threshold))); err != nil {
			return err
		}
		keys, err := s.offer(1, others(s.n()))
		return s.failsToFetch(keys, err, http.StatusServiceUnavailable)
	}},
	{wire("Shares"), "shares that do not make a key give none", nil, "", func(s *clientSession) error {
		keys, err := s.offer(1, lying(s.n()-s.Threshold+1))
		if err != nil {
			return err
		}
		a, _, err := s.fetch(keys)
		if err == nil && a.status == http.StatusOK {
			err = errors.New("a key is delivered")
		}
		return err
	}},
	{signed, "an answer to a GET without a valid signature is ignored", nil, "", func(s *clientSession) error {
		return s.spoiled(func() (answer, error) {
			keys, err := s.offer(1, nil)
			if err != nil {
				return answer{}, err
			}
			a, got, err := s.fetch(keys)
			if err == nil && len(got) > 0 && !bytes.Equal(got[0].Key.Reveal(), keys[got[0].ID]) {
				err = errors.New("another key is delivered")
			}
			return a, err
		})
	}},
	{inBand, "the pad of an answer must come from the hub-owned pool", nil, "", func(s *clientSession) error {
		s.misbehave(s.n()-s.Threshold+1, func(h *playedHub, a *arrival) (answer, bool) {
			return h.padded(a, protocol.OwnerClient, psrd.ForPads)
		})
		return s.deliversNothing()
	}},
	{its("Two kinds of PSRD"), "the pad of an answer must come from a block for pads", protocol.ITS, "", func(s *clientSession) error {
		s.misbehave(s.n()-s.Threshold+1, func(h *playedHub, a *arrival) (answer, bool) {
			return h.padded(a, protocol.OwnerHub, psrd.ForKeys)
		})
		return s.deliversNothing()
	}},
	{inBand, "keys that were not asked for are ignored, and missing keys are asked for again", nil, "clients of dske-python ask for one key at a time", func(s *clientSession) error {
		more, err := s.offer(1, nil)
		if err != nil {
			return err
		}
		var extra uuid.UUID
		for extra = range more {
		}
		s.misbehave(s.n(), func(h *playedHub, a *arrival) (answer, bool) { return h.halfAndMore(a, extra) })
		return s.fetches(s.offer(4, nil))
	}},
	{its("Refusals are signed"), "not found is 400 when all but k-1 hubs have signed it", protocol.ITS, "", func(s *clientSession) error {
		return s.failsToFetch(map[uuid.UUID][]byte{uuid.New(): nil}, nil, http.StatusBadRequest)
	}},
	{its("Refusals are signed"), "not for the caller is 401 when all but k-1 hubs have signed it", protocol.ITS, "", func(s *clientSession) error {
		s.misbehave(s.n(), func(h *playedHub, a *arrival) (answer, bool) {
			if !isInBand(a) {
				return answer{}, false
			}
			return h.refuses(a, protocol.ErrNotMeantForCaller), true
		})
		return s.failsToFetch(map[uuid.UUID][]byte{uuid.New(): nil}, nil, http.StatusUnauthorized)
	}},
	{inBand, "not found is 400 when the hubs say so", protocol.Python, "clients of dske-python answer with 503", func(s *clientSession) error {
		return s.failsToFetch(map[uuid.UUID][]byte{uuid.New(): nil}, nil, http.StatusBadRequest)
	}},
}

// bearable returns how many lying hubs a client must tolerate.
func (s *clientSession) bearable() int { return min(s.n()-s.Threshold, s.Threshold-1) }

// lying returns shares, of which those of the first hubs are false.
func lying(hubs int) func(hub int, share protocol.Share) protocol.Share {
	return func(hub int, share protocol.Share) protocol.Share {
		if hub < hubs {
			share.Value = protocol.NewSecret(random(share.Value.Size()))
		}
		return share
	}
}

// deliversNothing succeeds if the client does not deliver a key that was offered.
func (s *clientSession) deliversNothing() error {
	keys, err := s.offer(1, nil)
	if err != nil {
		return err
	}
	a, _, err := s.fetch(keys)
	if err == nil && a.status == http.StatusOK {
		err = errors.New("the key is delivered")
	}
	return err
}

// padded answers a GET for one share with a pad that the hub must not choose for it.
func (h *playedHub) padded(a *arrival, owner protocol.PoolOwner, purpose psrd.Purpose) (answer, bool) {
	if !a.asks(http.MethodGet, protocol.PathKeyShare) {
		return answer{}, false
	}
	ids, err := a.asked()
	incoming, wrong := h.channel.VerifyRequest(a.header.Values(protocol.SignatureHeader), a.covered())
	if err != nil || wrong != nil || len(h.offers(ids)) == 0 {
		return answer{}, false
	}
	out, err := h.channel.Reserve(0)
	if err != nil || incoming.Accept() != nil {
		return refusal(protocol.ErrStopped), true
	}
	s := h.offers(ids)[ids[0]]
	value := slices.Clone(s.Value.Reveal())
	pad := h.unused(owner, purpose, len(value))
	for i, b := range h.data[pad.Block][pad.Start:][:pad.Size] {
		value[i] ^= b
	}
	sealed := protocol.SealedShare{Pad: protocol.PadAllocation{Fragments: []psrd.Fragment{pad}}, Value: value}
	return h.sign(out, a, http.StatusOK, protocol.ShareReply{ShareIndex: s.Index, Terms: s.Terms, SealedShare: sealed}), true
}

// halfAndMore answers a GET for several shares with half of them, and with one of a key that was
// not asked for.
func (h *playedHub) halfAndMore(a *arrival, extra uuid.UUID) (answer, bool) {
	if !a.asks(http.MethodGet, protocol.PathKeyShares) {
		return answer{}, false
	}
	ids, err := a.asked()
	incoming, wrong := h.channel.VerifyRequest(a.header.Values(protocol.SignatureHeader), a.covered())
	if err != nil || wrong != nil {
		return answer{}, false
	}
	ids = append(slices.Clone(ids[:(len(ids)+1)/2]), extra)
	shares := h.offers(ids)
	size := 0
	for _, s := range shares {
		size += s.Value.Size()
	}
	out, err := h.channel.Reserve(size)
	if err != nil || incoming.Accept() != nil {
		return refusal(protocol.ErrStopped), true
	}
	defer out.Release()
	return h.sign(out, a, http.StatusOK, sharesReply(out, ids, shares)), true
}
