package psrd

import (
	"encoding/json"
	"reflect"
	"slices"
	"sync/atomic"
	"testing"
)

func TestStatusOwned(t *testing.T) {
	p := newPool(t, true, 10, 20, 30)
	must(t)(mustAllocate(t, p, 10).Consume())
	must(t)(mustAllocate(t, p, 5).Consume())
	mustAllocate(t, p, 17)
	want := []BlockStatus{{id(1), 20, 20, 0}, {id(2), 30, 2, 28}}
	if got := p.Status(); !slices.Equal(got, want) {
		t.Errorf("status is %v, want %v", got, want)
	}
	if got := p.Total(); got != (Total{Blocks: 2, Size: 50, Unused: 28}) {
		t.Errorf("the total is %+v", got)
	}
}

func TestStatusNotOwned(t *testing.T) {
	p := newPool(t, false, 10, 20)
	must(t)(p.Take([]Fragment{at(1, 3, 4), at(1, 10, 1)}))
	want := []BlockStatus{{id(0), 10, 0, 10}, {id(1), 20, 5, 15}}
	if got := p.Status(); !slices.Equal(got, want) {
		t.Errorf("status is %v, want %v", got, want)
	}
}

func TestStatusJSON(t *testing.T) {
	p := newPool(t, true, 10)
	mustAllocate(t, p, 3)
	for pool, want := range map[*Pool]string{
		NewOwnPool(ForAll): `[]`,
		p: `[{"uuid":"00000000-0000-0000-0000-000000000000","size":10,` +
			`"nr_used_bytes":3,"nr_unused_bytes":7}]`,
	} {
		if got, err := json.Marshal(pool.Status()); err != nil || string(got) != want {
			t.Errorf("status is %s, %v; want %s", got, err, want)
		}
	}
}

func TestLevels(t *testing.T) {
	owned, peer := newPool(t, true, 10, 20), newPool(t, false, 10, 20)
	must(t)(mustAllocate(t, owned, 10).Consume()) // a whole block, which is retired
	must(t)(mustAllocate(t, owned, 5).Consume())
	mustAllocate(t, owned, 4)
	mustAllocate(t, owned, 3).Deallocate()
	must(t)(peer.Take([]Fragment{at(0, 0, 10), at(1, 10, 1)}))
	for pool, want := range map[*Pool][2]int{owned: {11, 4}, peer: {19, 0}, NewOwnPool(ForAll): {}} {
		if available, allocated := pool.Levels(); available != want[0] || allocated != want[1] {
			t.Errorf("levels are %d and %d, want %d", available, allocated, want)
		}
	}
}

func TestConsumedBytesOfSeveralPoolsAreCounted(t *testing.T) {
	var sum atomic.Int64
	peer, owned := newPool(t, false, 10, 10), newPool(t, true, 10)
	peer.CountConsumed(&sum)
	owned.CountConsumed(&sum)
	must(t)(peer.Take([]Fragment{at(0, 0, 10), at(1, 0, 7)})) // the first block is retired
	if _, err := peer.Take([]Fragment{at(1, 6, 2)}); err == nil {
		t.Error("a byte was taken twice")
	}
	must(t)(mustAllocate(t, owned, 3).Consume())
	mustAllocate(t, owned, 4)
	if sum.Load() != 20 {
		t.Errorf("%d bytes are counted, not 20", sum.Load())
	}
}

// Nothing in a status can hold or lead to the bytes of a block.
func TestStatusHasNoData(t *testing.T) {
	status := reflect.TypeFor[BlockStatus]()
	for field := range status.Fields() {
		switch field.Name {
		case "UUID":
		case "Size", "Used", "Unused":
			if field.Type.Kind() != reflect.Int {
				t.Errorf("%s is a %v", field.Name, field.Type)
			}
		default:
			t.Errorf("there is a %s, of type %v", field.Name, field.Type)
		}
	}
}
