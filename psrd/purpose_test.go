package psrd

import (
	"errors"
	"slices"
	"testing"
)

// A pool for keys takes blocks of whole slots only, and gives slots only.
func TestKeysAreSlots(t *testing.T) {
	p := NewOwnPool(ForKeys)
	for _, size := range []int{1, 31, 33, 100} {
		wantFragmentError(t, p.Add(NewBlock(id(1), content(1, size))), ErrNotSlot, at(1, 0, size))
	}
	for n := range 2 {
		if err := p.Add(NewBlock(id(n), content(n, 64))); err != nil {
			t.Fatal(err)
		}
	}
	for _, size := range []int{1, 16, 31, 33, 64, 128} {
		_, err := p.Allocate(size)
		wantFragmentError(t, err, ErrNotSlot, Fragment{Size: size})
	}
	given := mustAllocate(t, p, SlotSize)
	for _, want := range []Fragment{at(0, 32, 32), at(1, 0, 32)} {
		if got := mustAllocate(t, p, SlotSize).Fragments(); !slices.Equal(got, []Fragment{want}) {
			t.Errorf("the slot is %v, want %v", got, want)
		}
	}
	given.Deallocate()
	if got := mustAllocate(t, p, SlotSize).Fragments(); !slices.Equal(got, []Fragment{at(0, 0, 32)}) {
		t.Errorf("the slot that was given back is %v", got)
	}
	mustAllocate(t, p, SlotSize)
	var lack *ExhaustedError
	if _, err := p.Allocate(SlotSize); !errors.As(err, &lack) || *lack != (ExhaustedError{Needed: 32, Purpose: ForKeys}) {
		t.Errorf("error %v", err)
	}
}

// Any other fragments that the peer names as a key are refused, before their position is checked.
func TestNotASlot(t *testing.T) {
	for _, test := range [][]Fragment{
		nil,
		{at(0, 0, 31)}, {at(0, 0, 33)}, {at(0, 0, 64)}, {at(0, 0, 0)}, {at(0, 0, -32)},
		{at(0, 1, 32)}, {at(0, 16, 32)}, {at(0, 48, 32)}, {at(0, -32, 32)},
		{at(0, 0, 16), at(0, 16, 16)}, {at(0, 16, 16), at(0, 0, 16)},
		{at(0, 0, 32), at(0, 32, 32)}, {at(0, 32, 32), at(0, 0, 32)},
		{at(9, 1, 32)},
	} {
		p := NewPeerPool(ForKeys)
		if err := p.Add(NewBlock(id(0), content(0, 96))); err != nil {
			t.Fatal(err)
		}
		before := stateOf(p)
		_, copied := p.Copy(test)
		_, taken := p.Take(test)
		_, claimed := p.Claim(test)
		for _, err := range []error{copied, taken, claimed} {
			if !errors.Is(err, ErrNotSlot) {
				t.Errorf("%v gave %v", test, err)
			}
		}
		unchanged(t, p, before)
	}
}

// Claimed bytes count as used for all others, and are given back completely or not at all.
func TestClaim(t *testing.T) {
	for _, purpose := range []Purpose{ForAll, ForPads, ForKeys} {
		p := NewPeerPool(purpose)
		if err := p.Add(NewBlock(id(0), content(0, 64))); err != nil {
			t.Fatal(err)
		}
		slot := []Fragment{at(0, 32, 32)}
		before := p.Status()
		claim, err := p.Claim(slot)
		if err != nil {
			t.Fatal(err)
		}
		_, copied := p.Copy(slot)
		_, taken := p.Take(slot)
		_, claimed := p.Claim(slot)
		for _, err := range []error{copied, taken, claimed} {
			wantFragmentError(t, err, ErrUsed, slot[0])
		}
		if got := p.Available(); got != 32 {
			t.Errorf("%d bytes available, want 32", got)
		}
		claim.Deallocate()
		if got := p.Status(); !slices.Equal(got, before) {
			t.Errorf("given back, the pool is %v, want %v", got, before)
		}
		if claim, err = p.Claim(slot); err != nil {
			t.Fatal(err)
		}
		if value := must(t)(claim.Consume()); !slices.Equal(value, content(0, 64)[32:]) {
			t.Errorf("the value is % x", value)
		}
		if _, err := p.Claim(slot); !errors.Is(err, ErrUsed) {
			t.Errorf("claimed once more: %v", err)
		}
	}
}

// A block with a claim is not given up.
func TestClaimedIsNotOvertaken(t *testing.T) {
	p := newPool(t, false, 64, 64)
	claim, err := p.Claim([]Fragment{at(0, 0, 32)})
	if err != nil {
		t.Fatal(err)
	}
	must(t)(p.Take([]Fragment{at(1, 0, 32)}))
	if n := p.DropOvertaken(0); n != 0 {
		t.Errorf("%d blocks dropped", n)
	}
	must(t)(claim.Consume())
	if n := p.DropOvertaken(0); n != 1 {
		t.Errorf("%d blocks dropped, want 1", n)
	}
}

func TestOwnersDontClaim(t *testing.T) {
	if _, err := newPool(t, true, 64).Claim([]Fragment{at(0, 0, 32)}); !errors.Is(err, ErrNotOwned) {
		t.Errorf("error %v", err)
	}
}
