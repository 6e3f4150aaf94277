package conformance

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"

	"dske/node"
	"dske/protocol"
	"dske/psrd"
)

const pythonRegistersOnce = "clients of dske-python register once"

// How a client registers.
var comingChecks = []check[*clientSession]{
	{outOfBand, "PUT registration names the client and its encryptors", nil, "", func(s *clientSession) error {
		for i := range s.Hubs.hubs {
			at := slices.IndexFunc(s.ever(i), isRegistering)
			if at < 0 {
				return fmt.Errorf("hub %d has none", i+1)
			}
			var r protocol.Registration
			if err := protocol.Unmarshal(s.ever(i)[at].body, &r); err != nil {
				return err
			}
			if r.ClientName != s.name() || protocol.CheckName(r.ClientName) != nil {
				return fmt.Errorf("client_name is %q", r.ClientName)
			}
			for _, id := range r.EncryptorNames {
				if err := protocol.CheckSAE(id); err != nil {
					return err
				}
			}
		}
		return nil
	}},
	{enrolled, "a client proves its identity with each out-of-band request, always in the same way", protocol.ITS, "", func(s *clientSession) error {
		var proof string
		for i := range s.Hubs.hubs {
			for _, a := range s.ever(i) {
				if !isOutOfBand(a) {
					continue
				}
				token := a.header.Get(protocol.TokenHeader)
				if proof == "" {
					proof = token
				}
				if token == "" || token != proof {
					return fmt.Errorf("%s %s has another %s, or none", a.method, a.path, protocol.TokenHeader)
				}
			}
		}
		return nil
	}},
}

// How a client gets PSRD.
var supplyChecks = []check[*clientSession]{
	{outOfBand, "a client asks for PSRD by owner, for both pools, at most 4 MiB at once", nil, "", func(s *clientSession) error {
		for i := range s.Hubs.hubs {
			owners := map[protocol.PoolOwner]int{}
			for _, a := range s.ever(i) {
				if !isFetching(a) {
					continue
				}
				if a.answer.status != http.StatusOK {
					return fmt.Errorf("%s?%s is answered with %d", a.path, a.query, a.answer.status)
				}
				owner, _, _ := a.psrd()
				owners[owner]++
			}
			if owners[protocol.OwnerClient] == 0 || owners[protocol.OwnerHub] == 0 {
				return fmt.Errorf("hub %d was asked for %v", i+1, owners)
			}
		}
		return nil
	}},
	{its("Signing keys"), "blocks for keys consist of whole slots", protocol.ITS, "", func(s *clientSession) error {
		for i := range s.Hubs.hubs {
			for _, a := range s.ever(i) {
				if _, purpose, size := a.psrd(); isFetching(a) && purpose == psrd.ForKeys && size%psrd.SlotSize != 0 {
					return fmt.Errorf("it asks for one of %d bytes", size)
				}
			}
		}
		return nil
	}},
	{errorRules, "a hub that is out of PSRD gets more, and the same message again", nil, "clients of dske-python continue without that hub", suppliesHub},
}

// suppliesHub succeeds if the client fetches PSRD for the first hub when that hub says that it has
// none.
func suppliesHub(s *clientSession) error {
	asked := false
	lack := &psrd.ExhaustedError{Needed: protocol.SigningKeySize}
	if s.Suite.Rules().Purposes {
		lack.Purpose = psrd.ForKeys
	}
	s.misbehave(1, func(h *playedHub, a *arrival) (answer, bool) {
		if !isPost(a) || asked && len(h.lacks) == 0 {
			return answer{}, false
		}
		if !asked {
			asked, h.lacks = true, []protocol.Lack{{Purpose: lack.Purpose, Bytes: lack.Needed}}
		}
		return refusal(node.NewError(lack, "pool_owner", protocol.OwnerHub)), true
	})
	if _, _, err := s.scatters(256); err != nil {
		return err
	}
	supplied := s.count(0, func(a *arrival) bool {
		owner, purpose, _ := a.psrd()
		return isFetching(a) && owner == protocol.OwnerHub && purpose == lack.Purpose
	})
	var sent []*arrival
	for _, a := range s.came(0) {
		if isPost(a) {
			sent = append(sent, a)
		}
	}
	if supplied == 0 || len(sent) < 2 || sent[0].signature() != sent[1].signature() || !bytes.Equal(sent[0].body, sent[1].body) {
		return fmt.Errorf("it fetches %d blocks for the hub, and sends %d messages", supplied, len(sent))
	}
	return nil
}
