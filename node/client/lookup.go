package client

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"dske/protocol"
)

// unknownSlaveError says that no client serves an encryptor.
type unknownSlaveError struct{ id string }

func (e *unknownSlaveError) Error() string { return fmt.Sprintf("unknown slave SAE %q", e.id) }

// clientOf returns the name of the client that serves an encryptor, as a hub tells, or "" if the hubs
// that could tell do not answer. It fails with an unknownSlaveError if so many hubs know no such encryptor
// that no key could be gathered from the rest.
func (c *Client) clientOf(r request, encryptor string) (string, error) {
	if slices.Contains(c.config.Encryptors, encryptor) {
		return c.config.Name, nil
	}
	if name, ok := c.clients.Load(encryptor); ok {
		return name.(string), nil
	}
	names := make(chan string, len(c.hubs))
	answers, err := c.askHubs(r, func(ctx context.Context, i int) error {
		name, err := c.hubs[i].ClientOf(ctx, encryptor)
		if err == nil {
			names <- name
		}
		return err
	})
	if err != nil {
		return "", err
	}
	enough := len(c.hubs) - c.config.Threshold + 1
	outcome, err := collect(r, answers, 0, func(t *tally) bool {
		t.final = t.successful > 0 || t.unknown() >= enough
		return t.final
	})
	switch {
	case err != nil:
		return "", err
	case outcome.successful > 0:
		name := <-names
		c.clients.Store(encryptor, name)
		return name, nil
	case outcome.unknown() >= enough:
		return "", &unknownSlaveError{encryptor}
	default:
		return "", nil
	}
}

// unknown counts the hubs that know no such encryptor.
func (t *tally) unknown() int {
	n := 0
	for _, err := range t.errs {
		if errors.Is(err, protocol.ErrUnknownEncryptor) {
			n++
		}
	}
	return n
}
