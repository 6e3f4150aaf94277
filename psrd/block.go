package psrd

import (
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Block is a block of pre-shared random bytes, each of which is unallocated, allocated or consumed.
// The pool that it was added to guards it.
type Block struct {
	id        uuid.UUID
	data      []byte
	allocated set // includes the consumed bytes
	consumed  set

	limit       int       // bytes from here on are not used yet
	unallocated int       // bytes that are not in allocated
	unconsumed  int       // bytes that are not in consumed
	touched     time.Time // when the peer last named bytes of it, once it is overtaken; zero: it is not
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

// isOvertaken reports whether the peer has named bytes of a later block.
func (b *Block) isOvertaken() bool { return !b.touched.IsZero() }

// check returns an error unless f is a range of unallocated bytes of this block.
func (b *Block) check(f Fragment) error {
	// Start is compared with what is left of the block, since Start+Size could overflow.
	if f.Start < 0 || f.Size <= 0 || f.Start > len(b.data)-f.Size {
		return &FragmentError{f, ErrOutOfRange}
	}
	if f.end() > b.limit {
		return &FragmentError{f, ErrNotOpen}
	}
	if b.allocated.overlaps(uint(f.Start), uint(f.end())) {
		return &FragmentError{f, ErrUsed}
	}
	return nil
}

// allocate marks the first range of available bytes, at most size bytes. There must be one.
func (b *Block) allocate(size int) Fragment {
	start := b.allocated.end
	end := min(start+uint(size), uint(b.limit))
	if b.allocated.overlaps(start, end) { // otherwise next might search all of a long block
		end, _ = b.allocated.next(start)
	}
	b.allocated.add(start, end)
	f := Fragment{Block: b.id, Start: int(start), Size: int(end - start)}
	b.unallocated -= f.Size
	return f
}

// claim marks the bytes of f, which are unallocated.
func (b *Block) claim(f Fragment) {
	b.allocated.add(uint(f.Start), uint(f.end()))
	b.unallocated -= f.Size
}

// deallocate undoes allocate and claim.
func (b *Block) deallocate(f Fragment) {
	b.allocated.remove(uint(f.Start), uint(f.end()))
	b.unallocated += f.Size
}

// spend zeroes the bytes of f. They must be unconsumed; they may be allocated, but then all of them.
func (b *Block) spend(f Fragment) {
	start, end := uint(f.Start), uint(f.end())
	if !b.allocated.has(start) {
		b.allocated.add(start, end)
		b.unallocated -= f.Size
	}
	b.consumed.add(start, end)
	b.unconsumed -= f.Size
	clear(b.data[start:end])
}
