package psrd

import (
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// maxRetired is the number of retired blocks whose UUIDs a pool remembers.
const maxRetired = 64

// Pool is the blocks that one side of an association chooses bytes from. It is safe for concurrent
// use. Each method either succeeds or changes nothing.
type Pool struct {
	owned    bool
	closed   bool // guarded by mu
	purpose  Purpose
	consumed *atomic.Int64 // total number of bytes, which other pools may share; nil: nobody counts

	mu      sync.Mutex
	blocks  []Block     // in the order in which they were added and are used
	first   [1]Block    // room for blocks: usually there is one
	retired []uuid.UUID // the last maxRetired blocks that were used up, oldest first
}

// NewOwnPool returns an empty pool that this side chooses bytes from, for one purpose.
func NewOwnPool(purpose Purpose) *Pool { return newEmptyPool(purpose, true) }

// NewPeerPool returns an empty pool that the peer chooses bytes from, for one purpose.
func NewPeerPool(purpose Purpose) *Pool { return newEmptyPool(purpose, false) }

func newEmptyPool(purpose Purpose, owned bool) *Pool {
	p := EmptyPool(purpose, owned)
	return &p
}

// EmptyPool returns an empty pool for one purpose, which this side chooses bytes from if owned is
// set, and otherwise the peer. It is a value, to be part of another one, and must not be copied when
// it is in use.
func EmptyPool(purpose Purpose, owned bool) Pool { return Pool{owned: owned, purpose: purpose} }

// CountConsumed makes the pool add the number of bytes that it consumes to sum, which may be shared
// with other pools and outlive this one. Call it before the pool is used.
func (p *Pool) CountConsumed(sum *atomic.Int64) { p.consumed = sum }

// Owned reports whether this side chooses bytes from the pool.
func (p *Pool) Owned() bool { return p.owned }

// Add puts a block into the pool, which owns it from then on: the caller must not use it any more. It
// fails with [ErrDuplicateBlock] if a block of that UUID is there or was among the last to be used
// up, with [ErrOutOfRange] if the block is empty, with [ErrNotSlot] if the pool is for keys and the
// block does not consist of whole slots, and with [ErrNotOpen] after [Pool.Close]. A block that is
// spent already is retired at once.
func (p *Pool) Add(block *Block) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(block.data) == 0 {
		return &FragmentError{Fragment{Block: block.id}, ErrOutOfRange}
	}
	if !p.fits(len(block.data)) {
		return &FragmentError{Fragment{Block: block.id, Size: len(block.data)}, ErrNotSlot}
	}
	if p.find(block.id) != nil || slices.Contains(p.retired, block.id) {
		return &FragmentError{Fragment{Block: block.id, Size: len(block.data)}, ErrDuplicateBlock}
	}
	if p.closed {
		return &FragmentError{Fragment{Block: block.id, Size: len(block.data)}, ErrNotOpen}
	}
	if block.unconsumed == 0 {
		p.remember(block.id)
		return nil
	}
	if p.blocks == nil {
		p.blocks = p.first[:0]
	}
	p.blocks = append(p.blocks, *block)
	if len(p.blocks) > len(p.first) { // blocks have outgrown it
		p.first[0] = Block{}
	}
	return nil
}

// Available returns the number of bytes that can be allocated: unallocated, and below the limits.
func (p *Pool) Available() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.available()
}

func (p *Pool) available() int {
	sum := 0
	for i := range p.blocks {
		sum += p.blocks[i].available()
	}
	return sum
}

// Allocate chooses size bytes, at least 1, from as many blocks as needed; in a pool for keys size
// must be [SlotSize]. It fails with an [ExhaustedError] if too few bytes are available, with a
// [FragmentError] if the size is not allowed, and with [ErrNotOwned] if the peer owns the pool.
func (p *Pool) Allocate(size int) (*Allocation, error) {
	return p.AllocateIn(new(Allocation), size)
}

