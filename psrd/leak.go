package psrd

import (
	"bytes"
	"fmt"

	"github.com/google/uuid"
)

// LeakedBlock is the remainder of a block, in the clear.
type LeakedBlock struct {
	UUID     uuid.UUID
	Data     []byte     // the consumed bytes are zeroed
	Consumed []Fragment // the ranges of consumed bytes, ascending
}

// Format implements [fmt.Formatter], so that no verb prints the data.
func (b LeakedBlock) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "leak of block %v of %d bytes", b.UUID, len(b.Data))
}

// Leak returns a copy of the blocks as an attacker finds them who breaks into the node: with all
// bytes that are not consumed, including allocated ones. It is for experiments with a compromised
// node; nothing else may call it.
func (p *Pool) Leak() []LeakedBlock {
	p.mu.Lock()
	defer p.mu.Unlock()
	leak := make([]LeakedBlock, 0, len(p.blocks))
	for i := range p.blocks {
		b := &p.blocks[i]
		leak = append(leak, LeakedBlock{b.id, bytes.Clone(b.data), b.consumedRuns()})
	}
	return leak
}

func (b *Block) consumedRuns() []Fragment {
	var runs []Fragment
	for end := uint(0); ; {
		start, found := b.consumed.next(end)
		if !found {
			return runs
		}
		end = b.consumed.free(start)
		runs = append(runs, Fragment{Block: b.id, Start: int(start), Size: int(end - start)})
	}
}
