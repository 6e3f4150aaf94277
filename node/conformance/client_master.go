package conformance

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"dske/protocol"
)

const pythonGivesUp = "clients of dske-python give up if a share does not fit"

// What a client does for a master encryptor.
var masterChecks = []check[*clientSession]{
	{wire("Shares"), "any k shares of a key make the key", nil, "", func(s *clientSession) error {
		key, shares, err := s.scatters(256)
		if err != nil {
			return err
		}
		for _, some := range [][]protocol.Share{shares, shares[:s.Threshold], shares[s.n()-s.Threshold:]} {
			if err := s.madeOf(key, some); err != nil {
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
			key, shares, err := s.scatters(bits)
			if size := len(key.Key.Reveal()); err == nil && 8*size != bits {
				err = fmt.Errorf("a key of %d bytes", size)
			}
			if err == nil {
				err = s.madeOf(key, shares)
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
		key, shares, err := s.scatters(256)
		if err != nil {
			return err
		}
		for i, share := range shares {
			if share.Index != i || share.Terms.Threshold != s.Threshold || share.Terms.KeySize != len(key.Key.Reveal()) {
				return fmt.Errorf("hub %d: index %d, threshold %d, key_size %d", i, share.Index, share.Terms.Threshold, share.Terms.KeySize)
			}
		}
		return nil
	}},
	{wire("Shares"), "each share has another index, from 0", protocol.Python, "", func(s *clientSession) error {
		_, shares, err := s.scatters(256)
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
		_, _, err := s.scatters(256)
		if err == nil {
			err = s.fetches(s.offer(1, nil))
		}
		return errors.Join(err, s.flaws())
	}},
	{signed, "the pad of a POST is chosen before its signing key", protocol.Python, "", func(s *clientSession) error {
		_, _, err := s.scatters(256)
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
		_, _, err := s.scatters(256)
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
	{signed, "an answer to a POST without a valid signature is ignored", nil, "", func(s *clientSession) error {
		return s.spoiled(func() (answer, error) {
			a, _, err := s.keys("enc_keys", "size=256", "")
			return a, err
		})
	}},
	{outOfBand, "a client believes k hubs that agree about who serves a slave, and no single hub", nil, "clients of dske-python do not ask", func(s *clientSession) error {
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

// spoiled succeeds if a request of an encryptor is answered with 200 while k hubs follow the rules,
// and with an error if fewer do, whatever is wrong with the signatures of the others.
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

// hiddenKeys returns the body of an answer unless it contains keys.
func hiddenKeys(a answer) []byte {
	if a.status == http.StatusOK {
		return nil
	}
	return a.body
}
