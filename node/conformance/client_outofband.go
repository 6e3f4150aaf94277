package conformance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"dske/node"
	"dske/protocol"
	"dske/psrd"
)

const pythonRegistersOnce = "clients of dske-python register once"

// How a client comes.
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
	{enrolled, "a client proves who it is with each request out of band, always alike", protocol.ITS, "", func(s *clientSession) error {
		var proof string
		for i := range s.Hubs.hubs {
			for _, a := range s.ever(i) {
				token := a.header.Get(protocol.TokenHeader)
				if isInBand(a) {
					continue
				}
				if proof == "" {
					proof = token
				}
				if token == "" || token != proof {
					return fmt.Errorf("%s %s comes with another %s, or none", a.method, a.path, protocol.TokenHeader)
				}
			}
		}
		return nil
	}},
}

// What a client stocks up with.
var supplyChecks = []check[*clientSession]{
	{outOfBand, "PSRD is asked for by owner, in at most 4 MiB, for both pools", nil, "", func(s *clientSession) error {
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
	{its("Signing keys"), "blocks for keys are of whole slots", protocol.ITS, "", func(s *clientSession) error {
		for i := range s.Hubs.hubs {
			for _, a := range s.ever(i) {
				if _, purpose, size := a.psrd(); isFetching(a) && purpose == psrd.ForKeys && size%psrd.SlotSize != 0 {
					return fmt.Errorf("one of %d bytes is asked for", size)
				}
			}
		}
		return nil
	}},
	{errorRules, "a hub that is out of PSRD gets some, and the same bytes again", nil, "clients of dske-python do without that hub", suppliesHub},
}

// suppliesHub is right if the client brings the first hub PSRD when that says that it has none.
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
	keys, err := s.makeKeys(1, 256)
	if err == nil {
		_, err = s.given(keys[0].ID, s.n())
	}
	if err != nil {
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

// What a client does about hubs that lose their state, or say so.
var restartChecks = []check[*clientSession]{
	{outOfBand, "hub-started of a hub that still knows the client costs one question", nil, pythonLacks, func(s *clientSession) error {
		a, err := s.hubStarted(s.Hubs.hubs[0].name)
		if err == nil {
			err = a.want(http.StatusOK)
		}
		if err != nil {
			return err
		}
		if !s.until(func() bool { return s.count(0, isQuestion) > 0 }, patience) {
			return errors.New("the hub is not asked")
		}
		s.quiet(silence)
		if n := s.count(0, isRegistering); n > 0 {
			return fmt.Errorf("it registers %d times", n)
		}
		return nil
	}},
	{errorRules, "hub-started of a hub that the client does not use is 404", nil, pythonLacks, func(s *clientSession) error {
		a, err := s.hubStarted("nobody")
		if err == nil {
			err = a.want(http.StatusNotFound)
		}
		if err == nil && (a.message() == "" || a.details() == nil) {
			err = fmt.Errorf("the body is %q", a.body)
		}
		return err
	}},
	{outOfBand, "hub-started of a hub that has forgotten the client makes it register again", nil, pythonLacks, func(s *clientSession) error {
		s.forgotten(0)
		a, err := s.hubStarted(s.Hubs.hubs[0].name)
		if err == nil {
			err = a.want(http.StatusOK)
		}
		if err == nil && !s.until(func() bool { return s.count(0, isRegistering) > 0 }, patience) {
			err = errors.New("it does not")
		}
		return err
	}},
	{outOfBand, "a client that nobody told registers again at its next request", nil, pythonRegistersOnce, func(s *clientSession) error {
		s.forgotten(0)
		keys, err := s.makeKeys(1, 256)
		if err == nil && !s.until(func() bool { return s.count(0, isRegistering) > 0 }, patience) {
			err = errors.New("it does not")
		}
		if err != nil {
			return err
		}
		shares, err := s.given(keys[0].ID, s.Threshold)
		if err != nil {
			return err
		}
		return s.madeOf(keys[0], shares)
	}},
	{its("On the wire"), "a client goes no further with a hub of another suite or version", protocol.ITS, "", func(s *clientSession) error {
		s.forgotten(0)
		for _, other := range []protocol.Registered{{HubName: "h1", Suite: s.Suite.Name(), Version: 1}, {HubName: "h1"}} {
			before := s.count(0, isRegistering)
			s.misbehave(1, func(h *playedHub, a *arrival) (answer, bool) {
				return jsonAnswer(http.StatusOK, other), isRegistering(a)
			})
			if _, err := s.hubStarted("h1"); err != nil {
				return err
			}
			if !s.until(func() bool { return s.count(0, isRegistering) > before }, patience) {
				return errors.New("it does not register again")
			}
			s.quiet(silence)
			if n := s.count(0, func(a *arrival) bool { return isFetching(a) || isInBand(a) }); n > 0 {
				return fmt.Errorf("it sends %d requests after the answer %+v", n, other)
			}
		}
		s.behave()
		if _, err := s.hubStarted("h1"); err != nil {
			return err
		}
		if !s.until(func() bool { return s.count(0, isFetching) > 0 }, patience) {
			return errors.New("it does not come back to the hub that speaks its suite again")
		}
		return nil
	}},
}

// forgotten makes a hub forget the client.
func (s *clientSession) forgotten(hub int) {
	h := s.Hubs.hubs[hub]
	h.mu.Lock()
	defer h.mu.Unlock()
	h.forget()
}

// What the operator of a client sees.
var clientManagementChecks = []check[*clientSession]{
	{management, "GET mgmt/v1/status describes hubs and pools without a byte of them", nil, "clients of dske-python show the start of blocks", func(s *clientSession) error {
		a, err := s.managementOf("/mgmt/v1/status")
		if err != nil {
			return err
		}
		var status struct {
			Name       string
			Encryptors []string `json:"encryptor_names"`
			Hubs       []struct {
				Name       string  `json:"hub_name"`
				Registered *bool   `json:"registered"`
				Local      *poolOf `json:"local_pool"`
				Peer       *poolOf `json:"peer_pool"`
			} `json:"peer_hubs"`
		}
		if err := a.read(&status); err != nil {
			return err
		}
		if status.Name != s.name() || !slices.Contains(status.Encryptors, s.sae) || len(status.Hubs) != s.n() {
			return fmt.Errorf("it is of %q with %q at %d hubs", status.Name, status.Encryptors, len(status.Hubs))
		}
		for _, h := range status.Hubs {
			if h.Name == "" || h.Registered == nil || h.Local == nil || h.Peer == nil || h.Local.Owner != "local" || h.Peer.Owner != "peer" {
				return fmt.Errorf("hub %q: a member is missing", h.Name)
			}
		}
		for _, h := range s.Hubs.hubs {
			h.mu.Lock()
			err := showsNothing(a.body, random(9), h.data)
			h.mu.Unlock()
			if err != nil {
				return err
			}
		}
		return nil
	}},
	{management, "GET openapi.json and GET docs describe the client", nil, "clients of dske-python have them at /openapi.json and /docs", func(s *clientSession) error {
		for _, path := range []string{"/openapi.json", "/docs"} {
			if _, err := s.managementOf(path); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
		}
		return nil
	}},
	{errorRules, "an unknown path is 404, with a message and details", nil, "errors of dske-python have another form where FastAPI answers", func(s *clientSession) error {
		a, err := send(s.ctx, s.HTTP, s.URL, request{method: http.MethodGet, path: "/no/such/path"}, s.record)
		if err == nil {
			err = a.want(http.StatusNotFound)
		}
		if err == nil && (a.message() == "" || a.details() == nil) {
			err = fmt.Errorf("the body is %q", a.body)
		}
		return err
	}},
}

// doubtChecks are for what nobody has signed.
var doubtChecks = tied(protocol.ITS, []check[*clientSession]{
	{rule: refusals, name: "an unsigned refusal makes nobody register, or fetch PSRD", run: func(s *clientSession) error {
		s.misbehave(1, sayingUnregistered)
		if _, err := s.makeKeys(1, 256); err != nil {
			return err
		}
		s.quiet(silence)
		if n := s.count(0, func(a *arrival) bool { return isRegistering(a) || isFetching(a) }); n > 0 {
			return fmt.Errorf("%d such requests come", n)
		}
		return nil
	}},
	{rule: refusals, name: "the same bytes are sent at most 3 times", run: func(s *clientSession) error {
		s.misbehave(1, sayingUnregistered)
		if _, err := s.makeKeys(1, 256); err != nil {
			return err
		}
		s.quiet(silence)
		sent := map[string]int{}
		for _, a := range s.came(0) {
			if isInBand(a) {
				sent[a.signature()]++
			}
		}
		for _, n := range sent {
			if n > 3 {
				return fmt.Errorf("they are sent %d times", n)
			}
		}
		if len(sent) == 0 {
			return errors.New("the hub gets no message")
		}
		return nil
	}},
	{rule: refusals, name: "after a question that changed nothing the next waits 1 s", run: func(s *clientSession) error {
		s.misbehave(1, sayingUnregistered)
		for range 6 {
			if _, err := s.makeKeys(1, 256); err != nil {
				return err
			}
			s.quiet(100 * time.Millisecond)
		}
		var last time.Time
		for _, a := range s.came(0) {
			if !isQuestion(a) {
				continue
			}
			if d := a.at.Sub(last); d < 900*time.Millisecond {
				return fmt.Errorf("it waits %v", d)
			}
			last = a.at
		}
		return nil
	}},
	{rule: refusals, name: "an unknown key is 503 if nobody has signed that", run: func(s *clientSession) error {
		s.misbehave(s.n(), func(_ *playedHub, a *arrival) (answer, bool) {
			return refusal(protocol.ErrUnknownKey), isInBand(a)
		})
		keys, err := s.offer(1, nil)
		return s.failsToFetch(keys, err, http.StatusServiceUnavailable)
	}},
	{rule: its("Message authentication"), name: "redirections are not followed", run: func(s *clientSession) error {
		s.misbehave(1, func(h *playedHub, a *arrival) (answer, bool) {
			reply := jsonAnswer(http.StatusTemporaryRedirect, struct{}{})
			reply.header.Set("Location", node.Prefix(node.KindHub, h.name)+"/elsewhere")
			return reply, isInBand(a)
		})
		keys, err := s.makeKeys(1, 256)
		if err == nil {
			_, err = s.given(keys[0].ID, s.n()-1)
		}
		if err != nil {
			return err
		}
		s.quiet(silence)
		if s.count(0, func(a *arrival) bool { return strings.HasPrefix(a.path, "/elsewhere") }) > 0 {
			return errors.New("one is")
		}
		return nil
	}},
	{rule: its("Message authentication"), name: "no signing key is used for two messages, and no pad twice", run: func(s *clientSession) error {
		for i := range s.Hubs.hubs {
			signed := map[string]string{} // by the signing key
			for _, a := range s.ever(i) {
				if !isInBand(a) {
					continue
				}
				key, _, _ := strings.Cut(a.signature(), "%")
				message, _ := json.Marshal([]any{a.method, a.path, a.query, a.body})
				if before, found := signed[key]; found && before != string(message) {
					return fmt.Errorf("the signing key %s", key)
				}
				signed[key] = string(message)
				if errors.Is(a.flaw, psrd.ErrUsed) {
					return a.flaw
				}
			}
		}
		return nil
	}},
})

// sayingUnregistered answers what comes in band with a refusal that nobody has signed.
func sayingUnregistered(_ *playedHub, a *arrival) (answer, bool) {
	return refusal(protocol.ErrClientNotRegistered), isInBand(a)
}
