package store

import (
	"errors"
	"fmt"
)

// The reasons why a directory cannot be opened, besides [ErrLocked] and errors of the file system.
// The directory is then unchanged.
var (
	ErrDamaged = errors.New("damaged")
	ErrForeign = errors.New("belongs to another node")
	ErrNewer   = errors.New("was written by a newer version")
)

// The reasons why a record is not stored. ErrStorage comes with the error of the file system.
var (
	ErrStorage = errors.New("storage failed")
	ErrClosed  = errors.New("store is closed")
)

func damaged(name, format string, args ...any) error {
	return fmt.Errorf("%s is %w: %s", name, ErrDamaged, fmt.Sprintf(format, args...))
}
