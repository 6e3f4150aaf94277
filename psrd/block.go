package psrd

import (
	"fmt"
	"time"

	"github.com/bits-and-blooms/bitset"
	"github.com/google/uuid"
)

// Block is a block of pre-shared random bytes, each of which is unallocated, allocated or consumed.
// The pool that it was added to guards it.
type Block struct {
	id        uuid.UUID
	data      []byte
	allocated bitset.BitSet // includes the consumed bytes
	consumed  bitset.BitSet // both are only as long as the highest set bit requires

	limit       int       // bytes from here on are not used yet
	first       uint      // no byte before this one is unallocated
	unallocated int       // clear bits in allocated
	unconsumed  int       // clear bits in consumed
	overtaken   bool      // the peer has named bytes of a later block
	touched     time.Time // when the peer last named bytes of it, once it is overtaken
}

// NewBlock returns a block of the bytes in data, all of them unallocated and below its limit. From
// then on the block owns data; it zeroes bytes when they are consumed.
func NewBlock(id uuid.UUID, data []byte) *Block {
	return &Block{
		id:          id,
		data:        data,
		limit:       len(data),
		unallocated: len(data),
		unconsumed:  len(data),
	}
}

// Format implements [fmt.Formatter], so that no verb prints the data.
func (b *Block) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "block %v of %d bytes", b.id, len(b.data))
}

// check returns an error unless f is a range of unallocated bytes of this block.
func (b *Block) check(f Fragment) error {
	// Start is compared with what is left of the block, since Start+Size could overflow.
	if f.Start < 0 || f.Size <= 0 || f.Start > len(b.data)-f.Size {
		return &FragmentError{f, ErrOutOfRange}
	}
	if f.end() > b.limit {
		return &FragmentError{f, ErrNotOpen}
	}
	if b.allocated.OnesBetween(uint(f.Start), uint(f.end())) > 0 {
		return &FragmentError{f, ErrUsed}
	}
	return nil
}

// allocate marks the first range of available bytes, at most size bytes. There must be one.
func (b *Block) allocate(size int) Fragment {
	// The sets can be as long as the block, so avoid searching them.
	start, found := b.allocated.NextClear(b.first)
	if !found {
		start = max(b.first, b.allocated.Len())
	}
	end := min(start+uint(size), uint(b.limit))
	if b.allocated.OnesBetween(start, end) > 0 {
		end, _ = b.allocated.NextSet(start)
	}
	b.allocated.SetRange(start, end)
	b.first = end
	f := Fragment{Block: b.id, Start: int(start), Size: int(end - start)}
	b.unallocated -= f.Size
	return f
}

// claim marks the bytes of f, which are unallocated.
func (b *Block) claim(f Fragment) {
	b.allocated.SetRange(uint(f.Start), uint(f.end()))
	b.unallocated -= f.Size
}

// deallocate undoes allocate and claim.
func (b *Block) deallocate(f Fragment) {
	b.allocated.FlipRange(uint(f.Start), uint(f.end()))
	b.first = min(b.first, uint(f.Start))
	b.unallocated += f.Size
}

// spend zeroes the bytes of f. They must be unconsumed; they may be allocated, but then all of them.
func (b *Block) spend(f Fragment) {
	start, end := uint(f.Start), uint(f.end())
	if !b.allocated.Test(start) {
		b.allocated.SetRange(start, end)
		b.unallocated -= f.Size
	}
	b.consumed.SetRange(start, end)
	b.unconsumed -= f.Size
	clear(b.data[start:end])
}
