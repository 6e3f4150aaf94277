package node

import "sync"

// maxSpare is how many goroutines [Workers] keep for the next tasks.
const maxSpare = 64

// Workers run tasks, each in a goroutine that has nothing else to do meanwhile. They keep some for
// the tasks to come: a new one has to make room on its stack first, and of what a key pair takes
// over loopback that is 3 %. Nil runs each task in a goroutine of its own.
type Workers struct {
	mu     sync.Mutex
	spare  []chan func()
	closed bool
}

// Go runs f in a goroutine, and returns at once. F must not panic.
func (w *Workers) Go(f func()) {
	if w == nil {
		go func() {
			growStack()
			f()
		}()
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if last := len(w.spare) - 1; last >= 0 {
		w.spare[last] <- f
		w.spare = w.spare[:last]
		return
	}
	go w.work(f)
}

// work runs f, and then what comes next, until the goroutine is no longer needed.
func (w *Workers) work(f func()) {
	growStack()
	next := make(chan func(), 1) // one, so that who hands over a task need not wait
	for f != nil {
		f()
		if !w.spares(next) {
			return
		}
		f = <-next
	}
}

// spares reports whether the goroutine that takes its tasks from next is kept.
func (w *Workers) spares(next chan func()) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || len(w.spare) == maxSpare {
		return false
	}
	w.spare = append(w.spare, next)
	return true
}

// Close ends the goroutines that have no task, and from now on each other one with its task.
func (w *Workers) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	for _, next := range w.spare {
		close(next)
	}
	w.spare = nil
}
