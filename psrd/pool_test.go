package psrd

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/google/uuid"
)

func TestOwned(t *testing.T) {
	if !NewOwnPool(ForAll).Owned() || NewPeerPool(ForAll).Owned() {
		t.Error("Owned is not what NewPool was told")
	}
}

func TestAdd(t *testing.T) {
	p := newPool(t, true, 10, 20)
	if got := p.Available(); got != 30 {
		t.Errorf("%d bytes available, want 30", got)
	}
	want := []BlockStatus{{id(0), 10, 0, 10}, {id(1), 20, 0, 20}}
	if got := p.Status(); !slices.Equal(got, want) {
		t.Errorf("status %v, want %v", got, want)
	}
}

func TestAddRefused(t *testing.T) {
	for _, owned := range []bool{true, false} {
		tests := []struct {
			name  string
			block *Block
			want  error
			says  Fragment
		}{
			{"duplicate", NewBlock(id(1), content(1, 7)), ErrDuplicateBlock, at(1, 0, 7)},
			{"empty", NewBlock(id(2), []byte{}), ErrOutOfRange, at(2, 0, 0)},
			{"nil", NewBlock(id(2), nil), ErrOutOfRange, at(2, 0, 0)},
		}
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				p := newPool(t, owned, 10, 10)
				before := stateOf(p)
				err := p.Add(test.block)
				wantFragmentError(t, err, test.want, test.says)
				unchanged(t, p, before)
			})
		}
	}
}

func TestNewBlockOwnsTheData(t *testing.T) {
	data := content(0, 100)
	p := NewOwnPool(ForAll)
	if err := p.Add(NewBlock(id(0), data)); err != nil {
		t.Fatal(err)
	}
	must(t)(mustAllocate(t, p, 60).Consume())
	if want := append(make([]byte, 60), content(0, 100)[60:]...); !bytes.Equal(data, want) {
		t.Errorf("the data of the block is % x, want 60 zeroed bytes and 40 others", data)
	}
}

func TestAllocateOverSeveralBlocks(t *testing.T) {
	p := newPool(t, true, 10, 100, 10)
	first := mustAllocate(t, p, 5)
	second := mustAllocate(t, p, 110)
	if got, want := first.Fragments(), []Fragment{at(0, 0, 5)}; !slices.Equal(got, want) {
		t.Errorf("first allocation is %v, want %v", got, want)
	}
	want := []Fragment{at(0, 5, 5), at(1, 0, 100), at(2, 0, 5)}
	if got := second.Fragments(); !slices.Equal(got, want) {
		t.Errorf("second allocation is %v, want %v", got, want)
	}
	if got := p.Available(); got != 5 {
		t.Errorf("%d bytes available, want 5", got)
	}
	value := slices.Concat(content(0, 10)[5:], content(1, 100), content(2, 10)[:5])
	if got := must(t)(second.Consume()); !bytes.Equal(got, value) {
		t.Errorf("value is % x, want % x", got, value)
	}
	if got := must(t)(first.Consume()); !bytes.Equal(got, content(0, 5)) {
		t.Errorf("value is % x, want % x", got, content(0, 5))
	}
}

func TestAllocateTheVeryLastByte(t *testing.T) {
	p := newPool(t, true, 64, 1)
	mustAllocate(t, p, 64)
	if got, want := mustAllocate(t, p, 1).Fragments(), []Fragment{at(1, 0, 1)}; !slices.Equal(got, want) {
		t.Errorf("allocation is %v, want %v", got, want)
	}
	if got := p.Available(); got != 0 {
		t.Errorf("%d bytes available, want 0", got)
	}
}

func TestAllocateRefused(t *testing.T) {
	p := newPool(t, true, 10, 10)
	mustAllocate(t, p, 5)
	before := stateOf(p)

	for _, size := range []int{16, 17, math.MaxInt} {
		a, err := p.Allocate(size)
		var exhausted *ExhaustedError
		if !errors.Is(err, ErrExhausted) || !errors.As(err, &exhausted) || a != nil {
			t.Fatalf("Allocate(%d) returned %v and %v, want an ExhaustedError", size, a, err)
		}
		if want := (ExhaustedError{Needed: size, Available: 15}); *exhausted != want {
			t.Errorf("Allocate(%d) failed with %+v, want %+v", size, *exhausted, want)
		}
		unchanged(t, p, before)
	}
	for _, size := range []int{0, -1, math.MinInt} {
		a, err := p.Allocate(size)
		if a != nil {
			t.Errorf("Allocate(%d) returned an allocation", size)
		}
		wantFragmentError(t, err, ErrOutOfRange, Fragment{Size: size})
		unchanged(t, p, before)
	}
}

