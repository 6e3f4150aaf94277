package its_test

import (
	"bytes"
	"errors"
	"testing"

	"dske/protocol/its"
)

// A slave's part is its own triple and the common elements. A hub's part is that of some slaves,
// from which the hub picks the part of one.
func TestPick(t *testing.T) {
	part := func(letters string) (value []byte) {
		for _, letter := range []byte(letters) {
			value = append(value, bytes.Repeat([]byte{letter}, its.ElementSize)...)
		}
		return value
	}
	whole := part("abcABCxyzst")
	for _, c := range []struct {
		chosen []int
		want   string
	}{
		{[]int{0}, "abcst"}, {[]int{1}, "ABCst"}, {[]int{2}, "xyzst"}, {[]int{0, 2}, "abcxyzst"}, {[]int{2, 0}, "xyzabcst"},
		{[]int{0, 1, 2}, "abcABCxyzst"},
	} {
		got, err := its.Pick(whole, 3, c.chosen...)
		if err != nil || !bytes.Equal(got, part(c.want)) {
			t.Errorf("slaves %v: got %q, %v, want %s", c.chosen, got, err, c.want)
		}
	}
	some, err := its.Pick(whole, 3, 2, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := its.Pick(some, 2, 1); err != nil || !bytes.Equal(got, part("abcst")) {
		t.Errorf("a hub picks %q, %v", got, err)
	}
	if !bytes.Equal(whole, part("abcABCxyzst")) {
		t.Error("Pick changed the share")
	}
}

func TestPickRefuses(t *testing.T) {
	value := make([]byte, its.ShareSize(16, 3))
	for _, c := range []struct {
		name   string
		value  []byte
		slaves int
		chosen []int
	}{
		{"no slaves", value, 0, []int{0}},
		{"negative slaves", value, -1, []int{0}},
		{"33 slaves", make([]byte, 33*48+16), 33, []int{0}},
		{"nobody chosen", value, 3, nil},
		{"slave -1", value, 3, []int{-1}},
		{"slave 3", value, 3, []int{0, 3}},
		{"slave 1 twice", value, 3, []int{1, 0, 1}},
		{"no room for a key", value[:144], 3, []int{0}},
		{"empty", nil, 1, []int{0}},
		{"half an element", value[:152], 3, []int{0}},
	} {
		if got, err := its.Pick(c.value, c.slaves, c.chosen...); !errors.Is(err, its.ErrShares) || got != nil {
			t.Errorf("%s: got %x, %v", c.name, got, err)
		}
	}
}

func FuzzPick(f *testing.F) {
	f.Add(make([]byte, 176), 3, []byte{0, 2})
	f.Add([]byte{}, 0, []byte{})
	f.Add(make([]byte, 64), 1, []byte{255})
	f.Fuzz(func(t *testing.T, value []byte, slaves int, list []byte) {
		var chosen []int
		for _, j := range list {
			chosen = append(chosen, int(int8(j)))
		}
		got, err := its.Pick(value, slaves, chosen...)
		if (got == nil) != (err != nil) || err == nil && len(got) != len(value)-48*(slaves-len(chosen)) {
			t.Errorf("got %d of %d bytes for %v of %d slaves, %v", len(got), len(value), chosen, slaves, err)
		}
	})
}
