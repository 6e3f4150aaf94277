package psrd

import (
	"errors"
	"fmt"
)

// The reasons why an operation fails. An operation that fails has changed nothing.
var (
	ErrExhausted      = errors.New("out of pre-shared random data")
	ErrUnknownBlock   = errors.New("unknown block")
	ErrDuplicateBlock = errors.New("block is already in the pool")
	ErrOutOfRange     = errors.New("fragment out of range")
	ErrOverlap        = errors.New("fragments overlap")
	ErrUsed           = errors.New("already used")
	ErrNotOwned       = errors.New("pool belongs to the other side")
)

// ExhaustedError says how much was asked for and how much there was; it is an [ErrExhausted].
type ExhaustedError struct {
	Needed    int // bytes
	Available int // bytes
}

func (e *ExhaustedError) Error() string {
	return fmt.Sprintf("%v: %d bytes needed, %d available", ErrExhausted, e.Needed, e.Available)
}

func (e *ExhaustedError) Unwrap() error { return ErrExhausted }

// FragmentError says which fragment was refused and, in Err, for which of the reasons above.
type FragmentError struct {
	Fragment Fragment
	Err      error
}

func (e *FragmentError) Error() string { return fmt.Sprintf("fragment %v: %v", e.Fragment, e.Err) }

func (e *FragmentError) Unwrap() error { return e.Err }
