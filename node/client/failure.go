package client

import (
	"errors"
	"fmt"
	"slices"

	"dske/etsi"
	"dske/protocol"
)

// canBeFound reports whether the hubs that have not refused could make up the key. The caller holds
// g.mu.
func (g *gather) canBeFound() bool {
	refused := 0
	for _, err := range g.answers.errs {
		if isUnknown(err) || isDenied(err) {
			refused++
		}
	}
	return len(g.client.hubs)-refused >= g.client.config.Threshold
}

// failure returns the reason why the shares at hand are not enough, or nil if the key is found. The
// key is unknown if the hubs that did not answer could not make up for those that have nothing for
// this slave.
func (g *gather) failure() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.found {
		return nil
	}
	var unknown, denied int
	for _, err := range g.answers.errs {
		switch {
		case isUnknown(err):
			unknown++
		case isDenied(err):
			denied++
		}
	}
	if !g.canBeFound() {
		if denied >= max(unknown, 1) {
			return etsi.ErrUnauthorized
		}
		return etsi.ErrKeyNotFound
	}
	return &shareError{
		verb: "gather", keyID: g.id.key, successful: len(g.from), required: g.client.config.Threshold,
		causes: g.causes(), courier: nextCourier(g.answers.errs),
	}
}

// causes returns, for every hub whose share is missing or was of no use, the reason. The caller
// holds g.mu.
func (g *gather) causes() []Cause {
	c := g.client
	var causes []Cause
	for hub, h := range c.hubs {
		switch {
		case !slices.Contains(g.from, hub):
			causes = append(causes, causeOf(h, g.answers, hub))
		case len(g.from) >= c.config.Threshold:
			causes = append(causes, Cause{h.Hub(), c.atOdds()})
		}
	}
	return causes
}

// atOdds describes shares of which no k make a key. In the Python suite, shares do not say the
// threshold they were made with.
func (c *Client) atOdds() string {
	text := "its share is at odds with the others; nobody can tell who lies"
	if !c.config.Suite.Rules().Refusals {
		text += fmt.Sprintf(", or the key was not made of %d shares: thresholds have to be the same everywhere, and that of dske-python is 3", c.config.Threshold)
	}
	return text
}

func isWrongIndex(err error) bool {
	var wrong *wrongIndexError
	return errors.As(err, &wrong)
}

func isUnknown(err error) bool { return errors.Is(err, protocol.ErrUnknownKey) }

func isDenied(err error) bool {
	return errors.Is(err, protocol.ErrNotMeantForCaller) || errors.Is(err, protocol.ErrEncryptorNotRegistered)
}
