package psrd

import (
	"bytes"
	"errors"
	"iter"
	"math"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

// place is a byte of a block.
type place struct {
	block    uuid.UUID
	position int
}

// places yields the bytes of fragments that are in range.
func places(fragments ...Fragment) iter.Seq[place] {
	return func(yield func(place) bool) {
		for _, f := range fragments {
			for i := range f.Size {
				if !yield(place{f.Block, f.Start + i}) {
					return
				}
			}
		}
	}
}

// ledger is the expected state of a pool, byte by byte.
type ledger struct {
	order    []uuid.UUID          // all blocks, in the order in which they were added
	original map[uuid.UUID][]byte // their bytes at that time
	state    map[place]byteState
	retired  []uuid.UUID
}

type byteState int

const (
	unallocated byteState = iota
	allocated
	consumed
)

func newLedger() *ledger {
	return &ledger{original: make(map[uuid.UUID][]byte), state: make(map[place]byteState)}
}

func (l *ledger) add(block uuid.UUID, data []byte) {
	l.order = append(l.order, block)
	l.original[block] = bytes.Clone(data)
}

// count returns how many bytes of the block are in that state.
func (l *ledger) count(block uuid.UUID, s byteState) int {
	n := 0
	for position := range l.original[block] {
		if l.state[place{block, position}] == s {
			n++
		}
	}
	return n
}

// total returns how many bytes of all blocks are in that state.
func (l *ledger) total(s byteState) int {
	n := 0
	for _, block := range l.order {
		n += l.count(block, s)
	}
	return n
}

func (l *ledger) available() int { return l.total(unallocated) }

// move moves bytes, which are all in one state, to another.
func (l *ledger) move(t rapid.TB, fragments []Fragment, from, to byteState) {
	t.Helper()
	for _, f := range fragments {
		for p := range places(f) {
			if l.state[p] != from {
				t.Fatalf("byte %v goes from state %d to %d, but is in %d", p, from, to, l.state[p])
			}
			l.state[p] = to
		}
		if l.count(f.Block, consumed) == len(l.original[f.Block]) {
			l.retired = append(l.retired, f.Block)
		}
	}
}

// read returns the bytes that the fragments named originally.
func (l *ledger) read(fragments []Fragment) []byte {
	var value []byte
	for p := range places(fragments...) {
		value = append(value, l.original[p.block][p.position])
	}
	return value
}

// refusals returns all the reasons to refuse the fragments.
func (l *ledger) refusals(fragments []Fragment) []error {
	var reasons []error
	seen := make(map[place]bool)
	for _, f := range fragments {
		data, known := l.original[f.Block]
		switch {
		case !known:
			reasons = append(reasons, ErrUnknownBlock)
		case slices.Contains(l.retired, f.Block):
			reasons = append(reasons, ErrUsed)
		case f.Start < 0 || f.Size <= 0 || uint64(f.Start)+uint64(f.Size) > uint64(len(data)):
			reasons = append(reasons, ErrOutOfRange)
		default:
			for p := range places(f) {
				if l.state[p] == consumed {
					reasons = append(reasons, ErrUsed)
				}
				if seen[p] {
					reasons = append(reasons, ErrOverlap)
				}
				seen[p] = true
			}
		}
	}
	return reasons
}

// judge checks the outcome of a Take or Copy and reports whether it should have succeeded.
func (l *ledger) judge(t rapid.TB, fragments []Fragment, value []byte, err error) bool {
	t.Helper()
	reasons := l.refusals(fragments)
	if len(reasons) == 0 {
		if want := l.read(fragments); err != nil || !bytes.Equal(value, want) {
			t.Fatalf("%v yielded % x, %v; want % x", fragments, value, err, want)
		}
		return true
	}
	var refused *FragmentError
	if !errors.As(err, &refused) || !slices.Contains(reasons, refused.Err) || value != nil {
		t.Fatalf("%v yielded % x, %v; want one of the errors %v", fragments, value, err, reasons)
	}
	if !slices.Contains(fragments, refused.Fragment) {
		t.Fatalf("error is about %v, which is not one of %v", refused.Fragment, fragments)
	}
	return false
}

// take has the pool copy and take the fragments, checks both and updates the ledger. It returns nil
// if they were refused.
func (l *ledger) take(t rapid.TB, p *Pool, fragments []Fragment) []byte {
	t.Helper()
	before := stateOf(p)
	value, err := p.Copy(fragments)
	l.judge(t, fragments, value, err)
	unchanged(t, p, before)

	value, err = p.Take(fragments)
	if l.judge(t, fragments, value, err) {
		l.move(t, fragments, unallocated, consumed)
	} else {
		unchanged(t, p, before)
	}
	return value
}

// check compares the whole pool with the ledger.
func (l *ledger) check(t rapid.TB, p *Pool) {
	t.Helper()
	var live []uuid.UUID
	for _, b := range p.blocks {
		live = append(live, b.id)
		l.checkBlock(t, &b)
	}
	want := slices.DeleteFunc(slices.Clone(l.order), func(block uuid.UUID) bool {
		return slices.Contains(l.retired, block)
	})
	if !slices.Equal(live, want) || !slices.Equal(p.retired, l.retired) {
		t.Fatalf("blocks are %v and retired %v, want %v and %v", live, p.retired, want, l.retired)
	}
	if got := p.Available(); got != l.available() {
		t.Fatalf("%d bytes available, want %d", got, l.available())
	}
	if kept := &p.first[0]; kept.data != nil && (len(p.blocks) == 0 || kept != &p.blocks[0]) {
		t.Fatalf("the pool keeps block %v", kept.id)
	}
	available, reserved := p.Levels()
	if got, want := [3]int{available, reserved, int(p.consumed.Load())}, [3]int{l.available(), l.total(allocated), l.total(consumed)}; got != want {
		t.Fatalf("bytes available, allocated and consumed are %d, want %d", got, want)
	}
}

func (l *ledger) checkBlock(t rapid.TB, b *Block) {
	t.Helper()
	original := l.original[b.id]
	for i, value := range b.data {
		s := l.state[place{b.id, i}]
		if b.allocated.has(uint(i)) != (s != unallocated) || b.consumed.has(uint(i)) != (s == consumed) {
			t.Fatalf("block %v: the sets of byte %d are not those of state %d", b.id, i, s)
		}
		want := original[i]
		if s == consumed {
			want = 0
		}
		if value != want {
			t.Fatalf("block %v: byte %d in state %d is %d, want %d", b.id, i, s, value, want)
		}
	}
	if len(b.data) != len(original) {
		t.Fatalf("block %v: %d bytes", b.id, len(b.data))
	}
	free, left, over := 0, 0, uint(0)
	for i := range uint(len(b.data)) {
		isAllocated, isConsumed := b.allocated.has(i), b.consumed.has(i)
		if !isAllocated {
			free++
		} else {
			over = i + 1
		}
		if !isConsumed {
			left++
		}
		if isConsumed && !isAllocated || i == b.allocated.end && isAllocated || i == b.consumed.end && isConsumed {
			t.Fatalf("block %v: byte %d: allocated %+v, consumed %+v", b.id, i, b.allocated, b.consumed)
		}
	}
	if b.unallocated != free || b.unconsumed != left || b.allocated.over() != over {
		t.Fatalf("block %v: %d bytes unallocated and %d unconsumed, none used from %d on, but the sets say %d, %d and %d",
			b.id, b.unallocated, b.unconsumed, b.allocated.over(), free, left, over)
	}
}

// machine is a pool of the owner and the matching one of its peer.
type machine struct {
	owner, peer  *Pool
	ours, theirs *ledger // of the owner and of the peer
	allocations  []*allocation
	sent         []yield
}

// allocation is an allocation that the owner has made.
type allocation struct {
	*Allocation
	done bool
}

func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{owner: NewOwnPool(ForAll), peer: NewPeerPool(ForAll), ours: newLedger(), theirs: newLedger()}
		m.owner.CountConsumed(new(atomic.Int64))
		m.peer.CountConsumed(new(atomic.Int64))
		t.Repeat(map[string]func(*rapid.T){
			"":           m.check,
			"Add":        m.add,
			"Allocate":   m.allocate,
			"Consume":    m.consume,
			"Deallocate": m.deallocate,
			"Deliver":    m.deliver,
			"Take":       m.take,
			"WrongSide":  m.wrongSide,
		})
	})
}

