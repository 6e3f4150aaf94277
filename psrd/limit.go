package psrd

import (
	"slices"

	"github.com/google/uuid"
)

// Mark says how far a block is used and how far it may be used, in bytes from its start. It
// contains no secret.
type Mark struct {
	Block uuid.UUID
	Used  int // bytes from here on are neither allocated nor consumed
	Limit int // bytes from here on must not be
	Size  int
}

// OpenBlock returns the remainder of a block of size bytes that a node had before. The bytes below
// mark are spent. Those in tail, from mark on, are above the limit of the block, which is mark.
// OpenBlock copies what it needs of tail and zeroes tail. It fails with [ErrOutOfRange] if mark and
// the size of tail do not add up to size.
func OpenBlock(id uuid.UUID, size, mark int, tail []byte) (*Block, error) {
	if mark < 0 || mark > size || len(tail) != size-mark {
		return nil, &FragmentError{Fragment{Block: id, Start: mark, Size: len(tail)}, ErrOutOfRange}
	}
	b := NewBlock(id, make([]byte, size))
	b.allocated.add(0, uint(mark))
	b.consumed.add(0, uint(mark))
	b.limit = mark
	b.unallocated, b.unconsumed = len(tail), len(tail)
	copy(b.data[mark:], tail)
	clear(tail)
	return b, nil
}

// available returns the number of bytes that can be allocated. Bytes above the limit are
// unallocated.
func (b *Block) available() int { return b.unallocated - b.notOpen() }

// notOpen returns the number of bytes above the limit.
func (b *Block) notOpen() int { return len(b.data) - b.limit }

func (p *Pool) notOpen() int {
	sum := 0
	for i := range p.blocks {
		b := &p.blocks[i]
		sum += b.notOpen()
	}
	return sum
}

// Raise raises the limit of a block, in bytes from its start. It never lowers it, and does nothing
// to a block that was used up. It fails with an [ErrUnknownBlock] or, above the size of the block,
// with an [ErrOutOfRange].
func (p *Pool) Raise(id uuid.UUID, limit int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.find(id)
	switch {
	case b == nil && slices.Contains(p.retired, id):
		return nil
	case b == nil:
		return &FragmentError{Fragment{Block: id, Size: limit}, ErrUnknownBlock}
	case limit > len(b.data):
		return &FragmentError{Fragment{Block: id, Size: limit}, ErrOutOfRange}
	}
	b.limit = max(b.limit, limit)
	return nil
}

// IsRetired reports whether a block of that UUID was among the last to be used up.
func (p *Pool) IsRetired(id uuid.UUID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Contains(p.retired, id)
}

// Stock returns the number of bytes that can be allocated, and of those that [Pool.Raise] can make
// available.
func (p *Pool) Stock() (open, closed int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.blocks {
		b := &p.blocks[i]
		open, closed = open+b.available(), closed+b.notOpen()
	}
	return open, closed
}

// Clear zeroes a block that is in no pool.
func (b *Block) Clear() { clear(b.data) }

// Marks describes the blocks that are not used up, in the order of their use.
func (p *Pool) Marks() []Mark {
	p.mu.Lock()
	defer p.mu.Unlock()
	marks := make([]Mark, 0, len(p.blocks))
	for i := range p.blocks {
		b := &p.blocks[i]
		marks = append(marks, Mark{Block: b.id, Used: int(b.allocated.over()), Limit: b.limit, Size: len(b.data)})
	}
	return marks
}

// Close zeroes all blocks and forgets them. After that nothing can be added, allocated, consumed or
// taken.
func (p *Pool) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.blocks {
		b := &p.blocks[i]
		clear(b.data)
	}
	p.blocks, p.closed = nil, true
}
