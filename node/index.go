package node

import (
	"hash/maphash"
	"math/bits"
)

// Index finds the members of a list by their names. Other than a map it holds neither the names nor
// pointers: one of a million names takes 16 MB, and the garbage collector does not look at it. It
// is safe for concurrent use once it is complete.
type Index struct {
	seed  maphash.Seed
	slots []uint64 // half of a hash, and 1 + the index in the list; 0: free; at least half of them are
	is    func(name string, i int) bool
}

// NewIndex returns an empty index for at most size names. Is reports whether a name is one of those
// of the i-th member of the list.
func NewIndex(size int, is func(name string, i int) bool) *Index {
	return &Index{seed: maphash.MakeSeed(), slots: make([]uint64, 1<<bits.Len(uint(2*size))), is: is}
}

// Add adds a name of the i-th member of the list, unless a member has the name already: then it
// returns the index of that one, and false.
func (x *Index) Add(name string, i int) (other int, ok bool) {
	slot, hash := x.find(name)
	if *slot != 0 {
		return indexIn(*slot), false
	}
	*slot = hash&^indexBits | uint64(i+1)
	return i, true
}

// Find returns the index in the list of the member that has a name, or -1.
func (x *Index) Find(name string) int {
	slot, _ := x.find(name)
	return indexIn(*slot)
}

// find returns the slot of a name, which is free if no member has the name, and its hash.
func (x *Index) find(name string) (slot *uint64, hash uint64) {
	hash = maphash.String(x.seed, name)
	for at := hash; ; at++ {
		slot = &x.slots[at%uint64(len(x.slots))]
		if *slot == 0 || (*slot^hash)&^indexBits == 0 && x.is(name, indexIn(*slot)) {
			return slot, hash
		}
	}
}

// indexBits is the part of a slot for the index.
const indexBits = 1<<32 - 1

func indexIn(slot uint64) int { return int(slot&indexBits) - 1 }