func (m *machine) check(t *rapid.T) {
	m.ours.check(t, m.owner)
	m.theirs.check(t, m.peer)
}

// add adds a block on both sides: mostly a new one, sometimes an empty one or one that was there
// before.
func (m *machine) add(t *rapid.T) {
	n := len(m.ours.order)
	if n == maxRetired {
		t.Skip("more could be forgotten")
	}
	block := id(rapid.OneOf(rapid.Just(n), rapid.IntRange(0, n)).Draw(t, "block"))
	size := rapid.OneOf(rapid.IntRange(0, 5), rapid.IntRange(60, 140)).Draw(t, "size")
	data := rapid.SliceOfN(rapid.ByteRange(1, 255), size, size).Draw(t, "data")
	for _, p := range []*Pool{m.owner, m.peer} {
		l := m.ours
		if p == m.peer {
			l = m.theirs
		}
		before := stateOf(p)
		err := p.Add(NewBlock(block, bytes.Clone(data)))
		switch {
		case size == 0:
			if !errors.Is(err, ErrOutOfRange) {
				t.Fatalf("empty block: %v", err)
			}
			unchanged(t, p, before)
		case l.original[block] != nil:
			if !errors.Is(err, ErrDuplicateBlock) {
				t.Fatalf("duplicate block: %v", err)
			}
			unchanged(t, p, before)
		case err != nil:
			t.Fatal(err)
		default:
			l.add(block, data)
		}
	}
}

