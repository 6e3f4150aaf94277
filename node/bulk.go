package node

import (
	"context"
	"runtime"

	"golang.org/x/sync/semaphore"
)

// Bulk keeps the work on large messages from taking all processors, so that small ones, of which a
// key is made, do not wait behind it. Nodes of one process share one. A nil Bulk lets everybody in.
type Bulk struct{ room *semaphore.Weighted }

// NewBulk returns a Bulk that half of the processors may be busy with, and one at least.
func NewBulk() *Bulk {
	return &Bulk{semaphore.NewWeighted(int64(max(1, runtime.GOMAXPROCS(0)/2)))}
}

// Enter waits until there is a processor for work on size bytes, which has to be ended with leave.
// Up to [SmallBatch] there is at once. The work must not wait for anybody meanwhile. It fails with
// the error of ctx if that ends first.
func (b *Bulk) Enter(ctx context.Context, size int) (leave func(), err error) {
	if b == nil || size <= SmallBatch {
		return func() {}, nil
	}
	if err := b.room.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	return func() { b.room.Release(1) }, nil
}
