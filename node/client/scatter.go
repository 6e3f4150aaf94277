package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/protocol/shamir"
)

// stragglerGrace is how long the answer to a request waits for the hubs that have not answered when
// the outcome is settled without them.
const stragglerGrace = 40 * time.Millisecond

// key is a key with its ID.
type key struct {
	id    uuid.UUID
	value protocol.Secret
}

// A Cause says why a hub contributed nothing to a key.
type Cause struct {
	HubName string `json:"hub_name"`
	Message string `json:"message"`
}

// shareError says that too few hubs gave or took a share of a key.
type shareError struct {
	verb       string // scatter or gather
	keyID      uuid.UUID
	successful int
	required   int
	causes     []Cause // in the order of the client's hubs
}

func (e *shareError) Error() string {
	return fmt.Sprintf("Could not %s enough shares for key.", e.verb)
}

func (e *shareError) details() map[string]any {
	return map[string]any{
		"key_id":               e.keyID,
		"nr_successful_shares": e.successful,
		"nr_required_shares":   e.required,
		"causes":               e.causes,
	}
}

// scatter makes a key for master and slave and gives every hub a share of it. It succeeds if at least
// the threshold have one.
func (c *Client) scatter(ctx context.Context, master, slave string, size int) (key, error) {
	k, shares, err := c.makeKey(size)
	if err != nil {
		return key{}, err
	}
	m := protocol.PostShare{ClientName: c.config.Name, MasterSAE: master, SlaveSAE: slave, KeyID: k.id}
	answers, err := c.askHubs(c.hubs, func(ctx context.Context, i int) error {
		m := m
		m.ShareIndex = shares[i].Index
		return c.hubs[i].postShare(ctx, m, protocol.NewSecret(shares[i].Value))
	})
	if err != nil {
		return key{}, err
	}
	n, threshold := len(c.hubs), c.config.Threshold
	outcome, err := collect(ctx, answers, n, stragglerGrace, func(t *tally) bool {
		return t.successful >= threshold || n-t.failed < threshold
	})
	if err != nil {
		return key{}, err
	}
	if outcome.successful < threshold {
		return key{}, &shareError{"scatter", k.id, outcome.successful, threshold, c.causes(c.hubs, outcome)}
	}
	c.config.Logger.Debug("key scattered", "key_id", k.id, "shares", outcome.successful, "hubs", n)
	return k, nil
}

// makeKey returns a new key of size bytes and its shares, one for each hub.
func (c *Client) makeKey(size int) (key, []shamir.Share, error) {
	id, err := uuid.NewRandomFromReader(c.random)
	if err != nil {
		return key{}, nil, err
	}
	value := make([]byte, size)
	if _, err := io.ReadFull(c.random, value); err != nil {
		return key{}, nil, err
	}
	shares, err := shamir.Split(value, c.config.Threshold, len(c.hubs), c.random)
	return key{id, protocol.NewSecret(value)}, shares, err
}

// answer is how the exchange with a hub ended.
type answer struct {
	hub int // index
	err error
}

// tally is the answers of the hubs so far.
type tally struct {
	successful int
	failed     int
	errs       []error // by hub; nil for the successful ones
	answered   []bool  // by hub
}

// askHubs runs ask for every hub at once, each in a task that goes on when the request that it is for has
// been answered without it. The channel takes all the answers.
func (c *Client) askHubs(hubs []*peerHub, ask func(ctx context.Context, i int) error) (<-chan answer, error) {
	answers := make(chan answer, len(hubs))
	for i := range hubs {
		err := c.start(func(ctx context.Context) {
			ctx, cancel := context.WithTimeout(ctx, c.config.RequestTimeout)
			defer cancel()
			answers <- answer{i, ask(ctx, i)}
		})
		if err != nil {
			return nil, err
		}
	}
	return answers, nil
}

// collect waits for n answers, but when the outcome is settled only for the time of grace longer.
func collect(ctx context.Context, answers <-chan answer, n int, grace time.Duration, settled func(*tally) bool) (*tally, error) {
	t := &tally{errs: make([]error, n), answered: make([]bool, n)}
	var enough <-chan time.Time
	for t.successful+t.failed < n {
		select {
		case a := <-answers:
			t.add(a)
		case <-enough:
			return t, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if enough == nil && settled(t) {
			if grace == 0 {
				return t, nil
			}
			enough = time.After(grace)
		}
	}
	return t, nil
}

func (t *tally) add(a answer) {
	t.errs[a.hub], t.answered[a.hub] = a.err, true
	if a.err == nil {
		t.successful++
	} else {
		t.failed++
	}
}

// causes says of every hub that was not successful why.
func (c *Client) causes(hubs []*peerHub, t *tally) []Cause {
	causes := []Cause{}
	for i, h := range hubs {
		switch {
		case !t.answered[i]:
			causes = append(causes, Cause{h.Name, "no answer yet"})
		case errors.Is(t.errs[i], context.DeadlineExceeded):
			causes = append(causes, Cause{h.Name, fmt.Sprintf("no answer in %v", c.config.HubTimeout)})
		case t.errs[i] != nil:
			causes = append(causes, Cause{h.Name, t.errs[i].Error()})
		}
	}
	return causes
}
