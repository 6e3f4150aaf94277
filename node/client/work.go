package client

import (
	"context"
	"sync"
)

// work counts the tasks that are doing something, rather than waiting to try again.
type work struct {
	mu    sync.Mutex
	tasks int
	idle  chan struct{} // closed when tasks falls to 0; nil if nobody waits for that
}

func (w *work) begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tasks++
}

func (w *work) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tasks--
	if w.tasks == 0 && w.idle != nil {
		close(w.idle)
		w.idle = nil
	}
}

// whenIdle returns a channel that is closed when there is no task.
func (w *work) whenIdle() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	idle := w.idle
	if idle == nil {
		idle = make(chan struct{})
	}
	if w.tasks == 0 {
		close(idle)
		return idle
	}
	w.idle = idle
	return idle
}

// WaitIdle waits until the client does nothing that outlives the requests of its encryptors, other than
// waiting before it tries a hub again.
func (c *Client) WaitIdle(ctx context.Context) error {
	select {
	case <-c.work.whenIdle():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
