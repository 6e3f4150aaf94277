package node

import (
	"context"
	"io"
	"runtime"
	"runtime/metrics"
	"time"

	"golang.org/x/sync/semaphore"
)

// Bulk keeps the work on large messages from taking all processors, and lets others go first on its
// own, so that small messages, of which a key is made, do not wait behind it. The nodes of a process
// share one. A nil Bulk has no limit.
type Bulk struct{ room *semaphore.Weighted }

// NewBulk returns a Bulk that may use half of the processors, and at least one. It is not for
// virtual time: when it lets others go first depends on scheduling.
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
	giveWay()
	return func() { b.room.Release(1) }, nil
}

// Fill fills data from r, and fails like [io.ReadFull]. It lets others go first after each
// [SmallBatch] bytes.
func (b *Bulk) Fill(data []byte, r io.Reader) error {
	if len(data) > SmallBatch {
		r = b.Reader(r)
	}
	_, err := io.ReadFull(r, data)
	return err
}

// Reader returns a reader that reads from r, and lets others go first each time that it has read
// [SmallBatch] bytes. It serves one caller.
func (b *Bulk) Reader(r io.Reader) io.Reader {
	if b == nil {
		return r
	}
	return &bulkReader{Reader: r}
}

type bulkReader struct {
	io.Reader
	read int // number of bytes since it has last let others go first
}

func (r *bulkReader) Read(p []byte) (int, error) {
	if r.read >= SmallBatch {
		giveWay()
		r.read = 0
	}
	n, err := r.Reader.Read(p[:min(len(p), SmallBatch)])
	r.read += n
	return n, err
}

const (
	nap  = 50 * time.Microsecond
	naps = 20 // at most, so that large work goes on in a busy process, too
)

// giveWay waits while goroutines are ready that no processor is free for. [runtime.Gosched] would
// not help them: the processor would continue with the caller before it takes over what waits for
// another one.
func giveWay() {
	ready := []metrics.Sample{{Name: "/sched/goroutines/runnable:goroutines"}}
	for range naps {
		if metrics.Read(ready); ready[0].Value.Uint64() == 0 {
			return
		}
		time.Sleep(nap)
	}
}
