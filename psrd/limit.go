package psrd

import (
	"slices"

	"github.com/google/uuid"
)

// Mark says how far a block is used and how far it may be, in bytes from its start. It holds no
// secret.
type Mark struct {
	Block uuid.UUID
	Used  int // no byte from there on is allocated or consumed
	Limit int // no byte from there on may be
	Size  int
}

// OpenBlock returns what is left of a block of size bytes that a node had before: the bytes below
// mark are spent and those in tail, from mark on, are above its limit, which is mark. It takes what
// it needs of tail and zeroes it. It fails with [ErrOutOfRange] if mark and tail do not make up the
// size.
func OpenBlock(id uuid.UUID, size, mark int, tail []byte) (*Block, error) {
	if mark < 0 || mark > size || len(tail) != size-mark {
		return nil, &FragmentError{Fragment{Block: id, Start: mark, Size: len(tail)}, ErrOutOfRange}
	}
	b := NewBlock(id, make([]byte, size))
	b.allocated.SetRange(0, uint(mark))
	b.consumed.SetRange(0, uint(mark))
	b.first, b.limit = uint(mark), mark
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
	for _, b := range p.blocks {
		sum += b.notOpen()
	}
	return sum
}

// Raise lets the bytes of a block be used up to limit; it never lowers it, and does nothing to a
// block that was used up. It fails with an [ErrUnknownBlock] or, above the size of the block, with
// an [ErrOutOfRange].
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

// Stock returns the number of bytes that can be allocated, and of those that [Pool.Raise] brings.
func (p *Pool) Stock() (open, closed int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range p.blocks {
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
	for _, b := range p.blocks {
		m := Mark{Block: b.id, Limit: b.limit, Size: len(b.data)}
		if last, found := b.allocated.PreviousSet(max(b.allocated.Len(), 1) - 1); found {
			m.Used = int(last) + 1
		}
		marks = append(marks, m)
	}
	return marks
}

// Close zeroes all blocks and forgets them: from then on nothing can be added, allocated, consumed
// or taken.
func (p *Pool) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range p.blocks {
		clear(b.data)
	}
	p.blocks, p.closed = nil, true
}
