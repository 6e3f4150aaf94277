package psrd

import (
	"encoding/binary"
	"math"
	"testing"
)

// FuzzTake takes two messages from a pool, and then the first one again. Of the blocks that a
// message can name, 0 has 100 bytes of which bytes 10 to 19 are used, 1 has 70 bytes, 2 is used up
// and 3 has never existed.
func FuzzTake(f *testing.F) {
	for _, seed := range [][2][]Fragment{
		{{}, {}},
		{{at(1, 5, 5), at(1, 0, 5)}, {at(1, 10, 60)}},                            // right, adjacent
		{{at(0, 0, 10)}, {at(0, 20, 80)}},                                        // right
		{{at(0, 0, 10), at(0, 20, 80)}, {at(0, 0, 1)}},                           // uses a block up, then names it
		{{at(1, 0, 32)}, {at(1, 0, 32)}},                                         // replayed
		{{at(1, 0, 32)}, {at(1, 31, 32)}},                                        // partly replayed
		{{at(1, 5, 0)}, {at(1, 70, 0)}},                                          // zero
		{{at(1, -1, 2)}, {at(1, 5, -1)}},                                         // negative
		{{at(1, math.MinInt, 1)}, {at(1, 0, math.MinInt)}},                       // very negative
		{{at(1, math.MaxInt, 1)}, {at(1, 1, math.MaxInt)}},                       // overflowing
		{{at(1, math.MaxInt, math.MaxInt)}, {at(1, math.MinInt+9, math.MinInt)}}, // overflowing
		{{at(1, 69, 2)}, {at(1, 70, 1)}},                                         // too long by one
		{{at(1, 5, 10), at(1, 14, 10)}, {at(1, 14, 10), at(1, 5, 10)}},           // overlapping
		{{at(1, 5, 10), at(0, 5, 1), at(1, 5, 10)}, {at(1, 5, 10)}},              // repeated
		{{at(1, 5, 10), at(3, 0, 1)}, {at(3, 0, 1)}},                             // unknown block
		{{at(1, 5, 10), at(2, 0, 1)}, {at(2, -1, 0)}},                            // retired block
		{{at(1, 5, 10), at(0, 19, 1)}, {at(0, 0, 100)}},                          // used
	} {
		f.Add(encode(seed[0]), encode(seed[1]))
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		p, l := newPool(t, false, 100, 70, 5), newLedger()
		for _, b := range p.blocks {
			l.add(b.id, b.data)
		}
		l.take(t, p, []Fragment{at(0, 10, 10), at(2, 0, 5)})
		for _, message := range [][]byte{first, second, first} {
			l.take(t, p, decode(message))
			l.check(t, p)
		}
	})
}

// encode returns fragments as the numbers of their blocks, their starts and their sizes.
func encode(fragments []Fragment) []byte {
	var data []byte
	for _, f := range fragments {
		data = append(data, f.Block[15])
		data = binary.AppendVarint(data, int64(f.Start))
		data = binary.AppendVarint(data, int64(f.Size))
	}
	return data
}

// decode undoes encode. It accepts any data, up to a length that keeps the test quick.
func decode(data []byte) []Fragment {
	var fragments []Fragment
	for len(data) > 0 && len(fragments) < 50 {
		f := Fragment{Block: id(int(data[0] % 4))}
		data = data[1:]
		for _, number := range []*int{&f.Start, &f.Size} {
			value, n := binary.Varint(data)
			*number = int(value)
			data = data[max(n, 0):]
		}
		fragments = append(fragments, f)
	}
	return fragments
}
