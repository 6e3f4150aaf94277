package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"dske/protocol"
)

var errForgotten = errors.New("the hub has lost its state")

// unknownSlaveError says that no client serves an encryptor.
type unknownSlaveError struct{ id string }

func (e *unknownSlaveError) Error() string { return fmt.Sprintf("unknown slave SAE %q", e.id) }

// clientOf returns the name of the client that serves an encryptor, as a hub tells, or "" if the hubs
// that could tell do not answer. It fails with an unknownSlaveError if so many hubs know no such encryptor
// that no key could be gathered from the rest.
func (c *Client) clientOf(ctx context.Context, encryptor string) (string, error) {
	if slices.Contains(c.config.Encryptors, encryptor) {
		return c.config.Name, nil
	}
	if name, ok := c.clients.Load(encryptor); ok {
		return name.(string), nil
	}
	names := make(chan string, len(c.hubs))
	answers, err := c.askHubs(c.hubs, func(ctx context.Context, i int) error {
		name, err := c.hubs[i].clientOf(ctx, encryptor)
		if err == nil {
			names <- name
		}
		return err
	})
	if err != nil {
		return "", err
	}
	enough := len(c.hubs) - c.config.Threshold + 1
	outcome, err := collect(ctx, answers, len(c.hubs), 0, func(t *tally) bool {
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

// clientOf asks one hub. It fails with [protocol.ErrUnknownEncryptor] only if the hub has not lost its
// state, which shows in whether it knows one of this client's own encryptors.
func (h *peerHub) clientOf(ctx context.Context, encryptor string) (string, error) {
	s, err := h.ensureSession(ctx)
	if err != nil {
		return "", err
	}
	name, err := h.getEncryptor(ctx, encryptor)
	if !errors.Is(err, protocol.ErrUnknownEncryptor) {
		return name, err
	}
	if _, own := h.getEncryptor(ctx, h.client.config.Encryptors[0]); errors.Is(own, protocol.ErrUnknownEncryptor) {
		h.forget(s)
		h.maintain()
		return "", errForgotten
	}
	return "", err
}

func (h *peerHub) getEncryptor(ctx context.Context, name string) (string, error) {
	var e protocol.Encryptor
	err := h.outOfBand(ctx, message{method: http.MethodGet, path: protocol.PathEncryptors + "/" + url.PathEscape(name)}, &e)
	return e.ClientName, err
}