func TestWrongSide(t *testing.T) {
	ours, theirs := newPool(t, true, 10), newPool(t, false, 10)
	oursBefore, theirsBefore := stateOf(ours), stateOf(theirs)
	if a, err := theirs.Allocate(1); err != ErrNotOwned || a != nil {
		t.Errorf("Allocate from the peer's pool returned %v and %v, want %v", a, err, ErrNotOwned)
	}
	for _, fragments := range [][]Fragment{{at(0, 0, 1)}, {at(9, 0, 1)}, nil} {
		if value, err := ours.Take(fragments); err != ErrNotOwned || value != nil {
			t.Errorf("Take from an own pool returned %v and %v, want %v", value, err, ErrNotOwned)
		}
		if value, err := ours.Copy(fragments); err != ErrNotOwned || value != nil {
			t.Errorf("Copy from an own pool returned %v and %v, want %v", value, err, ErrNotOwned)
		}
	}
	unchanged(t, ours, oursBefore)
	unchanged(t, theirs, theirsBefore)
}

func TestTake(t *testing.T) {
	tests := []struct {
		name      string
		fragments []Fragment
		want      []byte
	}{
		{"nothing", nil, []byte{}},
		{"whole block", []Fragment{at(0, 0, 100)}, content(0, 100)},
		{"first byte", []Fragment{at(0, 0, 1)}, content(0, 1)},
		{"last byte", []Fragment{at(1, 99, 1)}, content(1, 100)[99:]},
		{"over a word", []Fragment{at(0, 63, 2)}, content(0, 100)[63:65]},
		{"adjacent", []Fragment{at(0, 5, 5), at(0, 0, 5)},
			slices.Concat(content(0, 100)[5:10], content(0, 5))},
		{"same range of two blocks", []Fragment{at(1, 5, 5), at(0, 5, 5)},
			slices.Concat(content(1, 100)[5:10], content(0, 100)[5:10])},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := newPool(t, false, 100, 100)
			before := stateOf(p)
			copied := must(t)(p.Copy(test.fragments))
			unchanged(t, p, before)
			if !bytes.Equal(copied, test.want) {
				t.Errorf("copied % x, want % x", copied, test.want)
			}
			clear(copied) // it is the caller's, not a view of the block
			unchanged(t, p, before)

			blocks := slices.Clone(p.blocks)
			taken := must(t)(p.Take(test.fragments))
			if !bytes.Equal(taken, test.want) {
				t.Errorf("took % x, want % x", taken, test.want)
			}
			if got := p.Available(); got != 200-len(test.want) {
				t.Errorf("%d bytes available, want %d", got, 200-len(test.want))
			}
			for _, f := range test.fragments {
				block := blocks[f.Block[15]]
				if !bytes.Equal(block.data[f.Start:f.end()], make([]byte, f.Size)) {
					t.Errorf("%v was not zeroed", f)
				}
				_, err := p.Take([]Fragment{f})
				wantFragmentError(t, err, ErrUsed, f)
			}
		})
	}
}

func TestTakeAfterTake(t *testing.T) {
	p := newPool(t, false, 100)
	must(t)(p.Take([]Fragment{at(0, 40, 20)}))
	want := slices.Concat(content(0, 40), content(0, 100)[60:])
	if got := must(t)(p.Take([]Fragment{at(0, 0, 40), at(0, 60, 40)})); !bytes.Equal(got, want) {
		t.Errorf("took % x, want % x", got, want)
	}
}

