package psrd

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"slices"
	"strconv"

	"github.com/google/uuid"
)

// Fragment names a run of bytes in a block. It is what nodes tell each other and holds no secret,
// so it may be logged.
type Fragment struct {
	Block uuid.UUID `json:"block_uuid"`
	Start int       `json:"start"` // of the first byte, counted from 0
	Size  int       `json:"size"`  // bytes
}

// String returns the form in which a signature header names the fragment: BLOCK_UUID:START:SIZE.
func (f Fragment) String() string { return string(f.Append(nil)) }

// Append appends what String returns.
func (f Fragment) Append(text []byte) []byte {
	text = AppendUUID(text, f.Block)
	text = strconv.AppendInt(append(text, ':'), int64(f.Start), 10)
	return strconv.AppendInt(append(text, ':'), int64(f.Size), 10)
}

// AppendUUID appends a UUID in its form with 36 characters. [uuid.UUID.String] would need memory
// for each.
func AppendUUID(text []byte, id uuid.UUID) []byte {
	for i, part := range [][]byte{id[:4], id[4:6], id[6:8], id[8:10], id[10:]} {
		if i > 0 {
			text = append(text, '-')
		}
		text = hex.AppendEncode(text, part)
	}
	return text
}

// end is the position after the last byte, for a fragment that is known to be in range.
func (f Fragment) end() int { return f.Start + f.Size }

// checkDisjoint returns an [ErrOverlap] if two of the fragments share a byte. The fragments are
// known to be in range.
func checkDisjoint(fragments []Fragment) error {
	if len(fragments) < 2 {
		return nil
	}
	sorted := slices.Clone(fragments)
	slices.SortFunc(sorted, func(a, b Fragment) int {
		return cmp.Or(bytes.Compare(a.Block[:], b.Block[:]), cmp.Compare(a.Start, b.Start))
	})
	for i, f := range sorted[1:] {
		before := sorted[i]
		if f.Block == before.Block && f.Start < before.end() {
			return &FragmentError{f, ErrOverlap}
		}
	}
	return nil
}
