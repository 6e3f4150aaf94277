package wire

import (
	"slices"
	"sync"
	"sync/atomic"
)

// Watchers is a list of functions that want to be called. Its zero value is empty. Reading the list
// takes no lock.
type Watchers[F any] struct {
	mu   sync.Mutex           // held while the list is replaced
	list atomic.Pointer[[]*F] // never changed, only replaced
}

// All returns the functions in the order in which they were added.
func (w *Watchers[F]) All() []*F {
	if list := w.list.Load(); list != nil {
		return *list
	}
	return nil
}

// Any reports whether there are any.
func (w *Watchers[F]) Any() bool { return len(w.All()) > 0 }

// Add adds a function, until remove is called.
func (w *Watchers[F]) Add(f F) (remove func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	added := &f
	list := append(slices.Clone(w.All()), added)
	w.list.Store(&list)
	return func() { w.remove(added) }
}

func (w *Watchers[F]) remove(f *F) {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := slices.DeleteFunc(slices.Clone(w.All()), func(g *F) bool { return g == f })
	w.list.Store(&list)
}