// AllocateIn is like [Pool.Allocate], and returns a, which was not used before.
func (p *Pool) AllocateIn(a *Allocation, size int) (*Allocation, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.checkAvailable(size); err != nil {
		return nil, err
	}
	p.allocate(a, size)
	return a, nil
}

// AllocateEach makes an allocation of each size, in this order, or none at all. Its errors are
// those of [Pool.Allocate], about the sum of the sizes.
func (p *Pool) AllocateEach(sizes ...int) ([]*Allocation, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.checkAvailable(sizes...); err != nil {
		return nil, err
	}
	allocations := make([]*Allocation, len(sizes))
	for i, size := range sizes {
		allocations[i] = new(Allocation)
		p.allocate(allocations[i], size)
	}
	return allocations, nil
}

// checkAvailable returns an error unless allocations of these sizes can be made.
func (p *Pool) checkAvailable(sizes ...int) error {
	if !p.owned {
		return ErrNotOwned
	}
	needed := 0
	for _, size := range sizes {
		if size <= 0 {
			return &FragmentError{Fragment{Size: size}, ErrOutOfRange}
		}
		if p.purpose == ForKeys && size != SlotSize {
			return &FragmentError{Fragment{Size: size}, ErrNotSlot}
		}
		needed += min(size, math.MaxInt-needed)
	}
	if available := p.available(); available < needed {
		return &ExhaustedError{Needed: needed, Available: available, Closed: p.notOpen(), Purpose: p.purpose}
	}
	return nil
}

// allocate chooses size bytes, which must be available, for a.
func (p *Pool) allocate(a *Allocation, size int) {
	a.begin(p)
	for i := range p.blocks {
		b := &p.blocks[i]
		for size > 0 && b.available() > 0 {
			f := b.allocate(size)
			a.fragments = append(a.fragments, f)
			size -= f.Size
		}
	}
	p.touch(a.fragments)
}

// Copy returns the bytes that the peer's fragments name, in that order, without using them. It has
// one purpose: to compute the tag that must be valid before [Pool.Take] may spend the bytes. The
// caller owns the copy and must clear it. Without fragments it returns no bytes. Its errors are
// those of Take.
func (p *Pool) Copy(fragments []Fragment) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.check(fragments); err != nil {
		return nil, err
	}
	return p.values(fragments), nil
}

// Take consumes the bytes that the peer's fragments name and returns their values in that order.
// The caller owns the value. It takes all of them or none. It fails with a [FragmentError] that
// wraps an [ErrUnknownBlock], an [ErrOutOfRange] (also for a negative or zero size), an
// [ErrNotOpen] (above the limit of the block), an [ErrUsed] or an [ErrOverlap]; with [ErrNotSlot]
// if the pool is for keys and the fragments are not one slot; and with [ErrNotOwned] if this side
// owns the pool.
func (p *Pool) Take(fragments []Fragment) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.check(fragments); err != nil {
		return nil, err
	}
	p.touch(fragments)
	return p.consume(fragments), nil
}

// Claim reserves the bytes that the peer's fragments name for the caller. For all others they count
// as used until the claim is given back. Its errors are those of [Pool.Take].
func (p *Pool) Claim(fragments []Fragment) (*Allocation, error) {
	return p.ClaimIn(new(Allocation), fragments)
}

// ClaimIn is like [Pool.Claim], and returns a, which was not used before.
func (p *Pool) ClaimIn(a *Allocation, fragments []Fragment) (*Allocation, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.check(fragments); err != nil {
		return nil, err
	}
	p.touch(fragments)
	for _, f := range fragments {
		p.find(f.Block).claim(f)
	}
	a.begin(p)
	a.fragments = append(a.fragments, fragments...)
	return a, nil
}

// touch notes that the owner uses the blocks of these fragments, and so has overtaken earlier
// blocks. Usually there are none.
func (p *Pool) touch(fragments []Fragment) {
	latest := 0
	for _, f := range fragments {
		i := 0
		for p.blocks[i].id != f.Block {
			i++
		}
		if b := &p.blocks[i]; b.isOvertaken() {
			b.touched = time.Now()
		}
		latest = max(latest, i)
	}
	for i := range latest {
		if b := &p.blocks[i]; !b.isOvertaken() {
			b.touched = time.Now()
		}
	}
}

