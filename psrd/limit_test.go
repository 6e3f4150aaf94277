package psrd

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// newOpenPool returns a pool with one block of 100 bytes, of which the first 40 were spent before,
// and the remaining bytes.
func newOpenPool(t testing.TB, owned bool) (*Pool, []byte) {
	t.Helper()
	p := newEmptyPool(ForAll, owned)
	tail := content(0, 100)[40:]
	b, err := OpenBlock(id(0), 100, 40, bytes.Clone(tail))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Add(b); err != nil {
		t.Fatal(err)
	}
	return p, tail
}

func raise(t testing.TB, p *Pool, limit int) {
	t.Helper()
	if err := p.Raise(id(0), limit); err != nil {
		t.Fatal(err)
	}
}

func TestOpenBlock(t *testing.T) {
	tail := content(0, 100)[40:]
	b, err := OpenBlock(id(0), 100, 40, tail)
	if err != nil {
		t.Fatal(err)
	}
	if want := append(make([]byte, 40), content(0, 100)[40:]...); !bytes.Equal(b.data, want) {
		t.Errorf("data is % x, want % x", b.data, want)
	}
	if !bytes.Equal(tail, make([]byte, 60)) {
		t.Error("the caller's copy was not zeroed")
	}
	for _, test := range []struct{ size, mark, tail int }{{100, 40, 59}, {100, 40, 61}, {100, -1, 101}, {100, 101, 0}, {-1, 0, 0}} {
		b, err := OpenBlock(id(0), test.size, test.mark, make([]byte, test.tail))
		if b != nil || !errors.Is(err, ErrOutOfRange) {
			t.Errorf("%+v: %v", test, err)
		}
	}
}

func TestOpenBlockAnywhere(t *testing.T) {
	for _, owned := range []bool{true, false} {
		for mark := range 130 {
			p := newEmptyPool(ForAll, owned)
			b, err := OpenBlock(id(0), 130, mark, content(0, 130)[mark:])
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Add(b); err != nil {
				t.Fatal(err)
			}
			want := []Mark{{Block: id(0), Used: mark, Limit: mark, Size: 130}}
			if got := p.Marks(); !slices.Equal(got, want) {
				t.Fatalf("marks are %v, want %v", got, want)
			}
			raise(t, p, 130)
			var value []byte
			if owned {
				a := mustAllocate(t, p, 130-mark)
				value = must(t)(a.Consume())
			} else {
				value = must(t)(p.Take([]Fragment{at(0, mark, 130-mark)}))
			}
			if !bytes.Equal(value, content(0, 130)[mark:]) || len(p.blocks) != 0 {
				t.Fatalf("from %d: % x", mark, value)
			}
		}
	}
}

