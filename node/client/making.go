package client

import (
	"context"

	"golang.org/x/sync/semaphore"

	"dske/node"
)

// making bounds the memory of keys in the making: the shares of large batches, for all hubs, as
// long as one of them has not answered. Small batches, which most are, neither count nor wait.
type making struct{ room *semaphore.Weighted }

func newMaking() making { return making{semaphore.NewWeighted(node.MaxInMaking)} }

// begin waits for the room that a batch takes with so many bytes of shares, and returns what gives
// it back.
func (m making) begin(ctx context.Context, size int) (end func(), err error) {
	if size <= node.SmallBatch {
		return func() {}, nil
	}
	taken := int64(min(size, node.MaxInMaking)) // the largest has it alone
	return func() { m.room.Release(taken) }, m.room.Acquire(ctx, taken)
}
