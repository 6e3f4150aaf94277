package node

import (
	"fmt"
	"testing"
)

// An index finds every name of a list and no other, however full it is.
func TestIndex(t *testing.T) {
	for _, size := range []int{0, 1, 2, 3, 1000} {
		names := make([]string, size)
		x := NewIndex(size, func(name string, i int) bool { return names[i] == name })
		for i := range names {
			names[i] = fmt.Sprint("name", i)
			if _, ok := x.Add(names[i], i); !ok {
				t.Errorf("%q was there before it was added", names[i])
			}
		}
		for i, name := range names {
			if found := x.Find(name); found != i {
				t.Errorf("%q of %d is found at %d", name, size, found)
			}
			if other, ok := x.Add(name, size); ok || other != i {
				t.Errorf("%q of %d was added twice: %d, %v", name, size, other, ok)
			}
			if found := x.Find(name + "x"); found != -1 {
				t.Errorf("%qx of %d is found at %d", name, size, found)
			}
		}
		if found := x.Find(""); found != -1 {
			t.Errorf("no name of %d is found at %d", size, found)
		}
	}
}