func TestSpentBlockIsRetired(t *testing.T) {
	p := NewPeerPool(ForAll)
	b, err := OpenBlock(id(0), 100, 100, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Add(b); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Take([]Fragment{at(0, 0, 1)}); !errors.Is(err, ErrUsed) {
		t.Errorf("error is %v, want %v", err, ErrUsed)
	}
	if err := p.Add(NewBlock(id(0), content(0, 100))); !errors.Is(err, ErrDuplicateBlock) {
		t.Errorf("the block came back: %v", err)
	}
}

func TestAllocateBelowLimit(t *testing.T) {
	p, tail := newOpenPool(t, true)
	before := stateOf(p)
	var exhausted *ExhaustedError
	if _, err := p.Allocate(1); !errors.As(err, &exhausted) || *exhausted != (ExhaustedError{Needed: 1, Closed: 60}) {
		t.Fatalf("error is %v", err)
	}
	unchanged(t, p, before)

	raise(t, p, 70)
	a := mustAllocate(t, p, 20)
	before = stateOf(p)
	_, err := p.Allocate(11)
	if !errors.As(err, &exhausted) || *exhausted != (ExhaustedError{Needed: 11, Available: 10, Closed: 30}) {
		t.Fatalf("error is %v", err)
	}
	if want := "out of pre-shared random data: 11 bytes needed, 10 available, 30 not open yet"; err.Error() != want {
		t.Errorf("error is %q, want %q", err, want)
	}
	unchanged(t, p, before)
	if got, want := p.Marks(), []Mark{{id(0), 60, 70, 100}}; !slices.Equal(got, want) {
		t.Errorf("marks are %v, want %v", got, want)
	}
	if got := must(t)(a.Consume()); !bytes.Equal(got, tail[:20]) {
		t.Errorf("value is % x, want % x", got, tail[:20])
	}
	if available, _ := p.Levels(); available != 40 {
		t.Errorf("%d bytes unallocated, want 40", available)
	}
}

// A block that is not open yet does not block the next one.
func TestAllocatePastClosedBytes(t *testing.T) {
	p, _ := newOpenPool(t, true)
	if err := p.Add(NewBlock(id(1), content(1, 50))); err != nil {
		t.Fatal(err)
	}
	raise(t, p, 45)
	a := mustAllocate(t, p, 15)
	if got, want := a.Fragments(), []Fragment{at(0, 40, 5), at(1, 0, 10)}; !slices.Equal(got, want) {
		t.Errorf("allocated %v, want %v", got, want)
	}
	a.Deallocate()
	if got := p.Available(); got != 55 {
		t.Errorf("%d bytes available, want 55", got)
	}
}

func TestTakeAboveLimit(t *testing.T) {
	p, tail := newOpenPool(t, false)
	raise(t, p, 70)
	before := stateOf(p)
	for _, f := range []Fragment{at(0, 70, 1), at(0, 60, 11), at(0, 99, 1), at(0, 39, 32)} {
		value, err := p.Take([]Fragment{at(0, 45, 1), f})
		wantFragmentError(t, err, ErrNotOpen, f)
		copied, err := p.Copy([]Fragment{f})
		wantFragmentError(t, err, ErrNotOpen, f)
		if value != nil || copied != nil {
			t.Errorf("%v yielded bytes", f)
		}
	}
	_, err := p.Take([]Fragment{at(0, 39, 2)})
	wantFragmentError(t, err, ErrUsed, at(0, 39, 2))
	unchanged(t, p, before)
	if got := must(t)(p.Take([]Fragment{at(0, 40, 30)})); !bytes.Equal(got, tail[:30]) {
		t.Errorf("value is % x, want % x", got, tail[:30])
	}
}

func TestRaise(t *testing.T) {
	p, _ := newOpenPool(t, true)
	raise(t, p, 70)
	before := stateOf(p)
	raise(t, p, 69)
	raise(t, p, -1)
	wantFragmentError(t, p.Raise(id(0), 101), ErrOutOfRange, at(0, 0, 101))
	wantFragmentError(t, p.Raise(id(1), 10), ErrUnknownBlock, at(1, 0, 10))
	unchanged(t, p, before)
	raise(t, p, 100)
	must(t)(mustAllocate(t, p, 60).Consume())
	raise(t, p, 100)
}

func TestMarks(t *testing.T) {
	p := newPool(t, true, 100, 64)
	want := []Mark{{id(0), 0, 100, 100}, {id(1), 0, 64, 64}}
	if got := p.Marks(); !slices.Equal(got, want) {
		t.Errorf("marks are %v, want %v", got, want)
	}
	mustAllocate(t, p, 10)
	hole := mustAllocate(t, p, 10)
	mustAllocate(t, p, 144)
	hole.Deallocate()
	want = []Mark{{id(0), 100, 100, 100}, {id(1), 64, 64, 64}}
	if got := p.Marks(); !slices.Equal(got, want) {
		t.Errorf("marks are %v, want %v", got, want)
	}
}

func TestClose(t *testing.T) {
	owned, peer := newPool(t, true, 50), newPool(t, false, 50)
	used, back := mustAllocate(t, owned, 10), mustAllocate(t, owned, 10)
	data := [][]byte{owned.blocks[0].data, peer.blocks[0].data}
	owned.Close()
	peer.Close()
	for _, d := range data {
		if !bytes.Equal(d, make([]byte, 50)) {
			t.Errorf("% x is left", d)
		}
	}
	if value, err := used.Consume(); err != ErrUsed || value != nil {
		t.Errorf("Consume returned % x, %v", value, err)
	}
	back.Deallocate()
	if _, err := owned.Allocate(1); !errors.Is(err, ErrExhausted) {
		t.Errorf("Allocate returned %v", err)
	}
	_, err := peer.Take([]Fragment{at(0, 0, 1)})
	wantFragmentError(t, err, ErrUnknownBlock, at(0, 0, 1))
	wantFragmentError(t, peer.Add(NewBlock(id(1), content(1, 10))), ErrNotOpen, at(1, 0, 10))
	if owned.Available() != 0 || len(peer.Marks()) != 0 {
		t.Error("a closed pool has something left")
	}
	owned.Close()
}

// Whatever is raised and allocated, no byte above the limit is used and none below the limit is
// refused because of it.
func TestLimitsAtRandom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 200).Draw(t, "size")
		mark := rapid.IntRange(0, size-1).Draw(t, "mark")
		p, limit, used := NewOwnPool(ForAll), mark, mark
		b, err := OpenBlock(id(0), size, mark, content(0, size)[mark:])
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Add(b); err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			to, want := rapid.IntRange(0, size).Draw(t, "to"), rapid.IntRange(1, 60).Draw(t, "want")
			if err := p.Raise(id(0), to); err != nil {
				t.Fatal(err)
			}
			limit = max(limit, to)
			a, err := p.Allocate(want)
			if (err == nil) != (want <= limit-used) {
				t.Fatalf("%d bytes of %d to %d: %v", want, used, limit, err)
			}
			if err != nil {
				continue
			}
			if got := a.Fragments(); !slices.Equal(got, []Fragment{at(0, used, want)}) {
				t.Fatalf("allocated %v from %d", got, used)
			}
			used += want
		}
	})
}
