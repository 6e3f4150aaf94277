package psrd

import (
	"testing"

	"github.com/google/uuid"
)

// The PSRD of one message, at both ends: chosen and used by one, named and used by the other.
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