// The last of the fragments is the refused one. Blocks 0 and 1 have 100 bytes, of which bytes 40 to
// 59 of block 0 are used; block 2 is used up and block 3 has never existed.
func TestTakeRefused(t *testing.T) {
	tests := []struct {
		name      string
		want      error
		fragments []Fragment
	}{
		{"unknown block", ErrUnknownBlock, []Fragment{at(3, 0, 1)}},
		{"no block", ErrUnknownBlock, []Fragment{{Block: uuid.UUID{1}, Start: 0, Size: 1}}},
		{"retired block", ErrUsed, []Fragment{at(2, 0, 1)}},
		{"size zero", ErrOutOfRange, []Fragment{at(1, 0, 0)}},
		{"size zero at the end", ErrOutOfRange, []Fragment{at(1, 100, 0)}},
		{"negative size", ErrOutOfRange, []Fragment{at(1, 10, -1)}},
		{"least size", ErrOutOfRange, []Fragment{at(1, 0, math.MinInt)}},
		{"negative start", ErrOutOfRange, []Fragment{at(1, -1, 1)}},
		{"negative start, long", ErrOutOfRange, []Fragment{at(1, -1, 2)}},
		{"least start", ErrOutOfRange, []Fragment{at(1, math.MinInt, 1)}},
		{"least start, greatest size", ErrOutOfRange, []Fragment{at(1, math.MinInt, math.MaxInt)}},
		{"starts at the end", ErrOutOfRange, []Fragment{at(1, 100, 1)}},
		{"ends after the end", ErrOutOfRange, []Fragment{at(1, 99, 2)}},
		{"longer than the block", ErrOutOfRange, []Fragment{at(1, 0, 101)}},
		{"greatest start", ErrOutOfRange, []Fragment{at(1, math.MaxInt, 1)}},
		{"greatest size", ErrOutOfRange, []Fragment{at(1, 1, math.MaxInt)}},
		{"greatest of both", ErrOutOfRange, []Fragment{at(1, math.MaxInt, math.MaxInt)}},
		{"sum wraps to in range", ErrOutOfRange, []Fragment{at(1, math.MinInt+50, math.MinInt)}},
		{"used", ErrUsed, []Fragment{at(0, 40, 20)}},
		{"used first byte", ErrUsed, []Fragment{at(0, 59, 20)}},
		{"used last byte", ErrUsed, []Fragment{at(0, 20, 21)}},
		{"used in the middle", ErrUsed, []Fragment{at(0, 0, 100)}},
		{"repeated", ErrOverlap, []Fragment{at(1, 3, 4), at(1, 3, 4)}},
		{"overlapping by a byte", ErrOverlap, []Fragment{at(1, 0, 5), at(1, 4, 5)}},
		{"contained", ErrOverlap, []Fragment{at(1, 0, 100), at(1, 50, 1)}},
		{"overlapping, not adjacent", ErrOverlap, []Fragment{at(1, 0, 5), at(0, 0, 5), at(1, 4, 5)}},
		{"only the last one wrong", ErrUsed, []Fragment{at(1, 0, 5), at(0, 0, 5), at(0, 45, 1)}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := newPool(t, false, 100, 100, 30)
			must(t)(p.Take([]Fragment{at(0, 40, 20), at(2, 0, 30)}))
			before := stateOf(p)
			refused := test.fragments[len(test.fragments)-1]

			value, err := p.Take(test.fragments)
			if value != nil {
				t.Error("Take returned a value")
			}
			wantFragmentError(t, err, test.want, refused)
			unchanged(t, p, before)

			value, err = p.Copy(test.fragments)
			if value != nil {
				t.Error("Copy returned a value")
			}
			wantFragmentError(t, err, test.want, refused)
			unchanged(t, p, before)
		})
	}
}

func TestTakeLeavesItsArgumentAlone(t *testing.T) {
	p := newPool(t, false, 100)
	fragments := []Fragment{at(0, 50, 5), at(0, 0, 5), at(0, 20, 5)}
	want := slices.Clone(fragments)
	must(t)(p.Take(fragments))
	if !slices.Equal(fragments, want) {
		t.Errorf("fragments are now %v, want %v", fragments, want)
	}
}

// wantFragmentError fails the test unless err is a FragmentError with that reason about that
// fragment.
func wantFragmentError(t *testing.T, err, reason error, about Fragment) {
	t.Helper()
	var refused *FragmentError
	if !errors.Is(err, reason) || !errors.As(err, &refused) {
		t.Fatalf("error is %v, want a FragmentError: %v", err, reason)
	}
	if refused.Fragment != about {
		t.Errorf("error is about %v, want %v", refused.Fragment, about)
	}
}
