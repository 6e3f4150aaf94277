package client

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"dske/node"
	"dske/protocol"
)

// unknownSlaveError says that no client serves the encryptor.
type unknownSlaveError struct{ id string }

func (e *unknownSlaveError) Error() string { return fmt.Sprintf("unknown slave SAE %q", e.id) }

// place is where an encryptor fetches its keys.
type place struct {
	client string // "" if unknown
	at     []bool // by hub: the encryptor's client uses the hub, or may use it
}

// placeOf returns where an encryptor fetches its keys. It takes the answer from the directory of
// the network. Without a directory, or if strangers may join, it takes the answer that enough hubs
// agree on for at least one of them to be honest. It fails with an unknownSlaveError if no client
// serves the encryptor.
func (c *Client) placeOf(r request, encryptor string) (place, error) {
	if slices.Contains(c.config.Encryptors, encryptor) {
		return place{c.config.Name, c.hubsWith(func(int) bool { return true })}, nil
	}
	directory := c.config.Directory
	if e := directory.ClientOf(encryptor); e != nil {
		return c.enrolledPlace(e), nil
	}
	if directory != nil && !directory.IsOpen() {
		return place{}, &unknownSlaveError{encryptor}
	}
	if known, ok := c.places.Load(encryptor); ok {
		return known.(place), nil
	}
	return c.askForPlace(r, encryptor)
}

func (c *Client) enrolledPlace(e *node.Enrolled) place {
	return place{e.Name(), c.hubsWith(func(i int) bool { return e.Uses(c.hubs[i].Hub()) })}
}

// mayMakeKeys reports whether the encryptor can have made keys: hubs take shares from enrolled
// encryptors, and from strangers in an open network.
func (c *Client) mayMakeKeys(encryptor string) bool {
	if directory := c.config.Directory; directory != nil && !directory.IsOpen() {
		return directory.ClientOf(encryptor) != nil
	}
	return protocol.CheckSAE(encryptor) == nil
}

// hubsWith returns the result of f for each hub.
func (c *Client) hubsWith(f func(hub int) bool) []bool {
	at := make([]bool, len(c.hubs))
	for i := range at {
		at[i] = f(i)
	}
	return at
}

// askForPlace asks the hubs where an encryptor fetches its keys. It fails with an unknownSlaveError
// if too few hubs are left that may know the encryptor to gather a key from them.
func (c *Client) askForPlace(r request, encryptor string) (place, error) {
	names := make([]string, len(c.hubs)) // each is written before the answer of its hub is sent
	answers, err := c.askHubs(r, func(ctx context.Context, i int) (err error) {
		names[i], err = c.hubs[i].ClientOf(ctx, encryptor)
		return err
	})
	if err != nil {
		return place{}, err
	}
	tooMany := len(c.hubs) - c.config.Threshold + 1
	var client string
	outcome, err := collect(r, answers, 0, func(t *tally) bool {
		client = t.mostOften(names, c.config.Threshold)
		t.final = client != "" || t.countUnknown() >= tooMany
		return t.final
	})
	if err != nil {
		return place{}, err
	}
	if client == "" && outcome.countUnknown() >= tooMany {
		return place{}, &unknownSlaveError{encryptor}
	}
	found := place{client, c.hubsWith(func(i int) bool { return !errors.Is(outcome.errs[i], protocol.ErrUnknownEncryptor) })}
	if client != "" {
		c.places.Store(encryptor, found)
	}
	return found, nil
}

// mostOften returns the name that at least the given number of hubs answered, or "".
func (t *tally) mostOften(names []string, least int) string {
	count := map[string]int{}
	for i := range names {
		if !t.answered[i] || t.errs[i] != nil { // its name may be being written just now
			continue
		}
		if count[names[i]]++; count[names[i]] >= least {
			return names[i]
		}
	}
	return ""
}

// countUnknown counts the hubs that do not know the encryptor.
func (t *tally) countUnknown() int {
	n := 0
	for _, err := range t.errs {
		if errors.Is(err, protocol.ErrUnknownEncryptor) {
			n++
		}
	}
	return n
}
