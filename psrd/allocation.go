package psrd

import "sync/atomic"

// Allocation is the bytes of one secret: chosen by this side from a pool that it owns, or claimed
// from a pool of the peer. It is either consumed, once, or given back; until then nobody else can
// get its bytes. It is safe for concurrent use.
type Allocation struct {
	pool      *Pool
	fragments []Fragment
	first     [1]Fragment // room for fragments: usually there is one
	done      atomic.Bool // consumed or deallocated; is set while pool.mu is held
}

// begin makes a an allocation of no bytes yet.
func (a *Allocation) begin(p *Pool) {
	a.pool, a.fragments = p, a.first[:0]
}

// Fragments returns the fragments of the allocation, in order: the peer needs them. The caller owns
// the slice.
func (a *Allocation) Fragments() []Fragment { return a.Append(nil) }

// Append appends the result of Fragments to list.
func (a *Allocation) Append(list []Fragment) []Fragment { return append(list, a.fragments...) }

// Consume returns the value and zeroes it in the blocks. The caller owns the value and is the only
// one that ever gets it: a second call, or a call after Deallocate or [Pool.Close], fails with
// [ErrUsed].
func (a *Allocation) Consume() ([]byte, error) {
	a.pool.mu.Lock()
	defer a.pool.mu.Unlock()
	if err := a.end(); err != nil {
		return nil, err
	}
	return a.pool.consume(a.fragments), nil
}

// Spend is like Consume, for a value that nobody needs any more.
func (a *Allocation) Spend() error {
	a.pool.mu.Lock()
	defer a.pool.mu.Unlock()
	if err := a.end(); err != nil {
		return err
	}
	a.pool.spend(a.fragments)
	return nil
}

// end ends the allocation, which only one call can do. The caller holds the pool's lock.
func (a *Allocation) end() error {
	if a.done.Load() || a.pool.closed {
		return ErrUsed
	}
	a.done.Store(true)
	return nil
}

// Deallocate gives the bytes back to the pool. It does nothing after Consume, Spend or an earlier
// Deallocate, so that it can be deferred.
func (a *Allocation) Deallocate() {
	if a.done.Load() {
		return
	}
	a.pool.mu.Lock()
	defer a.pool.mu.Unlock()
	if a.end() != nil {
		return
	}
	for _, f := range a.fragments {
		a.pool.find(f.Block).deallocate(f)
	}
}