// DropOvertaken retires blocks that the owner has overtaken, and returns their number. Blocks are
// used in the order in which they were added, except for bytes that were deallocated. So if the
// owner has named bytes of a later block, and since then for the time of idle none of an earlier
// one, the rest of the earlier block belonged to messages that were lost. At the peer's end, idle
// must be longer than a message can be under way. The owner calls DropOvertaken with a shorter time
// before it chooses bytes; otherwise it could choose bytes that were given back too late, of blocks
// that the peer has dropped. A block with claims, or with bytes that are allocated or above its
// limit, is in use and is not dropped.
func (p *Pool) DropOvertaken(idle time.Duration) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	dropped := 0
	for i := 0; i < len(p.blocks); {
		b := &p.blocks[i]
		if !b.isOvertaken() || b.unallocated != b.unconsumed || b.notOpen() > 0 || time.Since(b.touched) < idle {
			i++
			continue
		}
		clear(b.data)
		p.retire(b.id)
		dropped++
	}
	return dropped
}

// Overtaken returns when the owner last named bytes of the block that it has overtaken the longest
// ago, for [Pool.DropOvertaken]. It returns the zero time if no block is overtaken.
func (p *Pool) Overtaken() (oldest time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.blocks {
		if b := &p.blocks[i]; b.isOvertaken() {
			if oldest.IsZero() || b.touched.Before(oldest) {
				oldest = b.touched
			}
		}
	}
	return oldest
}

// check returns an error unless the peer can have the fragments.
func (p *Pool) check(fragments []Fragment) error {
	if p.owned {
		return ErrNotOwned
	}
	if err := p.checkForm(fragments); err != nil {
		return err
	}
	for _, f := range fragments {
		b := p.find(f.Block)
		switch {
		case b == nil && slices.Contains(p.retired, f.Block):
			return &FragmentError{f, ErrUsed}
		case b == nil:
			return &FragmentError{f, ErrUnknownBlock}
		}
		if err := b.check(f); err != nil {
			return err
		}
	}
	return checkDisjoint(fragments)
}

// consume returns the value of the fragments and spends them.
func (p *Pool) consume(fragments []Fragment) []byte {
	value := p.values(fragments)
	p.spend(fragments)
	return value
}

// values returns a copy of the bytes of the fragments, in that order.
func (p *Pool) values(fragments []Fragment) []byte {
	value := make([]byte, 0, totalSize(fragments))
	for _, f := range fragments {
		value = append(value, p.find(f.Block).data[f.Start:f.end()]...)
	}
	return value
}

// spend zeroes the bytes of the fragments and retires the blocks that are used up by them.
func (p *Pool) spend(fragments []Fragment) {
	for _, f := range fragments {
		b := p.find(f.Block)
		b.spend(f)
		if b.unconsumed == 0 {
			p.retire(b.id)
		}
	}
	if p.consumed != nil {
		p.consumed.Add(int64(totalSize(fragments)))
	}
}

// retire removes a block that is used up.
func (p *Pool) retire(id uuid.UUID) {
	p.blocks = slices.DeleteFunc(p.blocks, func(b Block) bool { return b.id == id })
	p.remember(id)
}

// remember notes that a block of that UUID was used up.
func (p *Pool) remember(id uuid.UUID) {
	if len(p.retired) == maxRetired {
		p.retired = slices.Delete(p.retired, 0, 1)
	}
	p.retired = append(p.retired, id)
}

// find returns the block with that UUID, or nil. A pool has few blocks, so it looks at each. The
// block is valid until another one is added or retired.
func (p *Pool) find(id uuid.UUID) *Block {
	for i := range p.blocks {
		if p.blocks[i].id == id {
			return &p.blocks[i]
		}
	}
	return nil
}

func totalSize(fragments []Fragment) int {
	sum := 0
	for _, f := range fragments {
		sum += f.Size
	}
	return sum
}
