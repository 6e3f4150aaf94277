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

const pythonGivesUp = "clients of dske-python give up if a share does not fit"

// What a client does for an encryptor that is a master.
var masterChecks = []check[*clientSession]{
	{wire("Shares"), "the shares of a key make it, whichever are taken", nil, "", func(s *clientSession) error {
		keys, err := s.makeKeys(1, 256)
		if err != nil {
			return err
		}
		shares, err := s.given(keys[0].ID, s.n())
		if err != nil {
			return err
		}
		for _, some := range [][]protocol.Share{shares, shares[:s.Threshold], shares[s.n()-s.Threshold:]} {
			if err := s.madeOf(keys[0], some); err != nil {
				return err
			}
		}
		if s.Threshold > 2 {
			if _, _, err := protocol.Recover(s.Suite, s.Threshold, shares[1:s.Threshold]); err == nil {
				return errors.New("one share fewer than the threshold makes it, too")
			}
		}
		return nil
	}},
	{wire("Shares"), "short and long keys", nil, "", func(s *clientSession) error {
		for _, bits := range []int{64, 136, 8000} {
			keys, err := s.makeKeys(1, bits)
			if err == nil && 8*len(keys[0].Key.Reveal()) != bits {
				err = fmt.Errorf("a key of %d bytes", len(keys[0].Key.Reveal()))
			}
			var shares []protocol.Share
			if err == nil {
				shares, err = s.given(keys[0].ID, s.n())
			}
			if err == nil {
				err = s.madeOf(keys[0], shares)
			}
			if err != nil {
				return fmt.Errorf("%d bits: %w", bits, err)
			}
		}
		return nil
	}},
	{inBand, "several keys at once", nil, "clients of dske-python make one key at a time", func(s *clientSession) error {
		keys, err := s.makeKeys(3, 256)
		if err != nil {
			return err
		}
		for _, k := range keys {
			shares, err := s.given(k.ID, s.n())
			if err == nil {
				err = s.madeOf(k, shares)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}},
	{its("Shares"), "the index of a share is the number of its hub, and the threshold the network's", protocol.ITS, "", func(s *clientSession) error {
		keys, err := s.makeKeys(1, 256)
		if err != nil {
			return err
		}
		shares, err := s.given(keys[0].ID, s.n())
		if err != nil {
			return err
		}
		for i, share := range shares {
			if share.Index != i || share.Terms.Threshold != s.Threshold || share.Terms.KeySize != len(keys[0].Key.Reveal()) {
				return fmt.Errorf("hub %d: index %d, threshold %d, key_size %d", i, share.Index, share.Terms.Threshold, share.Terms.KeySize)
			}
		}
		return nil
	}},
	{wire("Shares"), "each share has another index, from 0", protocol.Python, "", func(s *clientSession) error {
		keys, err := s.makeKeys(1, 256)
		if err != nil {
			return err
		}
		shares, err := s.given(keys[0].ID, s.n())
		if err != nil {
			return err
		}
		var indices []int
		for _, share := range shares {
			indices = append(indices, share.Index)
		}
		slices.Sort(indices)
		for i, index := range indices {
			if i != index {
				return fmt.Errorf("they are %v", indices)
			}
		}
		return nil
	}},
	{signed, "requests are signed, and shares padded, with bytes of the client's, each once", nil, "", func(s *clientSession) error {
		keys, err := s.makeKeys(1, 256)
		if err == nil {
			_, err = s.given(keys[0].ID, s.n())
		}
		if err == nil {
			err = s.fetches(s.offer(1, nil))
		}
		return errors.Join(err, s.flaws())
	}},
	{signed, "the pad of a POST is chosen before its signing key", protocol.Python, "", func(s *clientSession) error {
		keys, err := s.makeKeys(1, 256)
		if err == nil {
			_, err = s.given(keys[0].ID, s.n())
		}
		if err != nil {
			return err
		}
		for _, a := range s.allCame() {
			if !isPost(a) {
				continue
			}
			m, err := a.posted()
			if err != nil {
				return err
			}
			first, _, _ := strings.Cut(strings.Split(a.signature(), "%")[0], ",")
			key, err := fragmentOf(first)
			if err != nil {
				return err
			}
			if pad := m.Pad.Fragments[0]; pad.Block == key.Block && pad.Start > key.Start {
				return fmt.Errorf("the pad is %v, and the key %v", pad, key)
			}
		}
		return nil
	}},
	{its("Message authentication"), "a POST has no query, a GET no body, and no message a Content-Encoding", protocol.ITS, "", func(s *clientSession) error {
		keys, err := s.makeKeys(1, 256)
		if err == nil {
			_, err = s.given(keys[0].ID, s.n())
		}
		if err == nil {
			err = s.fetches(s.offer(1, nil))
		}
		if err != nil {
			return err
		}
		for _, a := range s.allCame() {
			if isInBand(a) && (a.header.Values("Content-Encoding") != nil || isPost(a) && a.query != "" || !isPost(a) && len(a.body) > 0 || strings.ContainsAny(a.path, "?%")) {
				return fmt.Errorf("%s %s?%s", a.method, a.path, a.query)
			}
		}
		return nil
	}},
	{errorRules, "k hubs are enough for a key, and fewer are 503", nil, "", func(s *clientSession) error {
		down := func(_ *playedHub, a *arrival) (answer, bool) { return refusal(protocol.ErrStopped), isInBand(a) }
		s.misbehave(s.n()-s.Threshold, down)
		keys, err := s.makeKeys(1, 256)
		if err != nil {
			return err
		}
		shares, err := s.given(keys[0].ID, s.Threshold)
		if err == nil {
			err = s.madeOf(keys[0], shares)
		}
		if err != nil {
			return err
		}
		s.misbehave(s.n()-s.Threshold+1, down)
		a, _, err := s.keys("enc_keys", "size=256", "")
		if err == nil {
			err = a.want(http.StatusServiceUnavailable)
		}
		if err == nil && !strings.HasPrefix(a.message(), "Could not scatter enough shares for key") {
			err = fmt.Errorf("the message is %q", a.message())
		}
		return err
	}},
	{signed, "an answer to a POST without a right signature is none", nil, "", func(s *clientSession) error {
		return s.spoiled(func() (answer, error) {
			a, _, err := s.keys("enc_keys", "size=256", "")
			return a, err
		})
	}},
	{outOfBand, "who serves a slave is believed of k hubs alike, never of one", nil, "clients of dske-python do not ask", func(s *clientSession) error {
		s.misbehave(s.Threshold-1, func(_ *playedHub, a *arrival) (answer, bool) {
			return jsonAnswer(http.StatusOK, protocol.Encryptor{EncryptorName: "conformance-nobody", ClientName: "conformance-client"}),
				strings.HasPrefix(a.path, protocol.PathEncryptors+"/conformance-nobody")
		})
		a, _, err := s.keysOf("conformance-nobody", "enc_keys", "size=256", "")
		if err == nil && a.status == http.StatusOK {
			err = errors.New("a key is made for a slave that k-1 hubs have made up")
		}
		return err
	}},
}

// spoiled is right if a request of an encryptor is answered with 200 as long as k hubs keep the
// rules, and not if fewer do, whatever is wrong with the signatures of the others.
func (s *clientSession) spoiled(ask func() (answer, error)) error {
	for _, what := range spoils {
		if what.suite != nil && what.suite != s.Suite {
			continue
		}
		for _, liars := range []int{s.n() - s.Threshold, s.n() - s.Threshold + 1} {
			s.behave()
			s.misbehave(liars, func(h *playedHub, a *arrival) (answer, bool) {
				if !isInBand(a) {
					return answer{}, false
				}
				reply := h.honest(a)
				if reply.status == http.StatusOK {
					reply = what.spoil(h, a, reply)
				}
				return reply, true
			})
			a, err := ask()
			if err != nil {
				return err
			}
			if (a.status == http.StatusOK) != (s.n()-liars >= s.Threshold) {
				return fmt.Errorf("%d of %d hubs send answers %s: status %d %.200q", liars, s.n(), what.name, a.status, hiddenKeys(a))
			}
		}
	}
	return nil
}

// hiddenKeys returns the body of an answer, unless it has keys.
func hiddenKeys(a answer) []byte {
	if a.status == http.StatusOK {
		return nil
	}
	return a.body
}

// What a client does for an encryptor that is a slave.
var slaveChecks = []check[*clientSession]{
	{wire("Shares"), "a key is made of its shares", nil, "", func(s *clientSession) error {
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
				continue // it comes late, of the check before
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
	{wire("Shares"), "with more than k shares one lying hub does not cost the key", nil, pythonGivesUp, func(s *clientSession) error {
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
	{its("Shares"), "a share with another index than the hub's number is refused", protocol.ITS, "", func(s *clientSession) error {
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
	{wire("Shares"), "shares that make no key are no key", nil, "", func(s *clientSession) error {
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
	{signed, "an answer to a GET without a right signature is none", nil, "", func(s *clientSession) error {
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
	{inBand, "the pad of an answer has to be of the hub-owned pool", nil, "", func(s *clientSession) error {
		s.misbehave(s.n()-s.Threshold+1, func(h *playedHub, a *arrival) (answer, bool) {
			return h.padded(a, protocol.OwnerClient, psrd.ForPads)
		})
		return s.deliversNothing()
	}},
	{its("Two kinds of PSRD"), "the pad of an answer has to be of a block for pads", protocol.ITS, "", func(s *clientSession) error {
		s.misbehave(s.n()-s.Threshold+1, func(h *playedHub, a *arrival) (answer, bool) {
			return h.padded(a, protocol.OwnerHub, psrd.ForKeys)
		})
		return s.deliversNothing()
	}},
	{inBand, "keys that nobody asked for are ignored, and those left out asked for again", nil, "clients of dske-python ask for one key at a time", func(s *clientSession) error {
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

// bearable returns how many hubs may lie.
func (s *clientSession) bearable() int { return min(s.n()-s.Threshold, s.Threshold-1) }

// lying returns shares of which those of the first hubs are lies.
func lying(hubs int) func(hub int, share protocol.Share) protocol.Share {
	return func(hub int, share protocol.Share) protocol.Share {
		if hub < hubs {
			share.Value = protocol.NewSecret(random(share.Value.Size()))
		}
		return share
	}
}

// deliversNothing is right if the client does not deliver a key that was offered.
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

// padded answers a GET for one share with a pad that is not the hub's to choose for that.
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

// halfAndMore answers a GET for several shares with half of them, and one of a key that nobody
// asked for.
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
