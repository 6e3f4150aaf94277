package psrd

import "github.com/google/uuid"

// BlockStatus describes a block without any of its bytes.
type BlockStatus struct {
	UUID   uuid.UUID `json:"uuid"`
	Size   int       `json:"size"`            // bytes
	Used   int       `json:"nr_used_bytes"`   // allocated or consumed
	Unused int       `json:"nr_unused_bytes"` // unallocated
}

// Total is what several blocks take together.
type Total struct {
	Blocks int
	Size   int // bytes
	Unused int // bytes that are unallocated
}

// With returns the total with one more block.
func (t Total) With(size, unused int) Total {
	return Total{t.Blocks + 1, t.Size + size, t.Unused + unused}
}

// Total sums up the blocks that are not used up.
func (p *Pool) Total() (sum Total) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range p.blocks {
		sum = sum.With(len(b.data), b.unallocated)
	}
	return sum
}

// Levels returns the number of bytes that are unallocated, and of those that are allocated but not
// consumed.
func (p *Pool) Levels() (available, allocated int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.blocks {
		b := &p.blocks[i]
		available += b.unallocated
		allocated += b.unconsumed - b.unallocated
	}
	return available, allocated
}

// Status describes the blocks that are not used up, in the order of their use.
func (p *Pool) Status() []BlockStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	status := make([]BlockStatus, 0, len(p.blocks))
	for i := range p.blocks {
		b := &p.blocks[i]
		size := len(b.data)
		status = append(status, BlockStatus{b.id, size, size - b.unallocated, b.unallocated})
	}
	return status
}
