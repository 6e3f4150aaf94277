package conformance

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"dske/node"
	"dske/protocol"
	"dske/psrd"
)

// doubtChecks are for unsigned answers.
var doubtChecks = tied(protocol.ITS, []check[*clientSession]{
	{rule: refusals, name: "an unsigned refusal makes no client register or fetch PSRD", run: func(s *clientSession) error {
		s.misbehave(1, sayingUnregistered)
		if _, err := s.makeKeys(1, 256); err != nil {
			return err
		}
		s.quiet(silence)
		if n := s.count(0, func(a *arrival) bool { return isRegistering(a) || isFetching(a) }); n > 0 {
			return fmt.Errorf("it sends %d such requests", n)
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
	{rule: refusals, name: "an unknown key is 503 if no hub has signed the refusal", run: func(s *clientSession) error {
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
			return errors.New("it follows one")
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

// sayingUnregistered answers in-band requests with an unsigned refusal.
func sayingUnregistered(_ *playedHub, a *arrival) (answer, bool) {
	return refusal(protocol.ErrClientNotRegistered), isInBand(a)
}
