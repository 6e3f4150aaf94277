package psrd

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestLeak(t *testing.T) {
	p := newPool(t, false, 100, 70, 10)
	must(t)(p.Take([]Fragment{at(0, 0, 3), at(0, 60, 10), at(0, 99, 1), at(2, 0, 10)}))
	first := content(0, 100)
	clear(first[:3])
	clear(first[60:70])
	first[99] = 0
	want := []LeakedBlock{
		{id(0), first, []Fragment{at(0, 0, 3), at(0, 60, 10), at(0, 99, 1)}},
		{id(1), content(1, 70), nil},
	}
	before := stateOf(p)
	got := p.Leak()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("leaked %#v, want %#v", got, want)
	}
	clear(got[1].Data) // it is a copy
	unchanged(t, p, before)
}

// Bytes that are allocated are still there.
func TestLeakOfAllocatedBytes(t *testing.T) {
	p := newPool(t, true, 20)
	must(t)(mustAllocate(t, p, 5).Consume())
	mustAllocate(t, p, 5)
	data := content(0, 20)
	clear(data[:5])
	want := []LeakedBlock{{id(0), data, []Fragment{at(0, 0, 5)}}}
	if got := p.Leak(); !reflect.DeepEqual(got, want) {
		t.Errorf("leaked %v, want %v", got, want)
	}
}

func TestLeakIsNotPrinted(t *testing.T) {
	leak := LeakedBlock{UUID: id(1), Data: []byte("topsecret")}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		text := fmt.Sprintf(verb, leak)
		if strings.Contains(text, "top") || strings.Contains(text, "746f70") || !strings.Contains(text, "of 9 bytes") {
			t.Errorf("%s prints %s", verb, text)
		}
	}
}
