package psrd

import "slices"

// Allocation is the bytes of one secret, chosen by this side from a pool that it owns or claimed
// from one of the peer's. It is either consumed, once, or given back; until then its bytes are
// nobody else's. It may be used by several goroutines.
type Allocation struct {
	pool      *Pool
	fragments []Fragment
	first     [1]Fragment // room for fragments: as a rule there is one
	done      bool        // consumed or deallocated; guarded by pool.mu
}

// newAllocation returns an allocation of no bytes yet.
func newAllocation(p *Pool) *Allocation {
	a := &Allocation{pool: p}
	a.fragments = a.first[:0]
	return a
}

// Fragments returns where the bytes are, in order: what the peer must be told. The caller owns the
// slice.
func (a *Allocation) Fragments() []Fragment { return slices.Clone(a.fragments) }

// Consume returns the value and zeroes it in the blocks. The caller owns the value and is the only
// one ever to get it: a second call, or a call after Deallocate or [Pool.Close], fails with
// [ErrUsed].
func (a *Allocation) Consume() ([]byte, error) {
	a.pool.mu.Lock()
	defer a.pool.mu.Unlock()
	if a.done || a.pool.closed {
		return nil, ErrUsed
	}
	a.done = true
	return a.pool.consume(a.fragments), nil
}

// Deallocate gives the bytes back to the pool. It does nothing after Consume or a first Deallocate,
// so that it can be deferred.
func (a *Allocation) Deallocate() {
	a.pool.mu.Lock()
	defer a.pool.mu.Unlock()
	if a.done || a.pool.closed {
		return
	}
	a.done = true
	for _, f := range a.fragments {
		a.pool.find(f.Block).deallocate(f)
	}
}
