package store

import (
	"errors"
	"fmt"
)

// The reasons why a directory cannot be opened, beside [ErrLocked] and what the file system says.
// Nothing in it was changed.
var (
	ErrDamaged = errors.New("damaged")
	ErrForeign = errors.New("belongs to another node")
	ErrNewer   = errors.New("was written by a newer version")
)

// The reasons why a record is not kept. ErrStorage comes with what the file system said.
var (
	ErrStorage = errors.New("storage failed")
	ErrClosed  = errors.New("store is closed")
)

func damaged(name, format string, args ...any) error {
	return fmt.Errorf("%s is %w: %s", name, ErrDamaged, fmt.Sprintf(format, args...))
}
