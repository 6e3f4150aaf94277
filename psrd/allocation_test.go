package psrd

import (
	"bytes"
	"slices"
	"testing"
)

func TestConsume(t *testing.T) {
	p := newPool(t, true, 100)
	mustAllocate(t, p, 50)
	a := mustAllocate(t, p, 20)
	want := content(0, 100)[50:70]
	value := must(t)(a.Consume())
	if !bytes.Equal(value, want) {
		t.Errorf("value is % x, want % x", value, want)
	}
	left := content(0, 100)
	clear(left[50:70])
	if !bytes.Equal(p.blocks[0].data, left) {
		t.Errorf("block is now % x, want % x", p.blocks[0].data, left)
	}
	if got := p.Available(); got != 30 {
		t.Errorf("%d bytes available, want 30", got)
	}
}

// Spend leaves what Consume leaves.
func TestSpend(t *testing.T) {
	consumed, spent := newPool(t, true, 10, 100), newPool(t, true, 10, 100)
	must(t)(mustAllocate(t, consumed, 50).Consume())
	if err := mustAllocate(t, spent, 50).Spend(); err != nil {
		t.Fatal(err)
	}
	unchanged(t, spent, stateOf(consumed))
}

func TestConsumeOnce(t *testing.T) {
	ends := map[string]func(*Allocation){
		"Consume":    func(a *Allocation) { must(t)(a.Consume()) },
		"Spend":      func(a *Allocation) { must(t)(nil, a.Spend()) },
		"Deallocate": func(a *Allocation) { a.Deallocate() },
	}
	for name, end := range ends {
		t.Run("after "+name, func(t *testing.T) {
			p := newPool(t, true, 100)
			a := mustAllocate(t, p, 20)
			end(a)
			before := stateOf(p)
			if value, err := a.Consume(); err != ErrUsed || value != nil {
				t.Errorf("Consume returned % x and %v, want %v", value, err, ErrUsed)
			}
			if err := a.Spend(); err != ErrUsed {
				t.Errorf("Spend returned %v, want %v", err, ErrUsed)
			}
			unchanged(t, p, before)
			a.Deallocate()
			unchanged(t, p, before)
		})
	}
}

func TestDeallocate(t *testing.T) {
	p := newPool(t, true, 10, 100, 10)
	before := stateOf(p)
	mustAllocate(t, p, 115).Deallocate()
	unchanged(t, p, before)
}

func TestDeallocatedBytesAreReused(t *testing.T) {
	p := newPool(t, true, 200, 10)
	mustAllocate(t, p, 60)
	hole := mustAllocate(t, p, 10)
	mustAllocate(t, p, 100)
	hole.Deallocate()

	part := mustAllocate(t, p, 4)
	if got, want := part.Fragments(), []Fragment{at(0, 60, 4)}; !slices.Equal(got, want) {
		t.Errorf("allocated %v, want %v", got, want)
	}
	rest := mustAllocate(t, p, 38)
	want := []Fragment{at(0, 64, 6), at(0, 170, 30), at(1, 0, 2)}
	if got := rest.Fragments(); !slices.Equal(got, want) {
		t.Errorf("allocated %v, want %v", got, want)
	}
	value := slices.Concat(content(0, 200)[64:70], content(0, 200)[170:], content(1, 2))
	if got := must(t)(rest.Consume()); !bytes.Equal(got, value) {
		t.Errorf("value is % x, want % x", got, value)
	}
}

// Bytes that were given back belong to the next allocation of them.
func TestDeallocateOnce(t *testing.T) {
	p := newPool(t, true, 100)
	first := mustAllocate(t, p, 20)
	first.Deallocate()
	second := mustAllocate(t, p, 20)
	before := stateOf(p)
	first.Deallocate()
	unchanged(t, p, before)
	if got := must(t)(second.Consume()); !bytes.Equal(got, content(0, 20)) {
		t.Errorf("value is % x, want % x", got, content(0, 20))
	}
}

func TestFragmentsOwnedByTheCaller(t *testing.T) {
	p := newPool(t, true, 10, 10)
	a := mustAllocate(t, p, 15)
	clear(a.Fragments())
	if got, want := a.Fragments(), []Fragment{at(0, 0, 10), at(1, 0, 5)}; !slices.Equal(got, want) {
		t.Errorf("fragments are %v, want %v", got, want)
	}
}
