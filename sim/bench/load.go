package bench

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"dske/etsi"
)

// errDiffer is the failure of a pair whose keys differ.
var errDiffer = errors.New("the key values do not match")

// Pair is two encryptors with their KMEs.
type Pair struct {
	Master, Slave *etsi.Client
}

// Single returns the only pair of a load.
func Single(p Pair) func(int) Pair { return func(int) Pair { return p } }

// Load describes the requests, and how many are made at once.
type Load struct {
	Pairs       int            // number of pairs, at least 1; every worker goes through all of them, from a different start
	Pair        func(int) Pair // returns one of them, counted from 0; it is called for each pair of requests
	Size        int            // of a key, in bits
	Number      int            // of keys in a request, at least 1
	Concurrency int            // number of workers, at least 1; each makes pairs of requests one after the other
}

// Run makes key pairs for the duration, at least one per worker, completes those it has begun, and
// adds them to the tally. It goes on with the pairs about where what is in the tally ended: of a
// million, it does not use the same ones again. If ctx ends, it ends early, and pairs under way fail.
func (l Load) Run(ctx context.Context, duration time.Duration, tally *Tally) {
	start, done := time.Now(), (tally.KeyPairs/l.Number+tally.Failures)/l.Concurrency
	var workers sync.WaitGroup
	for i := range l.Concurrency {
		workers.Go(func() {
			for next := i*max(1, l.Pairs/l.Concurrency) + done; ctx.Err() == nil; next++ {
				l.measure(ctx, l.Pair(next%l.Pairs), tally)
				if time.Since(start) >= duration {
					return
				}
			}
		})
	}
	workers.Wait()
	tally.Elapsed += time.Since(start)
}

// measure makes a pair of requests and adds its outcome to the tally.
func (l Load) measure(ctx context.Context, pair Pair, tally *Tally) {
	start := time.Now()
	made, err := l.makeKeys(ctx, pair)
	between := time.Now()
	if err == nil {
		err = l.fetchKeys(ctx, pair, made)
	}
	if err != nil {
		tally.fail(err)
		return
	}
	tally.succeed(len(made), between.Sub(start), time.Since(between))
}

// MakeKeys makes a single pair of requests, and returns the keys.
func (l Load) MakeKeys(ctx context.Context, pair Pair) ([]etsi.Key, error) {
	made, err := l.makeKeys(ctx, pair)
	if err == nil {
		err = l.fetchKeys(ctx, pair, made)
	}
	return made, err
}

func (l Load) makeKeys(ctx context.Context, pair Pair) ([]etsi.Key, error) {
	return pair.Master.GetKey(ctx, pair.Slave.SAE, etsi.KeyRequest{Size: l.Size, Number: l.Number})
}

// fetchKeys fetches keys that were made, and fails unless they are the same.
func (l Load) fetchKeys(ctx context.Context, pair Pair, made []etsi.Key) error {
	ids := make([]uuid.UUID, len(made))
	for i, k := range made {
		ids[i] = k.ID
	}
	fetched, err := pair.Slave.GetKeyWithKeyIDs(ctx, pair.Master.SAE, ids...)
	if err == nil && !slices.EqualFunc(made, fetched, etsi.Key.Equal) {
		err = errDiffer
	}
	return err
}
