package psrd

import (
	"bytes"
	"reflect"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bits-and-blooms/bitset"
	"github.com/google/uuid"
	"pgregory.net/rapid"
)

// id returns the UUID of block n of a test.
func id(n int) uuid.UUID { return uuid.UUID{15: byte(n)} }

// at returns a fragment of block n.
func at(n, start, size int) Fragment { return Fragment{Block: id(n), Start: start, Size: size} }

// content returns the bytes of block n. None of them is zero, so that zeroed bytes are visible.
func content(n, size int) []byte {
	data := make([]byte, size)
	for i := range data {
		data[i] = byte(1 + (100*n+i)%255)
	}
	return data
}

// newPool returns a pool with a block for each of the sizes, the first of them being block 0.
func newPool(t testing.TB, owned bool, sizes ...int) *Pool {
	t.Helper()
	p := newEmptyPool(ForAll, owned)
	p.CountConsumed(new(atomic.Int64))
	for n, size := range sizes {
		if err := p.Add(NewBlock(id(n), content(n, size))); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// must fails the test if there is an error. Use it as must(t)(p.Take(...)).
func must(t testing.TB) func(value []byte, err error) []byte {
	return func(value []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// mustAllocate allocates bytes that are available.
func mustAllocate(t testing.TB, p *Pool, size int) *Allocation {
	t.Helper()
	a, err := p.Allocate(size)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// state is everything that a pool remembers.
type state struct {
	blocks  []Block
	retired []uuid.UUID
}

// stateOf returns a deep copy of the state of the pool.
func stateOf(p *Pool) state {
	s := state{retired: slices.Clone(p.retired)}
	for _, b := range p.blocks {
		c := b
		c.data = bytes.Clone(b.data)
		c.allocated, c.consumed = inOneForm(b.allocated), inOneForm(b.consumed)
		if p.owned { // the time of the last choice does not matter if the bytes are given back
			c.touched = time.Time{}
		}
		s.blocks = append(s.blocks, c)
	}
	return s
}

// inOneForm returns an equal set that is the same for all equal ones.
func inOneForm(s set) set {
	all := new(bitset.BitSet).SetRange(0, s.end)
	for i, found := s.next(s.end); found; i, found = s.next(i + 1) {
		all.Set(i)
	}
	return set{s.end, all}
}

// unchanged fails the test if the state of the pool has changed.
func unchanged(t rapid.TB, p *Pool, before state) {
	t.Helper()
	if now := stateOf(p); !reflect.DeepEqual(now, before) {
		t.Fatalf("pool has changed from\n%v\nto\n%v", before, now)
	}
}
