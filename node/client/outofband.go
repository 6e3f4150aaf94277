package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"dske/node"
	"dske/protocol"
)

// register makes the client known to the hub.
func (h *peerHub) register(ctx context.Context) error {
	body, err := json.Marshal(protocol.Registration{
		ClientName:     h.client.config.Name,
		EncryptorNames: h.client.config.Encryptors,
	})
	if err != nil {
		return err
	}
	var registered protocol.Registered
	if err := h.outOfBand(ctx, message{method: http.MethodPut, path: protocol.PathRegistration, body: body}, &registered); err != nil {
		return err
	}
	if registered.HubName != h.Name {
		return fmt.Errorf("%s is hub %q and not %q", h.URL, registered.HubName, h.Name)
	}
	return nil
}

func (h *peerHub) unregister(ctx context.Context) error {
	if err := h.lock(ctx); err != nil {
		return err
	}
	defer h.unlock()
	query := url.Values{"client_name": {h.client.config.Name}}.Encode()
	return h.outOfBand(ctx, message{method: http.MethodDelete, path: protocol.PathRegistration, query: query}, nil)
}

// fetchBlock gets one block of size bytes.
func (h *peerHub) fetchBlock(ctx context.Context, s *session, owner protocol.PoolOwner, size int) error {
	if unused := s.pool(owner).Available(); unused+size > protocol.MaxPoolSize {
		return fmt.Errorf("the %s-owned pool is full: %d bytes unused", owner, unused)
	}
	query := url.Values{
		"client_name": {h.client.config.Name},
		"pool_owner":  {string(owner)},
		"size":        {strconv.Itoa(size)},
	}.Encode()
	var block protocol.BlockData
	err := h.outOfBand(ctx, message{method: http.MethodGet, path: protocol.PathPSRD, query: query, expected: size}, &block)
	if err == nil && len(block.Data) != size {
		err = fmt.Errorf("%w: %d bytes", protocol.ErrMalformed, len(block.Data))
	}
	if err == nil {
		// A copy, since what comes out of JSON takes an eighth more memory than it needs.
		err = s.add(owner, block.UUID, slices.Clone(block.Data))
		clear(block.Data)
	}
	if err == nil {
		return nil
	}
	var refused *node.Error
	if owner == protocol.OwnerHub && !errors.As(err, &refused) {
		// The hub may hold a block now that did not arrive here, and would seal shares with it that
		// nobody can open.
		h.forget(s)
	}
	return fmt.Errorf("fetching PSRD: %w", err)
}

// outOfBand makes an out-of-band request and reads the answer into reply, if that is not nil.
func (h *peerHub) outOfBand(ctx context.Context, m message, reply any) error {
	m.header, m.value = protocol.TokenHeader, h.client.config.Token
	response, err := h.send(ctx, m)
	if err != nil {
		return err
	}
	defer clear(response.body)
	if reply == nil {
		return nil
	}
	return protocol.Unmarshal(response.body, reply)
}
