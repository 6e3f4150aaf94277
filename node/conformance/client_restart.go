package conformance

import (
	"errors"
	"fmt"
	"net/http"

	"dske/protocol"
)

// How a client treats hubs that lose their state, or say so.
var restartChecks = []check[*clientSession]{
	{outOfBand, "hub-started about a hub that still knows the client costs one question", nil, pythonLacks, func(s *clientSession) error {
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
	{errorRules, "hub-started about a hub that the client does not use is 404", nil, pythonLacks, func(s *clientSession) error {
		a, err := s.hubStarted("nobody")
		if err == nil {
			err = a.want(http.StatusNotFound)
		}
		if err == nil && (a.message() == "" || a.details() == nil) {
			err = fmt.Errorf("the body is %q", a.body)
		}
		return err
	}},
	{outOfBand, "hub-started about a hub that has forgotten the client makes it register again", nil, pythonLacks, func(s *clientSession) error {
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
	{outOfBand, "a client that was not told registers again at its next request", nil, pythonRegistersOnce, func(s *clientSession) error {
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
	{its("On the wire"), "a client does not continue with a hub of another suite or version", protocol.ITS, "", func(s *clientSession) error {
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
