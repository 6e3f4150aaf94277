package psrd

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// yield is a value and the fragments that it came from.
type yield struct {
	fragments []Fragment
	value     []byte
}

// Several goroutines use up a pool. Each allocation is concurrently consumed twice, or consumed and
// deallocated.
func TestConcurrentAllocations(t *testing.T) {
	sizes := []int{2000, 1000, 500, 1}
	p := newPool(t, true, sizes...)
	yields := make(chan yield, 3501)

	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for {
				a, err := p.Allocate(1 + rand.IntN(40))
				if errors.Is(err, ErrExhausted) {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				consume := func() {
					value, err := a.Consume()
					switch {
					case err == nil:
						yields <- yield{a.Fragments(), value}
					case err != ErrUsed:
						t.Error(err)
					}
				}
				var rival sync.WaitGroup
				rival.Go(consume)
				if rand.IntN(2) == 0 {
					consume()
				} else {
					a.Deallocate()
				}
				rival.Wait()
				p.Status()
			}
		})
	}
	workers.Wait()
	close(yields)

	got := 0
	seen := make(map[Fragment]bool) // of one byte each
	for y := range yields {
		got += len(y.value)
		for _, f := range y.fragments {
			block := content(int(f.Block[15]), sizes[f.Block[15]])
			if !bytes.Equal(y.value[:f.Size], block[f.Start:f.end()]) {
				t.Fatalf("%v yielded % x", f, y.value[:f.Size])
			}
			y.value = y.value[f.Size:]
			for position := f.Start; position < f.end(); position++ {
				one := Fragment{f.Block, position, 1}
				if seen[one] {
					t.Fatalf("%v was yielded twice", one)
				}
				seen[one] = true
			}
		}
	}
	unconsumed := 0
	for _, b := range p.blocks {
		unconsumed += b.unconsumed
		if b.unallocated != b.unconsumed {
			t.Errorf("block %v: %d bytes unallocated, %d unconsumed", b.id, b.unallocated, b.unconsumed)
		}
	}
	if got == 0 || got+unconsumed != 3501 {
		t.Errorf("%d bytes were yielded and %d are left, want 3501 together", got, unconsumed)
	}
}

// The same messages arrive several times at the same time, while other goroutines read the pool.
func TestConcurrentTakes(t *testing.T) {
	const messages, size = 100, 32
	p := newPool(t, false, messages*size, 10)
	want := content(0, messages*size)
	var taken [messages]atomic.Int32

	var workers sync.WaitGroup
	for range 6 {
		workers.Go(func() {
			for _, i := range rand.Perm(messages) {
				named := []Fragment{at(0, i*size+size/2, size/2), at(0, i*size, size/2)}
				value := slices.Concat(want[i*size+size/2:(i+1)*size], want[i*size:i*size+size/2])
				copied, err := p.Copy(named)
				if err != nil && !errors.Is(err, ErrUsed) || err == nil && !bytes.Equal(copied, value) {
					t.Errorf("Copy of message %d returned % x and %v", i, copied, err)
				}
				got, err := p.Take(named)
				if err != nil && !errors.Is(err, ErrUsed) || err == nil && !bytes.Equal(got, value) {
					t.Errorf("Take of message %d returned % x and %v", i, got, err)
				}
				if err == nil {
					taken[i].Add(1)
				}
				p.Available()
			}
		})
	}
	workers.Go(func() {
		for n := range 50 {
			if err := p.Add(NewBlock(id(2+n), content(2+n, 10))); err != nil {
				t.Error(err)
			}
			p.Status()
			p.DropOvertaken(time.Hour)
		}
	})
	workers.Wait()

	for i := range taken {
		if n := taken[i].Load(); n != 1 {
			t.Errorf("message %d was taken %d times, want once", i, n)
		}
	}
	if got := p.Available(); got != 51*10 {
		t.Errorf("%d bytes available, want %d", got, 51*10)
	}
}
