package psrd

// Purpose says what the bytes of a pool, and of each of its blocks, are for.
type Purpose string

// The purposes.
const (
	ForAll  Purpose = ""    // pads and signing keys alike
	ForPads Purpose = "pad" // what hides a secret
	ForKeys Purpose = "key" // what authenticates a message

	// ForMarks is what authenticates what is said of marks, where that goes in band. It is used
	// like ForKeys, in blocks of its own and out of no pool of an association.
	ForMarks Purpose = "mark"
)

// SlotSize is the number of bytes that a pool for keys gives and takes: one slot at a time, a
// single fragment whose start is a multiple of it.
const SlotSize = 32

// isSlot reports whether f has the form of a slot, wherever it is.
func (f Fragment) isSlot() bool { return f.Size == SlotSize && f.Start >= 0 && f.Start%SlotSize == 0 }

// checkForm returns an [ErrNotSlot] if the pool is for keys and the fragments are anything but one
// slot.
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

// fits reports whether the pool has allocations, and blocks, of a number of bytes.
func (p *Pool) fits(size int) bool { return p.purpose != ForKeys || size%SlotSize == 0 }
