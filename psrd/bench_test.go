package psrd

import (
	"testing"

	"github.com/google/uuid"
)

// BenchmarkAllocateAndTake processes the PSRD of one message at both ends: one chooses and uses it,
// the other is told of it and uses it.
func BenchmarkAllocateAndTake(b *testing.B) {
	const block, pad, signature = 16384, 32, 32
	own, peer := NewOwnPool(ForAll), NewPeerPool(ForAll)
	b.ReportAllocs()
	for b.Loop() {
		if own.Available() < pad+signature {
			id := uuid.New()
			own.Add(NewBlock(id, make([]byte, block)))
			peer.Add(NewBlock(id, make([]byte, block)))
		}
		allocations, err := own.AllocateEach(pad, signature)
		if err != nil {
			b.Fatal(err)
		}
		for _, a := range allocations {
			if _, err := a.Consume(); err != nil {
				b.Fatal(err)
			}
			if _, err := peer.Take(a.Fragments()); err != nil {
				b.Fatal(err)
			}
		}
	}
}
