package psrd

import (
	"bytes"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
)

func TestRetireConsumed(t *testing.T) {
	p := newPool(t, true, 10, 20)
	first, second := mustAllocate(t, p, 6), mustAllocate(t, p, 6)
	must(t)(second.Consume())
	wantBlocks(t, p, id(0), id(1))
	must(t)(first.Consume())
	wantBlocks(t, p, id(1))
	before := stateOf(p)
	wantFragmentError(t, p.Add(NewBlock(id(0), content(7, 10))), ErrDuplicateBlock, at(0, 0, 10))
	unchanged(t, p, before)
	if got := p.Available(); got != 18 {
		t.Errorf("%d bytes available, want 18", got)
	}
}

// A block whose bytes are all allocated can still get them back.
func TestAllocatedIsNotRetired(t *testing.T) {
	p := newPool(t, true, 10)
	a := mustAllocate(t, p, 10)
	wantBlocks(t, p, id(0))
	a.Deallocate()
	if got := p.Available(); got != 10 {
		t.Errorf("%d bytes available, want 10", got)
	}
}

func TestRetireTaken(t *testing.T) {
	p := newPool(t, false, 10, 20, 30)
	must(t)(p.Take([]Fragment{at(0, 0, 9)}))
	wantBlocks(t, p, id(0), id(1), id(2))
	value := must(t)(p.Take([]Fragment{at(2, 0, 30), at(1, 0, 1), at(0, 9, 1)}))
	want := slices.Concat(content(2, 30), content(1, 1), content(0, 10)[9:])
	if !bytes.Equal(value, want) {
		t.Errorf("took % x, want % x", value, want)
	}
	wantBlocks(t, p, id(1))

	for _, f := range []Fragment{at(0, 9, 1), at(2, 0, 30), at(2, -1, 99)} {
		_, err := p.Take([]Fragment{f})
		wantFragmentError(t, err, ErrUsed, f)
		_, err = p.Copy([]Fragment{f})
		wantFragmentError(t, err, ErrUsed, f)
	}
	for n, size := range map[int]int{0: 10, 2: 30} {
		wantFragmentError(t, p.Add(NewBlock(id(n), content(n, size))), ErrDuplicateBlock, at(n, 0, size))
	}
	wantBlocks(t, p, id(1))
}

func TestRetiredAreBounded(t *testing.T) {
	p := NewPeerPool(ForAll)
	for n := range 3 * maxRetired {
		if err := p.Add(NewBlock(id(n), content(n, 5))); err != nil {
			t.Fatal(err)
		}
		must(t)(p.Take([]Fragment{at(n, 0, 5)}))
		if len(p.retired) > maxRetired || cap(p.retired) > 2*maxRetired || cap(p.blocks) > 2 {
			t.Fatalf("after %d blocks the pool has room for %d and remembers %d of %d",
				n+1, cap(p.blocks), len(p.retired), cap(p.retired))
		}
	}
	for n, want := range map[int]error{
		0:                ErrUnknownBlock,
		2*maxRetired - 1: ErrUnknownBlock,
		2 * maxRetired:   ErrUsed,
		3*maxRetired - 1: ErrUsed,
	} {
		_, err := p.Take([]Fragment{at(n, 0, 5)})
		wantFragmentError(t, err, want, at(n, 0, 5))
	}
}

const idle = time.Minute

// These tests use the time of a bubble: it passes only in Sleep, and at once.
func TestDropOvertaken(t *testing.T) {
	tests := []struct {
		name string
		use  func(t *testing.T, p *Pool) // uses a pool that was just filled with three blocks of 100 bytes
		want []int                       // blocks that are dropped after that
	}{
		{"no block in use", func(t *testing.T, p *Pool) {
			time.Sleep(10 * idle)
		}, nil},
		{"no later block in use", func(t *testing.T, p *Pool) {
			must(t)(p.Take([]Fragment{at(0, 0, 9)}))
			time.Sleep(10 * idle)
		}, nil},
		{"later block only copied", func(t *testing.T, p *Pool) {
			must(t)(p.Copy([]Fragment{at(2, 0, 9)}))
			time.Sleep(10 * idle)
		}, nil},
		{"later block only refused", func(t *testing.T, p *Pool) {
			if _, err := p.Take([]Fragment{at(2, 0, 9), at(2, 0, 9)}); err == nil {
				t.Error("Take succeeded")
			}
			time.Sleep(10 * idle)
		}, nil},
		{"not yet idle since it was added", func(t *testing.T, p *Pool) {
			must(t)(p.Take([]Fragment{at(1, 0, 9)}))
			time.Sleep(idle - time.Nanosecond)
		}, nil},
		{"idle since it was added, but not since it was overtaken", func(t *testing.T, p *Pool) {
			time.Sleep(idle)
			must(t)(p.Take([]Fragment{at(1, 0, 9)}))
		}, nil},
		{"idle since it was overtaken", func(t *testing.T, p *Pool) {
			must(t)(p.Take([]Fragment{at(1, 0, 9)}))
			time.Sleep(idle - time.Nanosecond)
			must(t)(p.Take([]Fragment{at(1, 9, 9)}))
			time.Sleep(time.Nanosecond)
		}, []int{0}},
		{"not yet idle since it was named", func(t *testing.T, p *Pool) {
			must(t)(p.Take([]Fragment{at(1, 0, 9)}))
			time.Sleep(idle)
			must(t)(p.Take([]Fragment{at(0, 0, 9)}))
			time.Sleep(idle - time.Nanosecond)
		}, nil},
		{"idle since it was named", func(t *testing.T, p *Pool) {
			must(t)(p.Take([]Fragment{at(1, 0, 9)}))
			time.Sleep(idle)
			must(t)(p.Take([]Fragment{at(0, 0, 9)}))
			time.Sleep(idle)
		}, []int{0}},
		{"copying is not using", func(t *testing.T, p *Pool) {
			must(t)(p.Take([]Fragment{at(1, 0, 9), at(0, 0, 9)}))
			time.Sleep(idle)
			must(t)(p.Copy([]Fragment{at(0, 9, 9)}))
		}, []int{0}},
		{"last block in use", func(t *testing.T, p *Pool) {
			must(t)(p.Take([]Fragment{at(0, 0, 9), at(1, 0, 9), at(2, 0, 9)}))
			time.Sleep(idle)
		}, []int{0, 1}},
		{"only the idle one of two", func(t *testing.T, p *Pool) {
			must(t)(p.Take([]Fragment{at(2, 0, 9)}))
			time.Sleep(idle - time.Nanosecond)
			must(t)(p.Take([]Fragment{at(0, 0, 9)}))
			time.Sleep(time.Nanosecond)
		}, []int{1}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPool(t, false, 100, 100, 100)
				test.use(t, p)
				wantDropped(t, p, test.want)
			})
		})
	}
}

