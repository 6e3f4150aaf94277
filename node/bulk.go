package node

import (
	"context"
	"runtime"

	"golang.org/x/sync/semaphore"
)

// Bulk keeps the work on large messages from taking all processors, so that small messages, of
// which a key is made, do not wait behind it. The nodes of a process share one. A nil Bulk has no
// limit.
type Bulk struct{ room *semaphore.Weighted }

// NewBulk returns a Bulk that may use half of the processors, and at least one.
func NewBulk() *Bulk {
	return &Bulk{semaphore.NewWeighted(int64(max(1, runtime.GOMAXPROCS(0)/2)))}
}

// Enter waits until a processor is free for work on size bytes. The caller ends the work with
// leave, and must not wait for anything else before that. Work on up to [SmallBatch] bytes does not
// wait. Enter fails with the error of ctx if that ends first.
func (b *Bulk) Enter(ctx context.Context, size int) (leave func(), err error) {
	if b == nil || size <= SmallBatch {
		return func() {}, nil
	}
	if err := b.room.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	return func() { b.room.Release(1) }, nil
}
