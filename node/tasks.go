package node

import (
	"context"
	"runtime/debug"
	"sync"

	"dske/protocol"
)

// Tasks are the goroutines of a node that outlive the request that started them. The zero value
// must be opened before it starts any.
type Tasks struct {
	// Panicked is called with the panic of a task, which then ends only the task. Nil: the panic
	// ends the program. Set it before Open.
	Panicked func(reason any, stack []byte)

	// Workers run the tasks. Nil: each has a goroutine of its own. It is set before Open.
	Workers *Workers

	running sync.WaitGroup

	mu       sync.Mutex
	lifetime context.Context // nil before Open
	busy     int             // tasks that do not rest
	idle     chan struct{}   // closed when busy drops to 0; nil if nobody waits for that
}

// Open allows tasks to be started until ctx ends. Tasks get ctx. Open can be called once.
func (t *Tasks) Open(ctx context.Context) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lifetime = ctx
}

// Lifetime returns the context of the tasks. It fails with [protocol.ErrStopped] if no task can be
// started.
func (t *Tasks) Lifetime() (context.Context, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.open()
}

func (t *Tasks) open() (context.Context, error) {
	if t.lifetime == nil || t.lifetime.Err() != nil {
		return nil, protocol.ErrStopped
	}
	return t.lifetime, nil
}

// Go runs f as a task. It fails with [protocol.ErrStopped] if the node is not running.
func (t *Tasks) Go(f func(ctx context.Context)) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	ctx, err := t.open()
	if err != nil {
		return err
	}
	t.busy++
	t.running.Add(1)
	t.Workers.Go(func() {
		defer t.running.Done()
		defer t.add(-1)
		defer t.recover()
		f(ctx)
	})
	return nil
}

// recover passes on the panic of a task.
func (t *Tasks) recover() {
	if t.Panicked == nil {
		return
	}
	if reason := recover(); reason != nil {
		t.Panicked(reason, debug.Stack())
	}
}

// Rest calls wait in a task, which does not count as busy until wait returns.
func (t *Tasks) Rest(wait func()) {
	t.add(-1)
	defer t.add(1)
	wait()
}

func (t *Tasks) add(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.busy += n
	if t.busy == 0 && t.idle != nil {
		close(t.idle)
		t.idle = nil
	}
}

// Wait waits until all tasks have ended; they end with the context of Open. After that no task is
// started.
func (t *Tasks) Wait() {
	t.mu.Lock()
	t.lifetime = nil
	t.mu.Unlock()
	t.running.Wait()
}

// WaitIdle waits until every task rests or has ended. It fails with the error of ctx if that ends
// first.
func (t *Tasks) WaitIdle(ctx context.Context) error {
	select {
	case <-t.whenIdle():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// whenIdle returns a channel that is closed when no task is busy.
func (t *Tasks) whenIdle() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	idle := t.idle
	if idle == nil {
		idle = make(chan struct{})
	}
	if t.busy == 0 {
		close(idle)
		return idle
	}
	t.idle = idle
	return idle
}
