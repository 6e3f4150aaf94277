package client

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"dske/node"
	"dske/protocol"
)

// unknownSlaveError says that no client serves an encryptor.
type unknownSlaveError struct{ id string }

func (e *unknownSlaveError) Error() string { return fmt.Sprintf("unknown slave SAE %q", e.id) }

// place is where an encryptor fetches its keys.
type place struct {
	client string // "" if that is not known
	at     []bool // by hub: its client uses the hub, or may use it
}

// placeOf returns where an encryptor fetches its keys: as the directory of the network says or, if
// there is none or strangers may come, as so many hubs say alike that one of them at least is
// honest. It fails with an unknownSlaveError if nobody serves the encryptor.
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
	return place{e.Name, c.hubsWith(func(i int) bool { return e.Uses(c.hubs[i].Hub()) })}
}

// mayMakeKeys reports whether there can be keys that an encryptor has made: hubs take shares of
// those who are enrolled, and of strangers in an open network.
func (c *Client) mayMakeKeys(encryptor string) bool {
	if directory := c.config.Directory; directory != nil && !directory.IsOpen() {
		return directory.ClientOf(encryptor) != nil
	}
	return protocol.CheckSAE(encryptor) == nil
}

// hubsWith returns what f says of each hub.
func (c *Client) hubsWith(f func(hub int) bool) []bool {
	at := make([]bool, len(c.hubs))
	for i := range at {
		at[i] = f(i)
	}
	return at
}

// askForPlace asks the hubs where an encryptor fetches its keys. It fails with an unknownSlaveError
// if so many of them know no such encryptor that no key could be gathered from the rest.
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
		t.final = client != "" || t.unknown() >= tooMany
		return t.final
	})
	if err != nil {
		return place{}, err
	}
	if client == "" && outcome.unknown() >= tooMany {
		return place{}, &unknownSlaveError{encryptor}
	}
	found := place{client, c.hubsWith(func(i int) bool { return !errors.Is(outcome.errs[i], protocol.ErrUnknownEncryptor) })}
	if client != "" {
		c.places.Store(encryptor, found)
	}
	return found, nil
}

// mostOften returns the name that at least so many hubs have answered, or "".
func (t *tally) mostOften(names []string, least int) string {
	count := map[string]int{}
	for i := range names {
		if !t.answered[i] || t.errs[i] != nil { // it may be written just now
			continue
		}
		if count[names[i]]++; count[names[i]] >= least {
			return names[i]
		}
	}
	return ""
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
