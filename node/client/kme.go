package client

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"dske/etsi"
	"dske/protocol"
)

// GetKey implements [etsi.KME].
func (c *Client) GetKey(ctx context.Context, master, slave string, request etsi.KeyRequest) ([]etsi.Key, error) {
	r, cancel := c.begin(ctx)
	defer cancel()
	slaves := []string{slave}
	for _, id := range request.AdditionalSlaves {
		if !slices.Contains(slaves, id) {
			slaves = append(slaves, id)
		}
	}
	to, err := c.audienceOf(r, slaves)
	if err != nil {
		return nil, etsiError(err)
	}
	made, err := c.scatter(r, master, to, request.Size/8, request.Number, request.IDs)
	if err != nil {
		return nil, etsiError(err)
	}
	c.config.Counters.KeysMade.Add(int64(len(made)))
	keys := make([]etsi.Key, len(made))
	for i, k := range made {
		keys[i] = etsi.Key{ID: k.id, Key: etsi.NewSecret(k.value.Reveal())}
	}
	return keys, nil
}

// GetKeyWithKeyIDs implements [etsi.KME].
func (c *Client) GetKeyWithKeyIDs(ctx context.Context, slave, master string, ids []uuid.UUID) ([]etsi.Key, error) {
	r, cancel := c.begin(ctx)
	defer cancel()
	if err := c.config.Delivered.ready(); err != nil { // before anything is spent
		return nil, etsiError(err)
	}
	if !c.mayMakeKeys(master) {
		return nil, etsi.ErrKeyNotFound
	}
	gathers := make([]*gather, len(ids))
	for i, id := range ids {
		if slices.Contains(ids[:i], id) {
			return nil, etsi.ErrKeyNotFound // it can be delivered only once
		}
		if c.unknown.has(gatherID{id, master, slave}) {
			return nil, etsi.ErrKeyNotFound
		}
	}
	for i, id := range ids {
		gathers[i] = c.gatherFor(gatherID{id, master, slave})
	}
	defer c.leave(gathers)
	if err := c.gatherAll(r, gathers); err != nil {
		return nil, etsiError(err)
	}
	keys, err := c.deliver(gathers)
	c.config.Counters.KeysDelivered.Add(int64(len(keys)))
	return keys, etsiError(err)
}

// Status implements [etsi.KME].
func (c *Client) Status(ctx context.Context, _, slave string) (etsi.Status, error) {
	r, cancel := c.begin(ctx)
	defer cancel()
	target, err := c.placeOf(r, slave)
	if err != nil {
		return etsi.Status{}, etsiError(err)
	}
	return etsi.Status{
		SourceKMEID:    c.config.Name,
		TargetKMEID:    cmp.Or(target.client, "unknown"),
		StoredKeyCount: c.storedKeyCount(etsi.DefaultKeySize/8, target),
	}, nil
}

// storedKeyCount returns how many keys of size bytes the PSRD at hand can carry to a slave. The
// limit is the k-th best stocked of the hubs that the slave's client uses.
func (c *Client) storedKeyCount(size int, slave place) int {
	counts := make([]int, len(c.hubs))
	for i, h := range c.hubs {
		if slave.at[i] {
			counts[i] = h.Capacity(c.config.Suite.ShareSize(size, 1))
		}
	}
	slices.Sort(counts)
	return counts[len(counts)-c.config.Threshold]
}

// etsiError converts an error to the one that an SAE gets.
func etsiError(err error) error {
	if err == nil {
		return nil
	}
	var shares *shareError
	var unknown *unknownSlaveError
	var far *farSlaveError
	switch {
	case errors.As(err, &shares):
		return &etsi.Error{Status: http.StatusServiceUnavailable, Message: shares.Error(), Details: []any{shares.details()}}
	case errors.As(err, &unknown):
		return &etsi.Error{Status: http.StatusBadRequest, Message: "unknown slave SAE", Details: []any{map[string]any{"SAE_ID": unknown.id}}}
	case errors.As(err, &far):
		details := map[string]any{"SAE_ID": far.id, "nr_common_hubs": far.common, "nr_required_hubs": far.needed}
		return &etsi.Error{Status: http.StatusBadRequest, Message: far.Error(), Details: []any{details}}
	case errors.Is(err, protocol.ErrStopped), errors.Is(err, protocol.ErrStorage):
		return &etsi.Error{Status: http.StatusServiceUnavailable, Message: err.Error()}
	default:
		return err
	}
}
