package client

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"

	"dske/node"
)

// making bounds the memory of keys in the making: the shares of large batches, for all hubs, until
// the last hub has answered. Small batches, which most are, are not counted and do not wait.
type making struct {
	once sync.Once
	room *semaphore.Weighted // made for the first large batch
}

// begin waits for room for a batch with size bytes of shares. The caller calls end to give the room
// back.
func (m *making) begin(ctx context.Context, size int) (end func(), err error) {
	if size <= node.SmallBatch {
		return func() {}, nil
	}
	m.once.Do(func() { m.room = semaphore.NewWeighted(node.MaxInMaking) })
	taken := int64(min(size, node.MaxInMaking)) // the largest batches take all the room
	return func() { m.room.Release(taken) }, m.room.Acquire(ctx, taken)
}