// wantDropped calls DropOvertaken on a pool with the blocks 0, 1 and 2.
func wantDropped(t *testing.T, p *Pool, want []int) {
	t.Helper()
	before := stateOf(p)
	blocks := slices.Clone(p.blocks)
	if oldest := p.Overtaken(); (!oldest.IsZero() && time.Since(oldest) >= idle) != (len(want) > 0) {
		t.Errorf("the block that was overtaken first was last used %v ago, and %d are to be dropped", time.Since(oldest), len(want))
	}
	if got := p.DropOvertaken(idle); got != len(want) {
		t.Errorf("dropped %d blocks, want %d", got, len(want))
	}
	if len(want) == 0 {
		unchanged(t, p, before)
		return
	}
	var stay []uuid.UUID
	for n, b := range blocks {
		if !slices.Contains(want, n) {
			stay = append(stay, b.id)
			if !bytes.Equal(b.data, before.blocks[n].data) {
				t.Errorf("block %d has changed", n)
			}
			continue
		}
		if !bytes.Equal(b.data, make([]byte, len(b.data))) {
			t.Errorf("the bytes of block %d were not zeroed", n)
		}
		_, err := p.Take([]Fragment{at(n, 50, 1)})
		wantFragmentError(t, err, ErrUsed, at(n, 50, 1))
		wantFragmentError(t, p.Add(NewBlock(id(n), content(n, 3))), ErrDuplicateBlock, at(n, 0, 3))
	}
	wantBlocks(t, p, stay...)
	if got := p.DropOvertaken(idle); got != 0 {
		t.Errorf("dropped %d blocks more the second time", got)
	}
}

// Bytes that this side has allocated may wait for their message for any time.
func TestDropOvertakenOwned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, true, 100, 100)
		waiting := mustAllocate(t, p, 50)
		must(t)(mustAllocate(t, p, 100).Consume())
		time.Sleep(10 * idle)
		before := stateOf(p)
		if got := p.DropOvertaken(idle); got != 0 {
			t.Errorf("dropped %d blocks of an own pool", got)
		}
		unchanged(t, p, before)
		if got := must(t)(waiting.Consume()); !bytes.Equal(got, content(0, 50)) {
			t.Errorf("value is % x, want % x", got, content(0, 50))
		}
	})
}

func TestDropOvertakenEmpty(t *testing.T) {
	if got := NewPeerPool(ForAll).DropOvertaken(0); got != 0 {
		t.Errorf("dropped %d blocks of none", got)
	}
}

// wantBlocks fails the test if the status does not list exactly these blocks.
func wantBlocks(t *testing.T, p *Pool, want ...uuid.UUID) {
	t.Helper()
	var got []uuid.UUID
	for _, s := range p.Status() {
		got = append(got, s.UUID)
	}
	if !slices.Equal(got, want) {
		t.Errorf("blocks are %v, want %v", got, want)
	}
}

// The owner gives up bytes that were given back too late before it would choose them again: the
// peer may have dropped their block.
func TestGivenBackTooLate(t *testing.T) {
	for _, test := range []struct {
		after time.Duration
		want  Fragment
	}{{idle - time.Nanosecond, at(0, 90, 10)}, {idle, at(1, 10, 10)}} {
		synctest.Test(t, func(t *testing.T) {
			p := newPool(t, true, 100, 100)
			sent, late := mustAllocate(t, p, 90), mustAllocate(t, p, 10)
			must(t)(sent.Consume())
			time.Sleep(10 * idle)
			must(t)(mustAllocate(t, p, 10).Consume())
			time.Sleep(test.after)
			if p.DropOvertaken(idle) != 0 {
				t.Error("bytes that are allocated were dropped")
			}
			late.Deallocate()
			p.DropOvertaken(idle)
			if got := mustAllocate(t, p, 10).Fragments(); len(got) != 1 || got[0] != test.want {
				t.Errorf("after %v: %v, want %v", test.after, got, test.want)
			}
		})
	}
}
