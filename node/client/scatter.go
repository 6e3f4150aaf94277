package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"dske/protocol"
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

// scatter makes keys of size bytes for master and slaves and gives every hub its shares. It succeeds if at
// least the threshold have them.
func (c *Client) scatter(ctx context.Context, master string, slaves []string, size, number int) ([]key, error) {
	atOnce := min(protocol.MaxBatch, max(1, protocol.MaxBatchSize/c.config.Suite.ShareSize(size)))
	var keys []key
	for len(keys) < number {
		b := &batch{master: master, slaves: slaves}
		reservations, err := c.makeKeys(ctx, b, size, min(atOnce, number-len(keys)))
		if err != nil {
			return nil, err
		}
		if err := c.scatterBatch(ctx, b, reservations); err != nil {
			return nil, err
		}
		keys = append(keys, b.keys...)
	}
	return keys, nil
}

func (c *Client) scatterBatch(ctx context.Context, b *batch, reservations []*reservation) error {
	answers, err := c.askHubs(c.hubs, func(ctx context.Context, i int) error {
		defer reservations[i].release()
		return c.hubs[i].postBatch(ctx, b, i, reservations[i])
	})
	if err != nil {
		return err
	}
	n, threshold := len(c.hubs), c.config.Threshold
	outcome, err := collect(ctx, answers, n, stragglerGrace, c.isSettled)
	if err != nil {
		return err
	}
	if outcome.successful < threshold {
		return &shareError{"scatter", b.keys[0].id, outcome.successful, threshold, c.causes(c.hubs, outcome)}
	}
	c.config.Logger.Debug("keys scattered", "first_key_id", b.keys[0].id, "keys", len(b.keys), "successful_hubs", outcome.successful, "hubs", n)
	return nil
}

// isSettled reports whether the hubs that have not answered can no longer change the outcome.
func (c *Client) isSettled(t *tally) bool {
	return t.successful >= c.config.Threshold || len(c.hubs)-t.failed < c.config.Threshold
}

// makeKeys adds number keys of size bytes and their shares to the batch. If they are made of pads, it
// returns what was reserved for each hub, and otherwise nothing for any.
func (c *Client) makeKeys(ctx context.Context, b *batch, size, number int) ([]*reservation, error) {
	if c.config.KeysFromPSRD {
		return c.makeKeysFromPads(ctx, b, size, number)
	}
	for range number {
		id, err := uuid.NewRandomFromReader(c.random)
		if err != nil {
			return nil, err
		}
		value := make([]byte, size)
		if _, err := io.ReadFull(c.random, value); err != nil {
			return nil, err
		}
		k := key{id, protocol.NewSecret(value)}
		shares, err := c.config.Suite.Split(k.value, c.config.Threshold, len(c.hubs), c.random)
		if err != nil {
			return nil, err
		}
		b.keys, b.shares = append(b.keys, k), append(b.shares, shares)
	}
	return make([]*reservation, len(c.hubs)), nil
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
	final      bool    // nothing more is to be learned from the others
}

func newTally(n int) *tally { return &tally{errs: make([]error, n), answered: make([]bool, n)} }

// askHubs runs ask for every hub at once, each in a task that goes on when the request that it is for has
// been answered without it. The channel takes all the answers.
func (c *Client) askHubs(hubs []*peerHub, ask func(ctx context.Context, i int) error) (<-chan answer, error) {
	c.mu.Lock()
	lifetime, err := c.lifetime()
	c.mu.Unlock()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(lifetime, c.config.RequestTimeout)
	answers := make(chan answer, len(hubs))
	var asking atomic.Int32
	asking.Store(int32(len(hubs)))
	done := func() { // a timer for each of them would cost more than it is worth
		if asking.Add(-1) == 0 {
			cancel()
		}
	}
	for i := range hubs {
		err := c.start(func(context.Context) {
			defer done()
			answers <- answer{i, ask(ctx, i)}
		})
		if err != nil {
			cancel()
			return nil, err
		}
	}
	return answers, nil
}

// collect waits for n answers. When the outcome is settled it waits only for the time of grace longer, and
// not at all if the tally is final.
func collect(ctx context.Context, answers <-chan answer, n int, grace time.Duration, settled func(*tally) bool) (*tally, error) {
	t := newTally(n)
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
		if settled(t) && enough == nil {
			enough = time.After(grace)
		}
		if t.final {
			return t, nil
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
		if !t.answered[i] || t.errs[i] != nil {
			causes = append(causes, c.causeOf(h, t, i))
		}
	}
	return causes
}

// causeOf says why the hub with index i was not successful.
func (c *Client) causeOf(h *peerHub, t *tally, i int) Cause {
	switch {
	case !t.answered[i]:
		return Cause{h.Name, "no answer yet"}
	case errors.Is(t.errs[i], context.DeadlineExceeded):
		return Cause{h.Name, fmt.Sprintf("no answer in %v", c.config.HubTimeout)}
	default:
		return Cause{h.Name, t.errs[i].Error()}
	}
}
