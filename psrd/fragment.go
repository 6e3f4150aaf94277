package psrd

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"slices"
	"strconv"

	"github.com/google/uuid"
)

// Fragment identifies a range of bytes in a block. Nodes exchange fragments. A fragment contains no
// secret, so it may be logged.
type Fragment struct {
	Block uuid.UUID `json:"block_uuid"`
	Start int       `json:"start"` // position of the first byte, counted from 0
	Size  int       `json:"size"`  // bytes
}

// String returns the form of the fragment in a signature header: BLOCK_UUID:START:SIZE.
func (f Fragment) String() string { return string(f.Append(nil)) }

// Append appends the result of String to text.
func (f Fragment) Append(text []byte) []byte {
	text = AppendUUID(text, f.Block)
	text = strconv.AppendInt(append(text, ':'), int64(f.Start), 10)
	return strconv.AppendInt(append(text, ':'), int64(f.Size), 10)
}

// AppendUUID appends the 36-character form of a UUID to text. It needs no string, as
// [uuid.UUID.String] does.
func AppendUUID(text []byte, id uuid.UUID) []byte {
	const form = "00000000-0000-0000-0000-000000000000"
	text = append(text, form...)
	digits := text[len(text)-len(form):]
	hex.Encode(digits, id[:4])
	hex.Encode(digits[9:], id[4:6])
	hex.Encode(digits[14:], id[6:8])
	hex.Encode(digits[19:], id[8:10])
	hex.Encode(digits[24:], id[10:])
	return text
}

// end is the position after the last byte, for a fragment in range.
func (f Fragment) end() int { return f.Start + f.Size }

// checkDisjoint returns an [ErrOverlap] if two of the fragments share a byte. All fragments must be
// in range.
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
