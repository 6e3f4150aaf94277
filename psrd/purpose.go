package psrd

// Purpose says what the bytes of a pool, and of each of its blocks, are for.
type Purpose string

// The purposes.
const (
	ForAll  Purpose = ""    // pads and signing keys alike
	ForPads Purpose = "pad" // one-time pads, which hide secrets
	ForKeys Purpose = "key" // signing keys, which authenticate messages

	// ForMarks is for keys that authenticate messages about marks, where these go in band. It is
	// used like ForKeys, in separate blocks that are in no pool of an association.
	ForMarks Purpose = "mark"
)

// SlotSize is the size in bytes of a slot. A pool for keys handles one slot at a time: a single
// fragment whose start is a multiple of SlotSize.
const SlotSize = 32

// isSlot reports whether f has the size and alignment of a slot.
func (f Fragment) isSlot() bool { return f.Size == SlotSize && f.Start >= 0 && f.Start%SlotSize == 0 }

// checkForm returns an [ErrNotSlot] if the pool is for keys and the fragments are not one slot.
func (p *Pool) checkForm(fragments []Fragment) error {
	if p.purpose != ForKeys || len(fragments) == 1 && fragments[0].isSlot() {
		return nil
	}
	for _, f := range fragments {
		if !f.isSlot() {
			return &FragmentError{f, ErrNotSlot}
		}
	}
	return ErrNotSlot
}

// fits reports whether the pool can have a block of size bytes.
func (p *Pool) fits(size int) bool { return p.purpose != ForKeys || size%SlotSize == 0 }
