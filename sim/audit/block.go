package audit

import (
	"bytes"
	"slices"
)

// The purposes of bytes.
const (
	pad = "pad"
	key = "key"
)

// At every stride, chunkSize bytes of a block are compared with those of other blocks.
const (
	chunkSize = 16
	stride    = 256
)

type chunk [chunkSize]byte

// Block is a block as a hub gives it to a client.
type Block struct {
	UUID    string
	Client  string // such as client/carol
	Hub     string // such as hub/hank
	Owner   string // who chooses bytes from it: client or hub
	Purpose string // pad or key; none: both
	Data    []byte
}

func (b Block) owner() string {
	if b.Owner == "client" {
		return b.Client
	}
	return b.Hub
}

// block is a block and its uses. It has the data only if that can sign what a client gets.
type block struct {
	Block
	size     int
	chunks   []chunk
	sent     uses // by its owner
	accepted uses // by the other side
	isDoomed bool
}

func newBlock(b Block) *block {
	known := &block{Block: b, size: len(b.Data)}
	for at := 0; at+chunkSize <= len(b.Data); at += stride {
		known.chunks = append(known.chunks, chunk(b.Data[at:]))
	}
	known.Data = nil
	if b.Owner == "hub" && b.Purpose != pad {
		known.Data = bytes.Clone(b.Data)
	}
	return known
}

// use is a run of bytes that one message uses.
type use struct {
	start, end int
	isPad      bool // otherwise a signing key
	message    identity
	answer     identity // the answer to an accepted request
}

func (u use) purpose() string {
	if u.isPad {
		return pad
	}
	return key
}

// uses has the uses of a block, by their start. Runs do not overlap, unless there was a violation.
type uses struct {
	list []use
	size int // total, in bytes
}

// at returns the index of the first use that starts at or after a byte.
func (s *uses) at(start int) int {
	switch last := len(s.list) - 1; { // it is usually the last one, or after it
	case last < 0 || s.list[last].start < start:
		return last + 1
	case last == 0 || s.list[last-1].start < start:
		return last
	}
	i, _ := slices.BinarySearchFunc(s.list, start, func(u use, start int) int { return u.start - start })
	return i
}

// add adds a use, unless it is there, and reports whether a byte of it also serves something else.
func (s *uses) add(u use) (overlaps bool) {
	i := s.at(u.start)
	if _, again := s.findFrom(i, u); again {
		return false
	}
	overlaps = i < len(s.list) && s.list[i].start < u.end || i > 0 && s.list[i-1].end > u.start
	s.list = slices.Insert(s.list, i, u)
	s.size += u.end - u.start
	return overlaps
}

// find returns the use of the same bytes by the same message for the same purpose.
func (s *uses) find(u use) (use, bool) { return s.findFrom(s.at(u.start), u) }

// findFrom is find, given the index of the first use that starts there or later.
func (s *uses) findFrom(i int, u use) (use, bool) {
	for ; i < len(s.list) && s.list[i].start == u.start; i++ {
		if v := s.list[i]; v.message == u.message && v.end == u.end && v.isPad == u.isPad {
			return v, true
		}
	}
	return use{}, false
}
