package psrd

import (
	"errors"
	"fmt"
)

// The reasons why an operation fails. An operation that fails changes nothing.
var (
	ErrExhausted      = errors.New("out of pre-shared random data")
	ErrUnknownBlock   = errors.New("unknown block")
	ErrDuplicateBlock = errors.New("block is already in the pool")
	ErrOutOfRange     = errors.New("fragment out of range")
	ErrOverlap        = errors.New("fragments overlap")
	ErrUsed           = errors.New("already used")
	ErrNotOpen        = errors.New("not open for use")
	ErrNotSlot        = errors.New("signing key is not one slot of 32 bytes")
	ErrNotOwned       = errors.New("pool belongs to the other side")
)

// ExhaustedError says how much was needed and how much was available. It wraps [ErrExhausted].
type ExhaustedError struct {
	Needed    int     // bytes
	Available int     // bytes
	Closed    int     // bytes above the limits of their blocks, which [Pool.Raise] makes available
	Purpose   Purpose // of the pool
}

func (e *ExhaustedError) Error() string {
	text := fmt.Sprintf("%v: %d bytes needed, %d available", ErrExhausted, e.Needed, e.Available)
	if e.Closed > 0 {
		text += fmt.Sprintf(", %d not open yet", e.Closed)
	}
	return text
}

func (e *ExhaustedError) Unwrap() error { return ErrExhausted }

// FragmentError says which fragment was refused and, in Err, which of the errors above is the
// reason.
type FragmentError struct {
	Fragment Fragment
	Err      error
}

func (e *FragmentError) Error() string { return fmt.Sprintf("fragment %v: %v", e.Fragment, e.Err) }

func (e *FragmentError) Unwrap() error { return e.Err }
