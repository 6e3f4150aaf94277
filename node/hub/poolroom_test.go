package hub

import (
	"errors"
	"testing"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/psrd"
)

// A client cannot make a hub keep more than pools of the maximum size take, in whatever pieces.
func TestRoomInAPool(t *testing.T) {
	add := func(pool *psrd.Pool, size, use int) {
		id := uuid.New()
		if err := pool.Add(psrd.NewBlock(id, make([]byte, size))); err != nil {
			t.Fatal(err)
		}
		if use > 0 {
			if _, err := pool.Take([]psrd.Fragment{{Block: id, Size: use}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, test := range map[string]struct{ blocks, size, use int }{
		"unused bytes":    {16, 4 << 20, 0},
		"used bytes":      {32, 4 << 20, 4<<20 - 1},
		"blocks of 1":     {4096, 1, 0},
		"the usual sizes": {4096, 16384, 0},
	} {
		pool := psrd.NewPeerPool(psrd.ForAll)
		for i := range test.blocks {
			if i%128 == 0 || i == test.blocks-1 { // a total looks at all blocks
				if err := checkPool(pool.Total(), test.size); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
			add(pool, test.size, test.use)
		}
		if err := checkPool(pool.Total(), test.size); !errors.Is(err, protocol.ErrTooLarge) {
			t.Errorf("%s: one more is %v", name, err)
		}
	}
}