func (m *machine) allocate(t *rapid.T) {
	size := rapid.OneOf(rapid.IntRange(1, 40), rapid.IntRange(-1, 400), number).Draw(t, "size")
	before, available := stateOf(m.owner), m.ours.available()
	a, err := m.owner.Allocate(size)
	if size <= 0 || size > available {
		want := ErrOutOfRange
		if size > 0 {
			want = ErrExhausted
		}
		if !errors.Is(err, want) || a != nil {
			t.Fatalf("allocation of %d bytes of %d: %v", size, available, err)
		}
		unchanged(t, m.owner, before)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if got := totalSize(a.Fragments()); got != size {
		t.Fatalf("allocated %d bytes, want %d", got, size)
	}
	m.ours.move(t, a.Fragments(), unallocated, allocated)
	m.allocations = append(m.allocations, &allocation{Allocation: a})
}

// consume consumes an allocation, or tries to do so again.
func (m *machine) consume(t *rapid.T) {
	a := m.drawAllocation(t)
	before := stateOf(m.owner)
	value, err := a.Consume()
	if a.done {
		if err != ErrUsed || value != nil {
			t.Fatalf("second time: % x, %v", value, err)
		}
		unchanged(t, m.owner, before)
		return
	}
	a.done = true
	if want := m.ours.read(a.Fragments()); err != nil || !bytes.Equal(value, want) {
		t.Fatalf("%v yielded % x, %v; want % x", a.Fragments(), value, err, want)
	}
	m.ours.move(t, a.Fragments(), allocated, consumed)
	m.sent = append(m.sent, yield{a.Fragments(), value})
}

func (m *machine) deallocate(t *rapid.T) {
	a := m.drawAllocation(t)
	before := stateOf(m.owner)
	a.Deallocate()
	if a.done {
		unchanged(t, m.owner, before)
		return
	}
	a.done = true
	m.ours.move(t, a.Fragments(), allocated, unallocated)
}

func (m *machine) drawAllocation(t *rapid.T) *allocation {
	if len(m.allocations) == 0 {
		t.Skip("no allocation")
	}
	return rapid.SampledFrom(m.allocations).Draw(t, "allocation")
}

// deliver gives the peer a message that the owner sent, perhaps not for the first time.
func (m *machine) deliver(t *rapid.T) {
	if len(m.sent) == 0 {
		t.Skip("nothing sent")
	}
	message := rapid.SampledFrom(m.sent).Draw(t, "message")
	value := m.theirs.take(t, m.peer, message.fragments)
	if value != nil && !bytes.Equal(value, message.value) {
		t.Fatalf("%v: the owner has % x and the peer % x", message.fragments, message.value, value)
	}
}

// take gives the peer arbitrary fragments.
func (m *machine) take(t *rapid.T) {
	m.theirs.take(t, m.peer, m.drawFragments(t))
}

func (m *machine) wrongSide(t *rapid.T) {
	before, peerBefore := stateOf(m.owner), stateOf(m.peer)
	fragments := m.drawFragments(t)
	if value, err := m.owner.Take(fragments); err != ErrNotOwned || value != nil {
		t.Fatalf("Take: % x, %v", value, err)
	}
	if value, err := m.owner.Copy(fragments); err != ErrNotOwned || value != nil {
		t.Fatalf("Copy: % x, %v", value, err)
	}
	if a, err := m.peer.Allocate(1); err != ErrNotOwned || a != nil {
		t.Fatalf("Allocate: %v", err)
	}
	unchanged(t, m.owner, before)
	unchanged(t, m.peer, peerBefore)
}

// number is any number, mostly one that is invalid somewhere.
var number = rapid.OneOf(
	rapid.IntRange(-2, 150),
	rapid.Int(),
	rapid.SampledFrom([]int{math.MinInt, math.MinInt + 1, math.MaxInt - 1, math.MaxInt}),
)

// drawFragments returns fragments, most of which are in range.
func (m *machine) drawFragments(t *rapid.T) []Fragment {
	blocks := append(slices.Clone(m.theirs.order), id(255))
	fragment := rapid.Custom(func(t *rapid.T) Fragment {
		block := rapid.SampledFrom(blocks).Draw(t, "block")
		size := max(len(m.theirs.original[block]), 1)
		f := Fragment{Block: block, Start: rapid.IntRange(0, size-1).Draw(t, "start")}
		f.Size = rapid.IntRange(1, min(size-f.Start, 20)).Draw(t, "size")
		switch rapid.IntRange(0, 8).Draw(t, "kind") {
		case 7:
			f.Start = number.Draw(t, "start")
		case 8:
			f.Size = number.Draw(t, "size")
		}
		return f
	})
	return rapid.SliceOfN(fragment, 0, 3).Draw(t, "fragments")
}
